-- Asks `solgate forward-auth` about each request before HAProxy forwards it.
--
--   setenv SOLGATE_FORWARD_AUTH http://127.0.0.1:9192/
--   lua-load solgate.lua
--   http-request lua.solgate
--
-- It sends a copy of the request, body included. The answer 200 lets the request
-- pass; any other becomes the client's. Without an answer nothing passes.

-- HAProxy 2.6 hands no arguments to a script.
local url = os.getenv("SOLGATE_FORWARD_AUTH") or "http://127.0.0.1:9192/"

-- Fields of the copy that are made anew, so that they cannot be the client's.
local REPLACED = {
    ["host"] = true,
    ["content-length"] = true,
    ["transfer-encoding"] = true,
    ["expect"] = true,
    ["x-forwarded-for"] = true,
    ["x-forwarded-host"] = true,
    ["x-forwarded-method"] = true,
    ["x-forwarded-proto"] = true,
    ["x-forwarded-uri"] = true,
    ["x-original-content-length"] = true,
}

-- Says that an answer is the gate's. HAProxy makes one itself if it gets none.
local VERDICT = "solgate-verdict"

-- Fields of the answer that are not for the client.
local DROPPED = {
    ["connection"] = true,
    ["content-length"] = true,
    ["date"] = true,
    ["transfer-encoding"] = true,
    [VERDICT] = true,
}

local UNAVAILABLE = [[{"title":"Gate is not reachable","status":503,"detail":"]]
    .. [[The service that judges requests did not answer; the request was not forwarded. Try again later.",]]
    .. [["violations":[{"rule":"gate.unavailable","detail":"The service that judges requests did not answer."}]}]]

local TRUNCATED = [[{"title":"Request body did not reach the gate","status":500,"detail":"]]
    .. [[The server in front of the gate holds less of a body than the policy judges; its tune.bufsize must be larger.",]]
    .. [["violations":[{"rule":"gate.body-cut","detail":"The body does not fit into the server's buffer."}]}]]

-- All values of all fields. HAProxy counts them from 0.
local function copy(fields, left_out)
    local copied = {}
    for name, values in pairs(fields) do
        if not left_out[name] then
            local list = {}
            for index = 0, #values do
                list[#list + 1] = values[index]
            end
            copied[name] = list
        end
    end
    return copied
end

local function first(fields, name)
    return fields[name] and fields[name][0]
end

local function answer(txn, status, fields, body)
    local reply = txn:reply({ status = status })
    for name, values in pairs(fields) do
        for _, value in ipairs(values) do
            reply:add_header(name, value)
        end
    end
    if txn.sf:method() ~= "HEAD" then
        reply:set_body(body)
    end
    txn:done(reply)
end

local function problem(txn, status, body)
    answer(txn, status, { ["content-type"] = { "application/problem+json" }, ["retry-after"] = { "5" } }, body)
end

core.register_action("solgate", { "http-req" }, function(txn)
    local fields = txn.http:req_get_headers()
    local body = txn.sf:req_body() or ""
    local length = first(fields, "content-length")
    -- A body in chunks does not say whether it is whole; a full buffer does.
    if not length and txn.req:is_full() then
        return problem(txn, 500, TRUNCATED)
    end
    local copied = copy(fields, REPLACED)
    copied["host"] = { (url:match("^https?://([^/]+)")) }
    copied["x-forwarded-for"] = { txn.sf:src() }
    copied["x-forwarded-method"] = { txn.sf:method() }
    copied["x-forwarded-uri"] = { txn.sf:url() }
    copied["x-forwarded-host"] = { first(fields, "host") or "" }
    if length then
        copied["x-original-content-length"] = { length }
    end
    local verdict = core.httpclient():post({ url = url, headers = copied, body = body })
    if not verdict or not verdict.headers or not verdict.headers[VERDICT] then
        return problem(txn, 503, UNAVAILABLE)
    end
    if verdict.status ~= 200 then
        answer(txn, verdict.status, copy(verdict.headers, DROPPED), verdict.body or "")
    end
end, 0)
