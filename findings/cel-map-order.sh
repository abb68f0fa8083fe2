#!/usr/bin/env bash
# cel 0.15.0 (crates.io): a map literal is iterated in another order each time.
#
# Guess: one program over the same input gives one list, evaluation after evaluation.
# Seen: `{'a': 1, 'b': 2, 'c': 3, 'd': 4, 'e': 5}.map(k, k)`, evaluated 64 times by one
# program in one process, gives many different lists; so `[0] == 'a'` is true for some
# requests and false for others. The language leaves the order open; that it differs
# from one evaluation to the next comes from a std HashMap for each literal, with
# seeds of its own.
# Source: the crate's documentation shows Map over a HashMap; the output below.
# Why it matters here: a policy is a pure function. Solgate rewrites map literals to a
# map that keeps the written order (guest/src/cel_env/map.rs).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding .
printf 'cel = "=0.15.0"\n' >> Cargo.toml
cat > src/main.rs <<'RUST'
use std::collections::BTreeSet;

use cel::{Context, Program};

fn main() {
    let program = Program::compile("{'a': 1, 'b': 2, 'c': 3, 'd': 4, 'e': 5}.map(k, k)").unwrap();
    let once = || format!("{:?}", program.execute(&Context::default()).unwrap());
    let orders: BTreeSet<String> = (0..64).map(|_| once()).collect();
    println!("{} different lists in 64 evaluations", orders.len());
    assert!(orders.len() > 1, "the order is one now");
}
RUST
cargo run --quiet --release
