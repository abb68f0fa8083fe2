#!/usr/bin/env bash
# Runs fuzz targets one after the other: run.sh SECONDS [TARGET]...
#
# What a target finds worth keeping goes to target/fuzz/corpus/TARGET, an input for
# which a property does not hold to target/fuzz/findings. `make build` comes before.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly FUZZ=tests/fuzz
readonly OUT=target/fuzz
# Apart from target/release: what is instrumented must not reach the product.
readonly BUILD=$OUT/build
# Longest time for one input, in seconds, and most memory, in MiB.
readonly PATIENCE=30
readonly MEMORY=4096

main() {
    local seconds=$1 target found=0
    local -a targets=("${@:2}")
    ((${#targets[@]} > 0)) || mapfile -t targets < <(all_targets)
    for target in "${targets[@]}"; do
        [[ -f $FUZZ/fuzz_targets/$target.rs ]] || fail "'$target' is none of: $(all_targets | xargs)"
    done
    build
    mkdir -p "$OUT/findings"
    for target in "${targets[@]}"; do
        fuzz "$target" "$seconds" || found=1
    done
    ((found == 0)) || fail "properties do not hold for the inputs in $OUT/findings:" \
        "run $BUILD/release/TARGET FILE for each; when it is mended, keep the file in $FUZZ/corpus/TARGET"
    printf 'fuzz: nothing was found in %s seconds for each of: %s\n' "$seconds" "${targets[*]}"
}

all_targets() {
    (cd "$FUZZ/fuzz_targets" && basename --suffix=.rs -- *.rs)
}

# With stable Rust. The crates of others are taken from the product's build, where
# they are the same; Cargo compiles those that are not.
build() {
    if [[ ! -d $BUILD ]]; then
        mkdir -p "$BUILD.new/release/deps"
        cp -a target/release/.fingerprint target/release/build "$BUILD.new/release"
        find target/release/deps -maxdepth 1 -name 'lib*.r*' ! -name 'lib*solgate*' \
            -exec cp -a -t "$BUILD.new/release/deps" {} +
        find target/release/deps -maxdepth 1 -name 'lib*-*.so' -exec cp -a -t "$BUILD.new/release/deps" {} +
        rm -rf "$BUILD.new"/release/.fingerprint/*solgate*
        mv "$BUILD.new" "$BUILD"
    fi
    # Compiled like the product, or nothing of it could be taken over.
    sed -n '/^\[profile.release/,/^\[profile.sandbox/{/^\[profile.sandbox/!p}' Cargo.toml >"$OUT/profile.toml"
    (cd "$FUZZ" && RUSTC_WRAPPER=$PWD/instrument.sh \
        cargo --config "../../$OUT/profile.toml" build --release --locked --target-dir "../../$BUILD")
}

fuzz() {
    local target=$1 seconds=$2 log=$OUT/$1.log
    mkdir -p "$OUT/corpus/$target"
    printf 'fuzz: %s, for %s seconds\n' "$target" "$seconds"
    if SOLGATE_CACHE_DIR=target/solgate/cache "$BUILD/release/$target" \
        -max_total_time="$seconds" -timeout="$PATIENCE" -rss_limit_mb="$MEMORY" -print_final_stats=1 \
        -artifact_prefix="$OUT/findings/$target-" \
        "$OUT/corpus/$target" "$FUZZ/corpus/$target" 2>&1 | tee "$log" | grep --line-buffered -E '#[0-9]+.*(INITED|pulse|DONE)'; then
        sed -n 's/^stat::number_of_executed_units: */fuzz: executions: /p' "$log"
        return 0
    fi
    grep -E 'panicked at|^ERROR|^SUMMARY|Test unit written' -A 2 "$log" >&2 || tail -n 20 "$log" >&2
    return 1
}

fail() {
    printf 'fuzz: %s\n' "$*" >&2
    exit 1
}

main "$@"
