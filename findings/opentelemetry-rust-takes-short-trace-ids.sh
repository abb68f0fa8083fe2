#!/usr/bin/env bash
# opentelemetry_sdk 0.33.1 (crates.io) and opentelemetry-api 1.45.2 (PyPI): one traceparent, and two
# libraries of one project continue different traces.
#
# Guess: both follow W3C Trace Context: ids of 32 and 16 digits, nothing after the flags in
# version 00; a field that is otherwise is as if it had not been sent, and a new trace begins.
# Seen: Python does. Rust reads `00-1-1-1`, fills it up with zeros and sends it on as a
# proper one, and takes a dash at the end; it does refuse a word after it, and upper case.
# Source: W3C Trace Context, "traceparent Header Field Values"; the output below.
# Why it matters here: a gate stands between services whose senders cut or join such fields. It
# continues a trace that nobody before it and nobody after it has under that id. Solgate reads the
# field itself, by its length (host/gate/src/trace_context.rs).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check opentelemetry-api==1.45.2 >/dev/null
cargo init --quiet --vcs none --name finding .
cat >> Cargo.toml <<'TOML'
opentelemetry = { version = "0.33", default-features = false, features = ["trace"] }
opentelemetry_sdk = { version = "=0.33.1", default-features = false, features = ["trace"] }
TOML
cat > src/main.rs <<'RUST'
use std::collections::HashMap;

use opentelemetry::{Context, propagation::TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;

fn main() {
    let propagator = TraceContextPropagator::new();
    for field in std::env::args().skip(1) {
        let received = HashMap::from([("traceparent".to_owned(), field)]);
        let mut sent = HashMap::new();
        propagator.inject_context(&propagator.extract_with_context(&Context::new(), &received), &mut sent);
        println!("{}", sent.get("traceparent").map_or("none", String::as_str));
    }
}
RUST
cat > ask.py <<'PYTHON'
import sys

from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

propagator = TraceContextTextMapPropagator()
for field in sys.argv[1:]:
    sent = {}
    propagator.inject(sent, propagator.extract({"traceparent": field}))
    print(sent.get("traceparent", "none"))
PYTHON
right=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
upper=00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01
filled=00-00000000000000000000000000000001-0000000000000001-01
asked=("$right" 00-1-1-1 "$right-" "$right-more" "$upper")
mapfile -t rust < <(cargo run --quiet -- "${asked[@]}")
mapfile -t python < <(environment/bin/python ask.py "${asked[@]}")
for which in "${!asked[@]}"; do
    printf '%s\n    Rust sends on:   %s\n    Python sends on: %s\n' "${asked[which]}" "${rust[which]}" "${python[which]}"
done
[[ ${rust[*]} == "$right $filled $right none none" && ${python[*]} == "$right none none none none" ]] \
    || { echo "the behaviour has changed" >&2; exit 1; }
