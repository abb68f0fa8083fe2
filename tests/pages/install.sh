#!/usr/bin/env bash
# Installs what the tests of the pages need (`make test-workbench`): Chromium and a font of
# Debian, and from npm what drives the browser, pinned by hash.
#
#   target/pages/node_modules   playwright-core and axe-core
#   host/page/node_modules      what the pages are built with
#
# What is there already is left alone, so a second run takes a second.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly HERE=tests/pages
readonly PAGES=target/pages

say() {
    printf 'pages: %s\n' "$*"
}

fail() {
    printf 'pages: %s\n' "$*" >&2
    exit 1
}

# shellcheck source=tests/packages.sh
source tests/packages.sh

missing=()
for package in chromium fonts-dejavu-core; do
    installed "$package" || missing+=("$package")
done
install_debian "${missing[@]}"

command -v npm > /dev/null || fail 'npm is missing: install Node 20 or later'

# Installs what a lock file names into a folder, unless it is there.
install_node() {
    local from=$1 into=$2
    cmp -s "$from/package-lock.json" "$into/node_modules/.installed" && return
    say "installing what $from/package-lock.json names"
    mkdir -p "$into"
    if [[ $from != "$into" ]]; then
        cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$into/"
    fi
    (cd "$into" && npm ci --no-audit --no-fund --loglevel=error) || fail "npm could not install $from/package-lock.json, see above"
    cp "$from/package-lock.json" "$into/node_modules/.installed"
}

install_node "$HERE" "$PAGES"
install_node host/page host/page
say "node $(node --version), $(chromium --version 2> /dev/null)"
