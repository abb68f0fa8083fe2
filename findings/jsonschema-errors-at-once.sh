#!/usr/bin/env bash
# jsonschema 0.60.2 (crates.io): iter_errors has made every error before it gives the first.
#
# Guess: an iterator over errors looks for the next one when it is asked; who stops after
# 32 has paid for 32.
# Seen: for an array of 10,000 items that all break their format, taking only the first
# error has called the check of the format 20,000 times, twice for each item.
# Source: the output below.
# Why it matters here: a body that is wrong throughout cost memory in proportion to its
# length, and was told to be a fault of the policy. Solgate's view of a document ends
# once enough is known to be wrong (guest/src/json/allowance.rs).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding .
printf 'jsonschema = { version = "=0.60.2", default-features = false }\nserde_json = "1"\n' >> Cargo.toml
cat > src/main.rs <<'RUST'
use std::sync::atomic::{AtomicUsize, Ordering};

static LOOKED_AT: AtomicUsize = AtomicUsize::new(0);

fn main() {
    let count = |_: &str| {
        LOOKED_AT.fetch_add(1, Ordering::Relaxed);
        false
    };
    let schema = serde_json::json!({"type": "array", "items": {"format": "counted"}});
    let validator =
        jsonschema::options().should_validate_formats(true).with_format("counted", count).build(&schema).unwrap();
    let items = serde_json::Value::from(vec!["x"; 10_000]);
    assert!(validator.iter_errors(&items).next().is_some());
    let looked_at = LOOKED_AT.load(Ordering::Relaxed);
    println!("{looked_at} checks for the first error");
    assert_eq!(looked_at, 20_000, "errors are made in another way now");
}
RUST
cargo run --quiet --release
