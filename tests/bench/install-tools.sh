#!/usr/bin/env bash
# Installs what `make count` and `make bench` use of others': valgrind, which counts
# instructions; wrk, nginx and Prism for the load run. They come from Debian, which
# takes root, and Prism from npm into target/bench/tools. Envoy, which the load run
# has as well, is one of the servers of tests/doors/install.sh.
#
# What is there already is left alone, so a second run takes a second.
set -euo pipefail
cd "$(dirname "$0")/../.."

source tests/packages.sh

readonly TOOLS=target/bench/tools
readonly PRISM=5.16.0

say() {
    printf 'bench: %s\n' "$*"
}

fail() {
    printf 'bench: %s\n' "$*" >&2
    exit 1
}

main() {
    install_packages
    install_prism
    say "$(valgrind --version), prism $(prism_version)"
}

install_packages() {
    local missing=()
    command -v valgrind > /dev/null || missing+=(valgrind)
    command -v wrk > /dev/null || missing+=(wrk)
    command -v npm > /dev/null || missing+=(npm)
    PATH=$PATH:/usr/sbin command -v nginx > /dev/null || missing+=(nginx-light)
    install_debian "${missing[@]}"
}

install_prism() {
    if [[ $(prism_version) == "$PRISM" ]]; then
        return
    fi
    say "installing Prism $PRISM into $TOOLS"
    npm install --no-audit --no-fund --silent --prefix "$TOOLS" "@stoplight/prism-cli@$PRISM" \
        || fail 'npm could not install Prism: is the package registry reachable?'
}

# Of the one in the folder, if there is one.
prism_version() {
    sed -n 's/^  "version": "\(.*\)",$/\1/p' "$TOOLS/node_modules/@stoplight/prism-cli/package.json" 2> /dev/null || true
}

main
