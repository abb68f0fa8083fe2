#!/usr/bin/env bash
# componentize-js 0.23.0 (npm): without clocks (`--disable clocks`) Date.now() gives the time of the build.
#
# Guess: a component that is built without clocks imports none, so asking for the time fails, as it
# does in components of Rust, Python and QuickJS.
# Seen: it does not fail. Date.now() and new Date() give the instant at which the component was
# built, in each call of each instance, however much later. A program that measures or
# compares times goes on with it.
# Source: the output below, run in Node with the jco that componentize-js brings along.
# Why it matters here: "refuse what starts in the past" is right in the tests of the day on which a
# policy is built, and wrong ever after, without an error that anybody could see. A policy takes
# the time from received-at of the context (docs/other-languages.md).
set -euo pipefail
case $(node --version) in v2[0-9].*) ;; *) echo "this needs Node 20 or later" >&2; exit 2 ;; esac
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --ignore-scripts --no-audit --no-fund --prefix . @bytecodealliance/componentize-js@0.23.0 \
    @bytecodealliance/preview2-shim@0.25.0
mkdir wit
cat > wit/small.wit <<'WIT'
package example:small;
world small { export now: func() -> f64; }
WIT
echo 'export function now() { return new Date().getTime() }' > small.js
before=$(date +%s%3N)
node_modules/.bin/componentize-js small.js --wit wit --world-name small \
    --disable stdio random clocks http fetch-event --out small.wasm > log
after=$(date +%s%3N)
node_modules/.bin/jco transpile small.wasm --quiet --out-dir made
echo '{ "type": "module" }' > made/package.json
cat > ask.mjs <<'NODE'
import { now } from "./made/small.js";
const [before, after] = process.argv.slice(2).map(Number);
await new Promise((later) => setTimeout(later, 1500));
const first = now();
await new Promise((later) => setTimeout(later, 1500));
console.log(`the build took ${after - before} ms, and now() is ${now() - before} ms after it began`);
if (first !== now() || first < before || first > after) {
  console.error("the behaviour has changed");
  process.exit(1);
}
NODE
node ask.mjs "$before" "$after"
sleep 1
node ask.mjs "$before" "$after"
