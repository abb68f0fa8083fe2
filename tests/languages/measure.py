#!/usr/bin/env python3
"""What policies cost, as a table in Markdown: tests/languages/measure.py FILE.wasm...

SOLGATE_KEEP_POLICIES=target/languages/policies make test-languages leaves those of the
templates in that folder.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SOLGATE = pathlib.Path(__file__).parents[2] / "target/release/solgate"


def run(cache, *arguments):
    """Seconds, seconds of the processor, most memory in MB, and what was printed."""
    begun = time.monotonic()
    environment = {**os.environ, "SOLGATE_CACHE_DIR": cache}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([SOLGATE, *arguments], env=environment, stdout=output, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status):
            sys.exit(f"solgate {arguments} failed")
        output.seek(0)
        printed = output.read()
    return time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000, printed


def measure(file):
    with tempfile.TemporaryDirectory() as cache:
        _, processor, peak, _ = run(cache, "inspect", file)
        cached = sum(entry.stat().st_size for entry in pathlib.Path(cache).iterdir())
        loaded, _, memory, _ = min(run(cache, "inspect", file) for _ in range(5))
        figures = json.loads(run(cache, "bench", file, "--rounds", "200", "--format", "json")[3])
    times = sorted(case["milliseconds"] for case in figures["cases"])
    most = max(case["memoryBytes"] or 0 for case in figures["cases"])
    return [
        pathlib.Path(file).stem,
        f"{os.path.getsize(file) / 1e6:.2f} MB",
        f"{processor:.1f} s, {peak:.0f} MB",
        f"{cached / 1e6:.1f} MB",
        f"{loaded:.2f} s, {memory:.0f} MB",
        f"{times[len(times) // 2]:.2f} ms",
        f"{most / 2**20:.1f} MiB",
    ]


def main(files):
    head = ["policy", "file", "compiling: processor, memory", "in the cache", "loading from there", "a request", "its memory"]
    print("|", " | ".join(head), "|")
    print("|---" * len(head) + "|")
    for file in files:
        print("|", " | ".join(measure(file)), "|", flush=True)


main(sys.argv[1:])
