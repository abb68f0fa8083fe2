#!/usr/bin/env bash
# Runs all tests, two test programs at a time, since many wait more than they compute:
#
#   tests/run.sh [FLAG OF CARGO TEST]...
#
# What the second half says is shown when it has ended. `make test` calls this, and makes
# before what the tests need.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly CARGO=${CARGO:-cargo}

# By the first letter of their names; both take about as long.
readonly SECOND='[m-z]*'
readonly FIRST='[!m-z]*'

said=$(mktemp)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -f "$said"' EXIT

# Examples are only compiled.
"$CARGO" test "$@" --no-run
"$CARGO" test "$@" --no-fail-fast --test "$SECOND" >"$said" 2>&1 &
second=$!
failed=0
"$CARGO" test "$@" --no-fail-fast --lib --bins --test "$FIRST" || failed=$?
wait "$second" || failed=$?
cat "$said"
"$CARGO" test "$@" --doc || failed=$?
exit "$failed"
