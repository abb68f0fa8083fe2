-- The C interface of libsolgate (adapters/libsolgate/include/solgate.h), with Lua
-- values instead of pointers.

local ffi = require("ffi")

ffi.cdef([[
typedef struct solgate_gate solgate_gate;
typedef struct solgate_evaluation solgate_evaluation;
typedef struct { const char *data; size_t length; } solgate_text;
typedef struct { solgate_text name; solgate_text value; } solgate_field;
typedef struct {
  solgate_text method, target;
  const solgate_field *fields;
  size_t field_count;
  solgate_text body;
  bool body_complete;
  solgate_text source_address, caller;
} solgate_request;
typedef struct { solgate_text target; const solgate_field *fields; size_t field_count; } solgate_question;
typedef struct {
  uint16_t status;
  const solgate_field *fields;
  size_t field_count;
  solgate_text body;
} solgate_reply;
typedef struct {
  uint16_t status;
  const solgate_field *fields;
  size_t field_count;
  solgate_text body, decision;
} solgate_answer;

uint32_t solgate_abi_version(void);
solgate_gate *solgate_gate_new(const char *configuration, size_t length, char *error, size_t error_size);
size_t solgate_gate_body_limit(const solgate_gate *gate);
solgate_evaluation *solgate_evaluation_new(const solgate_gate *gate, const solgate_request *request);
solgate_evaluation *solgate_evaluation_refused(
  const solgate_gate *gate, uint16_t status, uint64_t limit, solgate_text target);
void solgate_evaluation_free(solgate_evaluation *evaluation);
int32_t solgate_evaluate(solgate_evaluation *evaluation);
size_t solgate_question_count(const solgate_evaluation *evaluation);
bool solgate_question_get(const solgate_evaluation *evaluation, size_t index, solgate_question *question);
bool solgate_supply(solgate_evaluation *evaluation, size_t index, const solgate_reply *reply);
bool solgate_answer_get(const solgate_evaluation *evaluation, solgate_answer *answer);
]])

local ABI_VERSION = 1

local _M = {}

-- Loaded once in a worker, and never unloaded.
local library

-- What a C call reads. LuaJIT may collect what Lua itself has no use for any more.
local lent

local function text(bytes)
  return ffi.new("solgate_text", bytes, #bytes)
end

local function lua(lent)
  return ffi.string(lent.data, lent.length)
end

-- Fields as C reads them, from a table with lists for repeated ones; how many; and
-- the texts, which must be kept as long.
local function lend_fields(fields)
  local texts = {}
  for name, value in pairs(fields) do
    for _, one in ipairs(type(value) == "table" and value or { value }) do
      -- nginx gives Content-Length as a number.
      texts[#texts + 1] = { name, tostring(one) }
    end
  end
  local list = ffi.new("solgate_field[?]", #texts)
  for i, field in ipairs(texts) do
    list[i - 1].name = text(field[1])
    list[i - 1].value = text(field[2])
  end
  return list, #texts, texts
end

-- Fields in order, as pairs.
local function lua_fields(fields, count)
  local list = {}
  for i = 0, tonumber(count) - 1 do
    list[i + 1] = { lua(fields[i].name), lua(fields[i].value) }
  end
  return list
end

-- A gate; throws the reason if there is none. It lives as long as the worker.
function _M.open(options)
  library = library or ffi.load(options.library)
  local version = library.solgate_abi_version()
  if version ~= ABI_VERSION then
    error("libsolgate has interface " .. version .. ", and this module knows " .. ABI_VERSION, 0)
  end
  local configuration = options.configuration or ""
  if options.file then
    local file = assert(io.open(options.file, "rb"))
    configuration = file:read("*a")
    file:close()
  end
  local reason = ffi.new("char[1024]")
  local gate = library.solgate_gate_new(configuration, #configuration, reason, 1024)
  if gate == nil then
    error(ffi.string(reason), 0)
  end
  return gate
end

function _M.body_limit(gate)
  return tonumber(library.solgate_gate_body_limit(gate))
end

local function owned(evaluation)
  if evaluation == nil then
    error("libsolgate gave no evaluation", 0)
  end
  return ffi.gc(evaluation, library.solgate_evaluation_free)
end

-- Begins to judge a request.
function _M.evaluation(gate, request)
  local fields, count, texts = lend_fields(request.fields)
  lent = { request, fields, texts }
  local given = ffi.new("solgate_request", {
    method = text(request.method),
    target = text(request.target),
    fields = fields,
    field_count = count,
    body = text(request.body),
    body_complete = request.complete,
    source_address = text(request.address or ""),
    caller = text(request.caller or ""),
  })
  local evaluation = library.solgate_evaluation_new(gate, given)
  lent = nil
  return owned(evaluation)
end

-- The answer to a request that the server itself refuses.
function _M.refused(gate, status, limit, target)
  lent = target
  local evaluation = library.solgate_evaluation_refused(gate, status, limit, text(target))
  lent = nil
  return _M.answer(owned(evaluation))
end

function _M.evaluate(evaluation)
  return library.solgate_evaluate(evaluation)
end

-- What the VNFM is to be asked: a list of { target, fields }.
function _M.questions(evaluation)
  local question = ffi.new("solgate_question")
  local list = {}
  for i = 0, tonumber(library.solgate_question_count(evaluation)) - 1 do
    if library.solgate_question_get(evaluation, i, question) then
      list[i + 1] = { target = lua(question.target), fields = lua_fields(question.fields, question.field_count) }
    end
  end
  return list
end

-- Supplies a reply; `fields` has lists for repeated ones.
function _M.supply(evaluation, index, status, fields, body)
  local given, count, texts = lend_fields(fields)
  lent = { given, texts, body }
  local reply = ffi.new("solgate_reply", { status = status, fields = given, field_count = count, body = text(body) })
  local taken = library.solgate_supply(evaluation, index, reply)
  lent = nil
  return taken
end

-- What becomes of the request: { status, fields, body, decision }.
function _M.answer(evaluation)
  local answer = ffi.new("solgate_answer")
  if not library.solgate_answer_get(evaluation, answer) then
    error("libsolgate has no answer", 0)
  end
  return {
    status = answer.status,
    fields = lua_fields(answer.fields, answer.field_count),
    body = lua(answer.body),
    decision = lua(answer.decision),
  }
end

return _M
