#!/usr/bin/env bash
# componentize-py 0.25.1 (PyPI): what it makes of a small policy holds core modules that Node 20 does not compile.
#
# Guess: a component without imports runs wherever WebAssembly 1.0 with the usual extensions
# runs; `componentize-py --stub-wasi` leaves no imports, and jco's users put such components
# into Node.
# Seen: modules of the component place its data with `i32.add` in constant expressions, which is
# the proposal "extended constant expressions". Node 20 refuses them ("opcode i32.add is not
# allowed in constant expressions, enable with --experimental-wasm-extended-const"), with that
# flag it takes all of them. wasmtime and current browsers take them without being asked.
# Source: the component itself, which this script makes; the flag is V8's.
# Why it matters here: `solgate playground` puts the core modules of a policy into a browser as
# they are. A policy in Python judges in a gate and in a browser of today, and does not in a
# script on Node 20; docs/playground.md says which browsers are new enough.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
[[ $(node --version) == v20.* ]] || { echo "this needs Node 20, and node is $(node --version)" >&2; exit 2; }
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check componentize-py==0.25.1 >/dev/null
mkdir wit
cat >wit/small.wit <<'WIT'
package example:small;
world small { export double: func(number: u32) -> u32; }
WIT
cat >app.py <<'PYTHON'
class WitWorld:
    def double(self, number):
        return number * 2
PYTHON
environment/bin/componentize-py -d wit -w small componentize app --stub-wasi -o small.wasm >/dev/null
cat >look.mjs <<'NODE'
import { readFileSync } from "node:fs";
// The core modules of a component are sections with the number 1.
const file = readFileSync("small.wasm");
const modules = [];
const size = (at) => {
  let value = 0, shift = 0, byte;
  do { byte = file[at++]; value += (byte & 127) * 2 ** shift; shift += 7; } while (byte & 128);
  return [value, at];
};
for (let at = 8; at < file.length; ) {
  const [length, begin] = size(at + 1);
  if (file[at] === 1) modules.push(file.subarray(begin, begin + length));
  at = begin + length;
}
let refused = 0, other = 0;
for (const module of modules) {
  try { await WebAssembly.compile(module); }
  catch (error) { if (/not allowed in constant expressions/.test(error.message)) refused++; else other++; }
}
console.log(`${modules.length > 0} ${refused > 0} ${other}`);
NODE
without=$(node look.mjs)
with=$(node --experimental-wasm-extended-const look.mjs)
echo "without the flag: modules, refused for the reason, for others: $without; with it: $with"
[[ $without == "true true 0" && $with == "true false 0" ]] || { echo "the behaviour has changed" >&2; exit 1; }
