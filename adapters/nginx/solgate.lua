-- Solgate in nginx and OpenResty: judges requests with libsolgate, in the worker
-- that has received them. docs/doors/nginx.md shows the configuration.
--
--   init_worker_by_lua_block { require("solgate").open("vnfm", {...}) }
--   access_by_lua_block      { require("solgate").judge("vnfm") }
--
-- The library does no I/O. What the VNFM must be asked is asked by nginx itself, in
-- subrequests, so that a worker never waits.

local abi = require("solgate_abi")

local ALLOW, DENY, NEED = 0, 1, 2

local _M = {}

-- By name: the gate, and the options with which it was opened.
local gates = {}

-- What is answered when there is not even a gate to word it. The text is that of
-- the gate's own fault `gate.internal`.
local NO_GATE = [[{"title":"Gate failed","status":500,]]
  .. [["detail":"The gate failed, and the request was not judged: there is no gate.",]]
  .. [["violations":[{"rule":"gate.internal",]]
  .. [["detail":"The gate failed, and the request was not judged: there is no gate."}]}]]

-- Opens a gate. Options:
--   library        path of libsolgate.so
--   configuration  text, see docs/doors/c.md; or
--   file           path of a file with it
--   facts          internal location that passes questions to the VNFM
--   caller         function that gives what nginx has verified about the caller, as
--                  JSON text, or nil
--   decision       name of an nginx variable that gets the decision, for the log
-- Called in init_worker_by_lua: threads do not survive the fork that makes a worker.
-- Without a gate each request is refused, so a failure here lets nothing through.
function _M.open(name, options)
  local ok, made = pcall(abi.open, options)
  if ok then
    gates[name] = { handle = made, options = options }
  else
    gates[name] = nil
    ngx.log(ngx.ERR, "solgate: there is no gate ", name, ", and all its requests are refused: ", made)
  end
end

-- The body, as far as the gate reads it, and whether that is all. nginx keeps a
-- large one in a file.
local function body(limit)
  ngx.req.read_body()
  local data = ngx.req.get_body_data()
  local path = not data and ngx.req.get_body_file()
  if path then
    local file = assert(io.open(path, "rb"))
    data = file:read(limit + 1)
    file:close()
  end
  data = data or ""
  if #data > limit then
    return data:sub(1, limit), false
  end
  return data, true
end

-- Puts questions to the VNFM, all at once, and supplies the replies; a status of 0 says
-- that there is none.
local function ask(evaluation, location)
  local asked, requests = {}, {}
  for i, question in ipairs(abi.questions(evaluation)) do
    asked[i] = { solgate_fields = question.fields }
    requests[i] = {
      location,
      { method = ngx.HTTP_GET, vars = { solgate_target = question.target }, ctx = asked[i] },
    }
  end
  local replies = { ngx.location.capture_multi(requests) }
  for i, reply in ipairs(replies) do
    if not asked[i].solgate_asked then
      -- Some other location has answered: its 404 would say that a resource is gone.
      error("the location " .. location .. " does not call question()", 0)
    end
    local status = reply.truncated and 0 or reply.status
    abi.supply(evaluation, i - 1, status, reply.header, reply.body)
  end
end

-- Judges the current request; returns what the library answers.
local function evaluate(gate, data, complete)
  local options = gate.options
  local evaluation = abi.evaluation(gate.handle, {
    method = ngx.req.get_method(),
    target = ngx.var.request_uri,
    -- All of them, in the form in which they are passed on.
    fields = ngx.req.get_headers(0, true),
    body = data,
    complete = complete,
    address = ngx.var.remote_addr,
    caller = options.caller and options.caller(),
  })
  local outcome = abi.evaluate(evaluation)
  while outcome == NEED do
    ask(evaluation, options.facts)
    outcome = abi.evaluate(evaluation)
  end
  return abi.answer(evaluation), outcome
end

local function log_decision(gate, answer)
  local variable = gate.options.decision
  if variable then
    ngx.var[variable] = answer.decision
  end
end

-- Fields by name, repeated ones as a list.
local function grouped(fields)
  local groups = {}
  for _, field in ipairs(fields) do
    local name, value = field[1], field[2]
    local have = groups[name]
    if not have then
      groups[name] = value
    elseif type(have) == "table" then
      have[#have + 1] = value
    else
      groups[name] = { have, value }
    end
  end
  return groups
end

local function set_fields(fields)
  for name, value in pairs(grouped(fields)) do
    ngx.header[name] = value
  end
end

local function send(answer)
  ngx.status = answer.status
  set_fields(answer.fields)
  ngx.header["Content-Length"] = #answer.body
  ngx.print(answer.body)
  return ngx.exit(ngx.HTTP_OK)
end

local function send_no_gate()
  return send({
    status = 500,
    fields = { { "Content-Type", "application/problem+json" } },
    body = NO_GATE,
  })
end

-- The answer when the gate could not be asked, or its questions not be put.
local function failed(gate, reason)
  ngx.log(ngx.ERR, "solgate: a request was not judged: ", reason)
  return abi.refused(gate.handle, 500, 0, ngx.var.request_uri or "")
end

-- Judges the request of an access phase: it goes on, or is answered here.
function _M.judge(name)
  local gate = gates[name]
  if not gate then
    return send_no_gate()
  end
  -- Outside of what follows: nginx ends a request whose body is too large here.
  local data, complete = body(abi.body_limit(gate.handle))
  local ok, answer, outcome = pcall(evaluate, gate, data, complete)
  if not ok then
    answer, outcome = failed(gate, answer), DENY
  end
  log_decision(gate, answer)
  if outcome ~= ALLOW then
    return send(answer)
  end
  -- Warnings, beside the fields of the VNFM's answer.
  set_fields(answer.fields)
end

-- What nginx refuses when it has read a whole head.
local HEAD_IS_READ = { [404] = true, [405] = true, [413] = true, [501] = true }

-- Answers, in content_by_lua of an error page, what nginx refuses itself. `limits`
-- has the bytes or seconds of the configuration by status.
function _M.refuse(name, limits)
  local status = ngx.status
  if ngx.is_subrequest then
    -- A question has failed, which the gate will answer.
    return ngx.exit(status)
  end
  local gate = gates[name]
  if not gate then
    return send_no_gate()
  end
  local answer, outcome
  if HEAD_IS_READ[status] then
    -- The gate can say what it would have said anyway.
    local ok
    ok, answer, outcome = pcall(evaluate, gate, "", false)
    outcome = ok and outcome
  end
  local limit = limits and limits[status] or 0
  -- The gate knows the limit of its policies. A lower one of nginx is what the body went beyond.
  local lower = status == 413 and limit > 0 and limit < abi.body_limit(gate.handle)
  if outcome ~= DENY or lower and answer.status == status then
    answer = abi.refused(gate.handle, status, limit, ngx.var.request_uri or "")
  end
  log_decision(gate, answer)
  return send(answer)
end

-- Gives a question its fields, in rewrite_by_lua of the location `facts`: a
-- subrequest inherits those of the client, of which only Host stays.
function _M.question()
  for name in pairs(ngx.req.get_headers(0, true)) do
    if name:lower() ~= "host" then
      ngx.req.clear_header(name)
    end
  end
  for name, value in pairs(grouped(ngx.ctx.solgate_fields)) do
    ngx.req.set_header(name, value)
  end
  ngx.ctx.solgate_asked = true
end

return _M
