#!/usr/bin/env bash
# Installs the servers and tools that `make test-fleet` puts Solgate's gates together with,
# from Debian, which takes root. The tests start the servers themselves, on loopback.
#
# What is there already is left alone, so a second run takes a second.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/packages.sh

# A registry of artefacts and a tool that copies what is in it; a store of turns, clocks that
# differ, and what carries decision logs away.
readonly PACKAGES=(docker-registry skopeo redis-server faketime rsyslog)

say() {
    printf 'fleet: %s\n' "$*"
}

fail() {
    printf 'fleet: %s\n' "$*" >&2
    exit 1
}

main() {
    local package missing=()
    for package in "${PACKAGES[@]}"; do
        installed "$package" || missing+=("$package")
    done
    install_debian "${missing[@]}"
    say "$(docker-registry --version)"
    say "$(skopeo --version)"
    say "$(redis-server --version)"
}

main
