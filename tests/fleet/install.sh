#!/usr/bin/env bash
# Installs the real servers that `make test-fleet` starts. Debian's packages go into the
# system, which takes root. What is there already is left alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/packages.sh

# A store of turns, clocks that differ, and what carries decision logs away.
readonly PACKAGES=(redis-server faketime rsyslog)

say() {
    printf 'fleet: %s\n' "$*"
}

fail() {
    printf 'fleet: %s\n' "$*" >&2
    exit 1
}

missing=()
for package in "${PACKAGES[@]}"; do
    installed "$package" || missing+=("$package")
done
install_debian "${missing[@]}"
redis-server --version
