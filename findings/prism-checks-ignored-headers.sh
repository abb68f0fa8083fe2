#!/usr/bin/env bash
# Prism 5.16.0 (npm @stoplight/prism-cli): parameters named Accept and Content-Type are checked, and
# requests that the description allows are refused for them.
#
# Guess: OpenAPI says that a header parameter with one of the names Accept, Content-Type and
# Authorization is ignored: the media types of `content` say what a client may send and ask for.
# Seen: Prism refuses a GET without Accept for a parameter that is ignored, and a POST with
# `application/json; charset=utf-8` because the ignored parameter lists `application/json`; that
# media type is the one of `content`. Without the two parameters both requests pass.
# Source: OpenAPI Specification 3.0.2, "Parameter Object", name; the output below.
# Why it matters here: ETSI's descriptions require Accept in this way. Solgate only warns of its
# absence unless the option `strict` is set (header.accept.required), and ignores parameters of
# the media type. A client that is written against a mock of the description is told more
# than that, and a mock that refuses is no proof that a VNFM or a gate will.
set -euo pipefail
case $(node --version) in v2[0-9].*) ;; *) echo "this needs Node 20 or later" >&2; exit 2 ;; esac
folder=$(mktemp -d)
server=
trap 'test -z "$server" || { kill "$server"; wait "$server" || true; }; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --ignore-scripts --no-audit --no-fund --prefix . @stoplight/prism-cli@5.16.0
describe() {
    cat <<YAML
openapi: 3.0.2
info: { title: small, version: 1.0.0 }
paths:
  /vnf_instances:
    get:
      parameters: [$1]
      responses:
        "200": { description: found, content: { application/json: { schema: { type: array, items: { type: object } } } } }
    post:
      parameters: [$2]
      requestBody:
        required: true
        content: { application/json: { schema: { type: object, required: [vnfdId] } } }
      responses:
        "201": { description: made, content: { application/json: { schema: { type: object } } } }
YAML
}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
at=http://127.0.0.1:$port/vnf_instances
statuses() {
    describe "$@" > described.yaml
    node node_modules/@stoplight/prism-cli/dist/index.js mock --host 127.0.0.1 --port "$port" described.yaml > log 2>&1 &
    server=$!
    curl --silent --output /dev/null --retry 60 --retry-delay 1 --retry-connrefused "$at"
    ask --header Accept: "$at"
    ask --header 'Content-Type: application/json; charset=utf-8' --data '{"vnfdId": "a"}' "$at"
    kill "$server"
    wait "$server" || true
    server=
}
ask() {
    curl --silent --max-time 20 --output /dev/null --write-out '%{http_code} ' "$@"
}
statuses "" "" > without
statuses "{ name: Accept, in: header, required: true, schema: { type: string } }" \
    "{ name: Content-Type, in: header, required: true, schema: { type: string, enum: [application/json] } }" > with
echo "GET without Accept, POST with charset: without the parameters $(< without), with them $(< with)"
[[ $(< without) == "200 201 " && $(< with) == "422 422 " ]] || { echo "the behaviour has changed" >&2; exit 1; }
