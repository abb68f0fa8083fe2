#!/usr/bin/env bash
# Builds host/page/built, which is checked in so that `make build` needs no Node. It needs
# Node 20 and npm; the packages are those of package-lock.json.
#
#   host/page/build.sh [FOLDER]   writes to FOLDER instead of host/page/built
set -euo pipefail
target=$(realpath -m "${1:-$(dirname "$0")/built}")
cd "$(dirname "$0")"
if ! cmp -s package-lock.json node_modules/.installed; then
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed
fi
npm run --silent check
node build.mjs "$target"
