#!/usr/bin/env bash
# Installs what the load run of `make bench` uses beside Solgate: wrk and nginx
# from Debian or Ubuntu, Prism from npm into target/bench/tools. What is missing
# is left out of the report, except wrk, without which there is no load run.
set -euo pipefail
cd "$(dirname "$0")/../.."

apt-get install --no-install-recommends -y wrk nginx-light
if command -v npm > /dev/null; then
    npm install --no-audit --no-fund --prefix target/bench/tools @stoplight/prism-cli@5.16.0
else
    echo 'npm is missing: Prism will not be measured' >&2
fi
