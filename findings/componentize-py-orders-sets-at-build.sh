#!/usr/bin/env bash
# componentize-py 0.25.1 (PyPI): a set of texts has one order in every instance of a component, and
# another one when the same source is built again.
#
# Guess: Python chooses the order of a set anew in each process, so a component, which has no
# random source (`--stub-wasi`), has either always one order, or fails when it needs a seed.
# Seen: the interpreter is started while the component is built, and its seed is kept in the
# file. Two instances of one file agree, two files of one source do not; so the files
# are different as well. Tests of one build show nothing of it.
# Source: the output below, run with wasmtime 50.0.1 (PyPI).
# Why it matters here: a policy that joins a set into a detail, or takes the first item that
# breaks a rule, gives the same verdict as long as nobody builds it again; then recorded
# requests are answered in other words. Sort what comes out of a set (docs/other-languages.md).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check componentize-py==0.25.1 wasmtime==50.0.1 >/dev/null
mkdir wit
cat > wit/small.wit <<'WIT'
package example:small;
world small { export operations: func() -> string; }
WIT
cat > app.py <<'PYTHON'
class WitWorld:
    def operations(self):
        return " ".join({"instantiate", "scale", "heal", "operate", "terminate", "modify", "snapshot", "revert"})
PYTHON
for build in first second; do
    environment/bin/componentize-py -q -d wit -w small componentize app --stub-wasi -o "$build.wasm" >/dev/null
done
environment/bin/python - <<'PYTHON'
from wasmtime import Config, Engine, Store, component

config = Config()
config.cranelift_opt_level = "none"
engine = Engine(config)


def orders(file):
    made = component.Component.from_file(engine, file)
    for _ in range(2):
        store = Store(engine)
        instance = component.Linker(engine).instantiate(store, made)
        yield instance.get_func(store, "operations")(store)


first, second = [list(orders(f"{build}.wasm")) for build in ("first", "second")]
print("instances of the first build: ", *first, sep="\n  ")
print("instances of the second build:", *second, sep="\n  ")
assert len(set(first)) == len(set(second)) == 1, "instances of one build differ now"
assert sorted(first[0].split()) == sorted(second[0].split()), "they have other items"
assert first != second, "both builds have one order now"
PYTHON
