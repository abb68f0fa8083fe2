#!/usr/bin/env bash
# HAProxy 2.6.12 (Debian, haproxy=2.6.12-1+deb12u3 or newer of the same): `errorfile 400` and
# `http-error status 400` do not replace the answer to a request that HAProxy cannot take.
#
# Guess: the answer 400 of HAProxy itself is the one that is configured for 400; its manual names
# 400 among the codes of both keywords, as "the request is invalid or too large".
# Seen: a valid request with more fields than HAProxy reads (101) gets the built-in HTML page,
# whichever keyword the configuration has, and whether in defaults or in the frontend. The
# 408 for a body that does not come is replaced; only the layer that reads heads is not asked.
# Source: the output below.
# Why it matters here: clients of SOL 003 expect ProblemDetails. The page for HAProxy said that
# all of its own answers were replaced; now it has a table of those that are not
# (docs/doors/haproxy.md).
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'test -z "$server" || { kill "$server"; wait "$server" || true; }; rm -rf "$folder"' EXIT
cd "$folder"
case $(haproxy -v) in
    *" version 2.6."*) ;;
    *) echo "this is about HAProxy 2.6: apt-get install haproxy" >&2; exit 2 ;;
esac
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
for status in 400 408; do
    printf 'HTTP/1.1 %s X\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n{"status": %s}' \
        "$status" "$status" > "$status.http"
done
cat > haproxy.cfg <<CFG
defaults
    mode http
    timeout client 2s
    timeout server 2s
    timeout connect 2s
    timeout http-request 1s
    option http-buffer-request
    errorfile 400 $folder/400.http
    errorfile 408 $folder/408.http
frontend all
    bind 127.0.0.1:$port
    errorfile 400 $folder/400.http
    http-error status 400 content-type application/problem+json string '{"status": 400}'
    http-request return status 204
CFG
haproxy -db -f haproxy.cfg &
server=$!
python3 - "$port" <<'PYTHON'
import socket
import sys
import time


def answer(request):
    for attempt in range(100):
        try:
            stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            break
        except ConnectionError:
            time.sleep(0.1)
    stream.sendall(request)
    received = b""
    while part := stream.recv(4096):
        received += part
    return received.decode()


fields = "".join(f"X-{number}: 1\r\n" for number in range(110))
many = answer(f"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
slow = answer(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
for text in (many, slow):
    print(text.splitlines()[0], "as", "ProblemDetails" if "problem+json" in text else "HTML")
assert many.startswith("HTTP/1.1 400") and "<html>" in many, "it is replaced now"
assert slow.startswith("HTTP/1.1 408") and "problem+json" in slow
PYTHON
