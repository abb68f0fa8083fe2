#!/usr/bin/env bash
# rsyslog 8.2302.0 (Debian, rsyslog=8.2302.0-1+deb12u2 or newer of the same): of a long line that it
# reads from a file the rest is gone, of the same line over TCP the rest is a message of its own.
#
# Guess: `maxMessageSize` (8 KiB if nothing is said) and `oversizemsg.input.mode` (truncate if
# nothing is said) hold for every input; whoever sees one cut line knows what becomes of others.
# Seen: a line of JSON with 9 KB becomes one message with imfile, without its end. With imtcp it
# becomes two: the first ends in the middle of a text, the second begins there and is
# parsed as if it had a head. Neither is JSON. The next line is right in both.
# Source: the output below; rsyslog's manual has the setting under "Global" for all inputs.
# Why it matters here: a decision record with facts and a body is easily longer than 8 KiB, and
# a record that is cut cannot be replayed; what counts lines counts one too many over TCP.
# With `maxMessageSize` above the longest record both inputs hand it on whole (checked below,
# docs/operating.md).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
case $(PATH=$PATH:/usr/sbin rsyslogd -v 2>/dev/null) in
    rsyslogd*" 8.2302."*) ;;
    *) echo "this is about rsyslog 8.2302: apt-get install rsyslog" >&2; exit 2 ;;
esac
PATH=$PATH:/usr/sbin python3 - <<'PYTHON'
import json
import socket
import subprocess
import time
from pathlib import Path

RECORD = json.dumps({"rule": "scale.aspect", "body": "x" * 9000, "verdict": "deny"})
NEXT = json.dumps({"rule": None, "verdict": "allow"})


def is_json(line):
    try:
        return bool(json.loads(line))
    except ValueError:
        return False


def received(setting):
    folder = Path(setting or "default")
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    at = folder.resolve()
    (at / "read").write_text(f"{RECORD}\n{NEXT}\n")
    (at / "conf").write_text(f"""
        global(workDirectory="{at}" {f'maxMessageSize="{setting}"' if setting else ""})
        module(load="imtcp")
        module(load="imfile")
        template(name="line" type="string" string="%msg%\\n")
        input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="tcp")
        input(type="imfile" file="{at}/read" tag="gate:" ruleset="file")
        ruleset(name="tcp") {{ action(type="omfile" file="{at}/tcp" template="line") }}
        ruleset(name="file") {{ action(type="omfile" file="{at}/file" template="line") }}
    """)
    server = subprocess.Popen(["rsyslogd", "-n", "-f", at / "conf", "-i", at / "pid"])
    try:
        for attempt in range(100):
            try:
                with socket.create_connection(("127.0.0.1", port)) as stream:
                    for line in (RECORD, NEXT):
                        stream.sendall(f"<14>1 2026-11-30T12:00:00Z host gate - - - {line}\n".encode())
                break
            except ConnectionError:
                time.sleep(0.1)
        files = [at / "file", at / "tcp"]
        for attempt in range(100):
            if all(file.exists() and NEXT in file.read_text() for file in files):
                break
            time.sleep(0.1)
    finally:
        server.terminate()
        server.wait()
    return [[is_json(line) for line in file.read_text().splitlines()] for file in files]


as_it_is, larger = received(""), received("64k")
print(f"which lines are JSON: from a file {as_it_is[0]}, over TCP {as_it_is[1]}; with 64k {larger}")
assert as_it_is == [[False, True], [False, False, True]], "the behaviour has changed"
assert larger == [[True, True], [True, True]], "a larger maxMessageSize does not help any more"
PYTHON
