#!/usr/bin/env bash
# Installs what validates the manifests of deploy/kubernetes into target/kubernetes, from
# PyPI and pinned by hash. The servers that `make test-kubernetes` starts are those of
# tests/doors/install.sh and tests/fleet/install.sh.
#
# What is there already is left alone.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly REQUIREMENTS=tests/kubernetes/requirements.txt
readonly FOLDER=target/kubernetes
readonly PYTHON=${PYTHON:-python3}

fail() {
    printf 'kubernetes: %s\n' "$*" >&2
    exit 1
}

if ! cmp -s "$REQUIREMENTS" "$FOLDER/requirements.txt"; then
    printf 'kubernetes: installing %s into %s\n' "$REQUIREMENTS" "$FOLDER"
    rm -rf "$FOLDER"
    mkdir -p "$(dirname "$FOLDER")"
    "$PYTHON" -m venv "$FOLDER" || fail "$PYTHON could not make a virtual environment"
    "$FOLDER/bin/pip" install --quiet --disable-pip-version-check --no-deps \
        --require-hashes --only-binary :all: --requirement "$REQUIREMENTS" \
        || fail "pip could not install $REQUIREMENTS, see above; it needs the package index," \
            "and Python 3.11 ($PYTHON is $("$PYTHON" --version))"
    cp "$REQUIREMENTS" "$FOLDER/requirements.txt"
fi
printf 'kubernetes: kubernetes-validate %s\n' "$("$FOLDER/bin/kubernetes-validate" --version)"
