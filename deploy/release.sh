#!/usr/bin/env bash
# Builds what is released, one archive for each target, what is in its binary
# (deploy/sbom.py), and the checksums of both:
#
#   deploy/release.sh                                   # all targets
#   deploy/release.sh x86_64-unknown-linux-musl         # one of them
#
#   target/dist/solgate-VERSION-TARGET.tar.gz
#   target/dist/solgate-VERSION-TARGET.cdx.json
#   target/dist/solgate-VERSION.oci.tar       a container image for all of them (deploy/image.py)
#   target/dist/SHA256SUMS
#
# The binaries are static: they run on any Linux of their architecture. Zig, whose
# C compiler and linker know every target, and the certificates of public authorities
# for the image come from PyPI and are pinned by hash.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TARGETS=(x86_64-unknown-linux-musl aarch64-unknown-linux-musl)
readonly DIST=${DIST:-target/dist}
readonly TOOLS=target/tools/release
readonly REQUIREMENTS=deploy/requirements-release.txt
readonly PYTHON=${PYTHON:-python3}

say() {
    printf 'release: %s\n' "$*"
}

fail() {
    printf 'release: %s\n' "$*" >&2
    exit 1
}

main() {
    local target targets=("$@")
    # What says a time says that of the last change, so that a build can be repeated.
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
    export SOURCE_DATE_EPOCH
    ((${#targets[@]} > 0)) || targets=("${TARGETS[@]}")
    for target in "${targets[@]}"; do
        [[ " ${TARGETS[*]} " == *" $target "* ]] || fail "'$target' is none of: ${TARGETS[*]}"
    done
    install_tools
    # The policy within, which is the same for all, and the native code, which is not.
    make artifacts
    for target in "${targets[@]}"; do
        make "target/solgate/engine-${target%%-*}.native"
    done
    rm -rf "$DIST"
    mkdir -p "$DIST"
    for target in "${targets[@]}"; do
        build "$target"
        check "$target"
        pack "$target"
    done
    image "${targets[@]}"
    (cd "$DIST" && sha256sum -- *.tar.gz *.cdx.json *.oci.tar > SHA256SUMS && cat SHA256SUMS)
}

version() {
    "$PYTHON" -c 'import tomllib; print(tomllib.load(open("Cargo.toml", "rb"))["workspace"]["package"]["version"])'
}

install_tools() {
    if cmp -s "$REQUIREMENTS" "$TOOLS/requirements.txt"; then
        return
    fi
    say "installing $REQUIREMENTS into $TOOLS"
    rm -rf "$TOOLS"
    "$PYTHON" -m venv "$TOOLS" || fail "$PYTHON could not make a virtual environment"
    "$TOOLS/bin/pip" install --quiet --disable-pip-version-check --no-deps \
        --require-hashes --only-binary :all: --requirement "$REQUIREMENTS" \
        || fail "pip could not install $REQUIREMENTS, see above; it needs the package index"
    cp "$REQUIREMENTS" "$TOOLS/requirements.txt"
}

build() {
    say "building for $1"
    rustup target add "$1"
    # The product alone, without the names of its functions.
    CARGO_PROFILE_RELEASE_STRIP=symbols PATH="$PWD/$TOOLS/bin:$PATH" \
        cargo zigbuild --release --locked --package solgate-cli --bin solgate --target "$1"
}

binary() {
    printf 'target/%s/release/solgate' "$1"
}

# What is not static, or does not judge, is not packed.
check() {
    local headers status=0
    headers=$(readelf --program-headers "$(binary "$1")") || fail "readelf could not read the binary for $1"
    [[ $headers != *INTERP* ]] || fail "the binary for $1 is not static"
    local emulator=() of=${1%%-*}
    [[ $of == "$(uname -m)" ]] || emulator=("qemu-$of")
    if ((${#emulator[@]} == 0)) || command -v "${emulator[0]}" > /dev/null; then
        "${emulator[@]}" "$(binary "$1")" check docs/examples/terminate.http > /dev/null || status=$?
        ((status == 1)) || fail "the binary for $1 does not deny what it must (exit code $status)"
        say "the binary for $1 judges"
    else
        say "the binary for $1 has been built, but not run: this machine is of another architecture, and there is no ${emulator[0]}"
    fi
}

pack() {
    local name
    name=solgate-$(version)-$1
    deploy/sbom.py "$1" "$(binary "$1")" > "$DIST/$name.cdx.json" || fail "the bill of materials for $1 could not be made"
    # The container file gives its user this folder.
    mkdir -p "$DIST/$name/cache"
    cp "$TOOLS"/lib/python3*/site-packages/certifi/cacert.pem "$DIST/$name/ca-certificates.crt"
    cp -r docs deploy/kubernetes "$DIST/$name/"
    cp "$DIST/$name.cdx.json" "$DIST/$name/solgate.cdx.json"
    cp "$(binary "$1")" LICENSE README.md SECURITY.md CHANGELOG.md deploy/solgate.service deploy/solgate.socket deploy/solgate.yaml deploy/Containerfile deploy/image.py deploy/grafana-dashboard.json "$DIST/$name/"
    tar --create --directory "$DIST" --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
        --mtime="@$SOURCE_DATE_EPOCH" "$name" \
        | gzip --no-name --best > "$DIST/$name.tar.gz"
    say "$DIST/$name.tar.gz"
}

# Of what was packed, for all targets.
image() {
    local target architecture folders=()
    for target in "$@"; do
        case ${target%%-*} in
            x86_64) architecture=amd64 ;;
            aarch64) architecture=arm64 ;;
            *) fail "images have no name for the architecture of $target" ;;
        esac
        folders+=("$architecture=$DIST/solgate-$(version)-$target")
    done
    deploy/image.py -o "$DIST/solgate-$(version).oci.tar" "${folders[@]}" \
        --label "org.opencontainers.image.version=$(version)" \
        --label "org.opencontainers.image.revision=$(git rev-parse HEAD)" \
        || fail 'the image could not be made'
    for target in "$@"; do
        rm -r "${DIST:?}/solgate-$(version)-$target"
    done
}

main "$@"
