#!/usr/bin/env bash
# cel 0.15.0 (crates.io): two timestamps that are equal have different hours.
#
# Guess: a timestamp is an instant. Two that are `==` cannot be told apart, and `getHours()`
# without a time zone is in UTC, as the definition of the language says of all such functions.
# Seen: `timestamp('2026-12-01T00:30:00+01:00') == timestamp('2026-11-30T23:30:00Z')` is true,
# but getHours() is 0 for the first and 23 for the second, and getDate() 1 and 30: each is
# asked in the offset in which it was written. The same with 'UTC' as an argument is 23 for
# both, and string() writes both in UTC. cel-python 0.5.0 has 23 for both.
# Source: cel-spec, doc/langdef.md, the table of timestamp functions; the output below.
# Why it matters here: "no scaling at night" would depend on how the VNFM or the client happens
# to write startTime. In Solgate a timestamp is an instant and nothing else
# (guest/src/cel_env/time); whoever tries a rule with the crate by itself names 'UTC'.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check cel-python==0.5.0 >/dev/null
cargo init --quiet --vcs none --name finding .
printf 'cel = "=0.15.0"\n' >> Cargo.toml
cat > src/main.rs <<'RUST'
use cel::{Context, Program, Value};

fn main() {
    for expression in std::env::args().skip(1) {
        match Program::compile(&expression).unwrap().execute(&Context::default()).unwrap() {
            Value::Int(number) => println!("{number}"),
            Value::Bool(truth) => println!("{truth}"),
            other => panic!("{other:?} is neither a number nor a truth value"),
        }
    }
}
RUST
cat > ask.py <<'PYTHON'
import sys

import celpy

for expression in sys.argv[1:]:
    environment = celpy.Environment()
    value = environment.program(environment.compile(expression)).evaluate({})
    print(str(bool(value)).lower() if isinstance(value, celpy.celtypes.BoolType) else int(value))
PYTHON
here="timestamp('2026-12-01T00:30:00+01:00')"
utc="timestamp('2026-11-30T23:30:00Z')"
asked=("$here == $utc" "$here.getHours()" "$utc.getHours()" "$here.getDate()" "$utc.getDate()" "$here.getHours('UTC')")
rust=$(cargo run --quiet -- "${asked[@]}" | paste -sd' ')
python=$(environment/bin/python ask.py "${asked[@]}" | paste -sd' ')
echo "equal, hours, hours, dates, dates, hours in UTC: $rust to cel, $python to cel-python"
[[ $rust == "true 0 23 1 30 23" && $python == "true 23 23 30 30 23" ]] || { echo "the behaviour has changed" >&2; exit 1; }
