#!/usr/bin/env bash
# hyper-util 0.1.21 (crates.io): variables for a proxy are not read as curl reads them.
#
# Guess: as the documentation of Matcher::from_env says, the variables are treated "the same as
# curl does"; what is wrong in them is at least seen, if the request does not go through it.
# Seen: with HTTPS_PROXY and https_proxy both set curl takes the one in lower case, and
# hyper-util that in upper case. With HTTPS_PROXY empty and https_proxy set, curl takes the
# latter, and hyper-util goes without a proxy. A proxy of a kind that neither knows (ftp) is an
# error to curl, and to hyper-util as if there were none: Matcher has no error to give.
# Source: hyper-util's documentation; the manual of curl, "Environment"; the output below.
# Why it matters here: policies and access keys are fetched through the proxy of a site. Where the
# same environment serves a script with curl and the gate, the two take different ways: set one
# spelling only (docs/fleet.md). A value that is no proxy would go around the proxy unseen: Solgate
# makes it an error (host/registry/src/proxies.rs).
set -euo pipefail
command -v curl > /dev/null || { echo "this compares with curl: apt-get install curl" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding .
cat >> Cargo.toml <<'TOML'
http = "1"
hyper-util = { version = "=0.1.21", features = ["client-proxy"] }
TOML
cat > src/main.rs <<'RUST'
use hyper_util::client::proxy::matcher::Matcher;

fn main() {
    let asked = http::Uri::from_static("https://registry.invalid/");
    match Matcher::from_env().intercept(&asked) {
        Some(proxy) => println!("proxy {}", proxy.uri().port_u16().unwrap()),
        None => println!("no proxy"),
    }
}
RUST
export CARGO_TARGET_DIR=$folder/target
cargo build --quiet
# Nobody listens on ports 1 and 2: curl says which of them it tried.
curls() {
    local said
    said=$(env "$@" curl --silent --show-error --max-time 10 https://registry.invalid/ 2>&1) || true
    case $said in
        *"127.0.0.1 port "*) said=${said#*port }; echo "proxy ${said%% *}" ;;
        *[Uu]"nsupported proxy"*) echo "error" ;;
        *) echo "no proxy" ;;
    esac
}
changed=
compare() {
    local expected=$1 curl hyper
    shift
    curl=$(curls "$@") hyper=$(env "$@" target/debug/finding)
    echo "$*: curl: $curl; hyper-util: $hyper"
    [[ "$curl, $hyper" == "$expected" ]] || changed=yes
}
unset HTTPS_PROXY https_proxy ALL_PROXY all_proxy NO_PROXY no_proxy REQUEST_METHOD
compare "proxy 1, proxy 1" https_proxy=http://127.0.0.1:1
compare "proxy 1, proxy 2" https_proxy=http://127.0.0.1:1 HTTPS_PROXY=http://127.0.0.1:2
compare "proxy 1, no proxy" https_proxy=http://127.0.0.1:1 HTTPS_PROXY=
compare "error, no proxy" https_proxy=ftp://127.0.0.1:1
[[ -z $changed ]] || { echo "the behaviour has changed" >&2; exit 1; }
