#!/bin/sh
# Cargo calls this in place of rustc (RUSTC_WRAPPER). It lets libFuzzer see the ways
# through Solgate's own crates, with checks of arithmetic; those of others stay as
# they are in the product, and are taken from its build. It works with stable Rust.
set -eu
rustc=$1
shift

instrumented() {
    exec "$rustc" "$@" \
        -Copt-level="$speed" -Ccodegen-units=1 -Cdebug-assertions=on -Coverflow-checks=on \
        -Cpasses=sancov-module \
        -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares
}

# The library is large, and little of it is what a target waits for.
case " $* " in
    *' --crate-name solgate_engine '* | *' --crate-name solgate_bundle '* | \
    *' --crate-name solgate_contract '* | *' --crate-name solgate_cases '* | *' --crate-name solgate_document '*) speed=3 && instrumented "$@" ;;
    *' --crate-name solgate '* | *' --crate-name solgate_policy '* | *' --crate-name solgate_upstream '* | \
    *' --crate-name solgate_author '* | *' --crate-name solgate_serve '* | *' --crate-name solgate_gateway '*) speed=1 && instrumented "$@" ;;
    *) exec "$rustc" "$@" ;;
esac
