#!/usr/bin/env bash
# Makes what tests/tests/arm64.rs needs: qemu, from Debian, and the binary for arm64, as it
# is released, which takes a quarter of an hour on two processors. Where one of them cannot
# be had, for want of root or of the network, this says so, and the test is skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."

. tests/packages.sh

say() {
    printf 'arm64: %s\n' "$*"
}

fail() {
    printf 'arm64: %s\n' "$*" >&2
    exit 1
}

command -v qemu-aarch64 > /dev/null || (install_debian qemu-user) || say 'there is no qemu: the binary will not be run'
# Whoever has made a release keeps it.
DIST=target/dist-arm64 deploy/release.sh aarch64-unknown-linux-musl || say 'the binary was not built, see above'
