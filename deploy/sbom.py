#!/usr/bin/env python3
"""Prints the software bill of materials of a binary, as CycloneDX 1.6 in JSON:

    deploy/sbom.py TARGET [BINARY]

It names what is compiled into the binary: the crates of `solgate` for the target, those of
the engine in the default policy, which is WebAssembly, and the standard library of Rust.
What only runs while the binary is built, such as macros and build scripts, is not in it, nor
are crates that other packages of the workspace or other targets need. With BINARY, its
SHA-256 is in it as well. The same sources give the same bytes.
"""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What is compiled for which target; None is the target of the binary.
BUILT = [("solgate-cli", None), ("solgate-engine", "wasm32-unknown-unknown")]
CARGO = os.environ.get("CARGO", "cargo")


def run(*arguments: str) -> str:
    done = subprocess.run(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"sbom: {' '.join(arguments)} failed, see above")
    return done.stdout


def built(package: str, target: str) -> set[tuple[str, str]]:
    """Names and versions of the crates that a package is linked from."""
    lines = run(CARGO, "tree", "--locked", "--package", package, "--target", target, "--edges", "normal,no-proc-macro",
                "--prefix", "none", "--format", "{p}").splitlines()
    found = (re.match(r"(\S+) v(\S+)", line) for line in lines)
    return {match.groups() for match in found if match}


def reference(package: tuple[str, str], ours: bool) -> str:
    name, version = package
    return f"{name}@{version}" if ours else f"pkg:cargo/{name}@{version}"


def component(package: dict, checksum: str | None) -> dict:
    ours = package["source"] is None
    ref = reference((package["name"], package["version"]), ours)
    found = {"type": "library", "bom-ref": ref, "name": package["name"], "version": package["version"]}
    if package["description"]:
        found["description"] = " ".join(package["description"].split())
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["license"]:
        # Some still write a slash, as Cargo once did.
        found["licenses"] = [{"expression": re.sub(r"\s*/\s*", " OR ", package["license"])}]
    if not ours:
        found["purl"] = ref
        if package["repository"]:
            found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: deploy/sbom.py TARGET [BINARY]")
    target, binary = sys.argv[1], sys.argv[2:]
    metadata = json.loads(run(CARGO, "metadata", "--locked", "--format-version", "1"))
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    checksums = {(one["name"], one["version"]): one.get("checksum") for one in lock["package"]}
    wanted = set().union(*(built(package, of or target) for package, of in BUILT))
    packages = {one["id"]: one for one in metadata["packages"] if (one["name"], one["version"]) in wanted}
    refs = {key: reference((one["name"], one["version"]), one["source"] is None) for key, one in packages.items()}
    product = next(key for key, one in packages.items() if one["name"] == BUILT[0][0])

    # Its macros and build scripts are among what a crate depends on, but not in the binary.
    edges = {refs[product]: set()}
    for node in metadata["resolve"]["nodes"]:
        if node["id"] in packages:
            normal = (dep["pkg"] for dep in node["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"]))
            edges[refs[node["id"]]] = {refs[dep] for dep in normal if dep in packages}
    rust = tomllib.loads((ROOT / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
    std = {"type": "library", "bom-ref": f"rust-std@{rust}", "name": "rust-std", "version": rust,
           "description": "The standard library of Rust, with the crates in it",
           "licenses": [{"expression": "MIT OR Apache-2.0"}],
           "externalReferences": [{"type": "vcs", "url": "https://github.com/rust-lang/rust"}]}
    edges[refs[product]].add(std["bom-ref"])
    edges[std["bom-ref"]] = set()

    own = component(packages[product], None) | {"type": "application", "name": "solgate"}
    if binary:
        digest = hashlib.sha256(pathlib.Path(binary[0]).read_bytes()).hexdigest()
        own["hashes"] = [{"alg": "SHA-256", "content": digest}]
    libraries = (one for key, one in packages.items() if key != product)
    components = [component(one, checksums.get((one["name"], one["version"]))) for one in libraries] + [std]
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or run("git", "log", "-1", "--format=%ct").strip()
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(epoch))),
            "component": own,
            "properties": [{"name": "cdx:rustc:sbom:target:triple", "value": target}],
        },
        "components": sorted(components, key=lambda one: one["bom-ref"]),
        "dependencies": [{"ref": ref, "dependsOn": sorted(edges[ref])} for ref in sorted(edges)],
    }
    content = json.dumps(bom, sort_keys=True)
    bom["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}"
    print(json.dumps(bom, indent=2))


main()
