-- Asks `solgate forward-auth` about each request before HAProxy forwards it.
--
--   setenv SOLGATE_FORWARD_AUTH http://127.0.0.1:9192/
--   lua-load solgate.lua
--   http-request lua.solgate
--   http-request deny unless { var(txn.solgate) -m str pass }
--
-- It sends a copy of the request, body included. The answer 200 lets the request
-- pass; any other becomes the client's. Without an answer nothing passes.
--
-- HAProxy goes on with a request whose script has failed or run out of memory or
-- time. Hence the second rule: only this script can set that variable.

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

local FIELD_VALUE = [[{"title":"Field value is malformed","status":400,"detail":"]]
    .. [[The value of a header field holds control characters; remove them.",]]
    .. [["violations":[{"rule":"transport.field.value","detail":"A field value holds control characters."}]}]]

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

-- HAProxy takes such values. The gate, asked over HTTP, could not be told of them.
local function has_control_characters(fields)
    for _, values in pairs(fields) do
        for index = 0, #values do
            if values[index]:find("[\0-\8\10-\31\127]") then
                return true
            end
        end
    end
    return false
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
    local fields = { ["content-type"] = { "application/problem+json" } }
    if status == 503 then
        fields["retry-after"] = { "5" }
    end
    answer(txn, status, fields, body)
end

-- The target as the VNFM gets it. HAProxy makes an absolute one of HTTP/2's.
local function target(txn)
    if txn.sf:req_ver() == "2.0" then
        return txn.sf:pathq()
    end
    return txn.sf:url()
end

core.register_action("solgate", { "http-req" }, function(txn)
    local fields = txn.http:req_get_headers()
    local body = txn.sf:req_body() or ""
    if has_control_characters(fields) then
        return problem(txn, 400, FIELD_VALUE)
    end
    local length = first(fields, "content-length")
    -- A body in chunks does not say whether it is whole. It is cut if there is no room
    -- for more of it (is_full() counts the room of tune.maxrewrite in, which no body
    -- gets), or more of its last chunk is to come. Then the gate is told that there is more.
    if not length and (not txn.req:may_recv() or tonumber(txn.sf:req_body_size()) > #body) then
        length = tostring(#body + 1)
    end
    local copied = copy(fields, REPLACED)
    copied["host"] = { (url:match("^https?://([^/]+)")) }
    copied["x-forwarded-for"] = { txn.sf:src() }
    copied["x-forwarded-method"] = { txn.sf:method() }
    copied["x-forwarded-uri"] = { target(txn) }
    copied["x-forwarded-host"] = { first(fields, "host") or "" }
    if length then
        copied["x-original-content-length"] = { length }
    end
    local verdict = core.httpclient():post({ url = url, headers = copied, body = body })
    if not verdict or not verdict.headers or not verdict.headers[VERDICT] then
        return problem(txn, 503, UNAVAILABLE)
    end
    if verdict.status ~= 200 then
        return answer(txn, verdict.status, copy(verdict.headers, DROPPED), verdict.body or "")
    end
    txn:set_var("txn.solgate", "pass")
end, 0)
