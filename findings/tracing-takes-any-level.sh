#!/usr/bin/env bash
# tracing-subscriber 0.3.23 (crates.io): a level that is misspelt is taken for a module, and
# silences everything else.
#
# Guess: EnvFilter::try_new("wran") is an error, as it returns a Result and "wran" is no level.
# Seen: it is taken: a directive for a target of that name, at the level TRACE. As there is no
# other directive, errors of all other targets are not enabled any more.
# Source: the output below.
# Why it matters here: an operator who mistypes a level gets a process that reports nothing,
# not even its errors. Solgate looks at the words itself before it gives them to the filter.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding .
cat >> Cargo.toml <<'TOML'
tracing = "=0.1.44"
tracing-subscriber = { version = "=0.3.23", features = ["env-filter"] }
TOML
cat > src/main.rs <<'RUST'
use tracing_subscriber::EnvFilter;

fn errors_are_enabled(filter: &str) -> bool {
    let filter = EnvFilter::try_new(filter).expect("it is taken");
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).finish();
    tracing::subscriber::with_default(subscriber, || tracing::enabled!(tracing::Level::ERROR))
}

fn main() {
    let (right, wrong) = (errors_are_enabled("warn"), errors_are_enabled("wran"));
    println!("warn: errors are enabled: {right}; wran: {wrong}");
    assert!(right && !wrong, "it is otherwise now");
}
RUST
cargo run --quiet --release
