#!/usr/bin/env bash
# Installs the toolchains of other languages that policies are built with in `make
# test-languages`, into target/languages: those that the templates of `solgate new` name,
# pinned by hash. It needs Node 20, Python 3.10, and Rust with wasm32-unknown-unknown.
#
#   target/languages/node_modules   componentize-qjs and componentize-js
#   target/languages/python         a Python environment with componentize-py
#
# What is there already is left alone, so a second run takes a second.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly HERE=tests/languages
readonly TEMPLATES=host/bundle/templates
readonly LANGUAGES=target/languages
readonly PYTHON=${PYTHON:-python3}

say() {
    printf 'languages: %s\n' "$*"
}

fail() {
    printf 'languages: %s\n' "$*" >&2
    exit 1
}

# What the folder was made from tells the next run that it is whole.
is_made_from() {
    cmp -s "$1" "$LANGUAGES/$(basename "$1").installed"
}

made_from() {
    cp "$1" "$LANGUAGES/$(basename "$1").installed"
}

install_node() {
    local lock=$HERE/package-lock.json
    command -v npm > /dev/null || fail 'npm is missing: install Node 20 or later'
    is_made_from "$lock" && is_made_from "$TEMPLATES/javascript/package.json" && return
    say 'installing componentize-qjs and componentize-js'
    cp "$lock" "$TEMPLATES/javascript/package.json" "$LANGUAGES/"
    # Scripts of packages are not run: nothing here needs one.
    (cd "$LANGUAGES" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) \
        || fail "npm could not install $lock, see above"
    made_from "$lock"
    made_from "$TEMPLATES/javascript/package.json"
}

install_python() {
    local requirements=$HERE/requirements.txt
    is_made_from "$requirements" && return
    say 'installing componentize-py'
    rm -rf "$LANGUAGES/python"
    "$PYTHON" -m venv "$LANGUAGES/python" || fail "$PYTHON could not make a virtual environment"
    "$LANGUAGES/python/bin/pip" install --quiet --disable-pip-version-check --no-deps \
        --require-hashes --only-binary :all: --requirement "$requirements" \
        || fail "pip could not install $requirements, see above"
    made_from "$requirements"
}

mkdir -p "$LANGUAGES"
rustup target list --installed | grep -qx wasm32-unknown-unknown || rustup target add wasm32-unknown-unknown
install_node
install_python
say "node $(node --version), $("$PYTHON" --version), $(rustc --version)"
