#!/usr/bin/env python3
"""Take from a CustomResourceDefinition what the manifests use of it, as a JSON Schema.

    take_schema.py CRDS.yaml KIND VERSION SOURCE > schemas/KIND.json

CRDS.yaml is a file of definitions of another project, SOURCE says where it is from. Members
that no manifest uses are `false`: known by name, and taken when one does. Descriptions,
defaults and rules in CEL are left out. What a definition does not know is refused.
"""

import json
import sys
from pathlib import Path

import yaml

MANIFESTS = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
KEPT = ("type", "enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "required")


def main() -> int:
    if len(sys.argv) != 5:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    definitions, kind, version, source = sys.argv[1:]
    schema = definition(definitions, kind, version)
    used = [found for found in resources() if found["kind"] == kind]
    if not used:
        print(f"take_schema: no manifest has a resource of the kind {kind}", file=sys.stderr)
        return 2
    taken = take(schema, used)
    # What every resource has is the API server's matter, and checked with Kubernetes' own kinds.
    taken["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    taken["properties"].pop("status", None)
    comment = f"From {source}, by take_schema.py: what the manifests use of it. Apache-2.0."
    json.dump({"$comment": comment, **taken}, sys.stdout, indent=1)
    print()
    return 0


def definition(path: str, kind: str, version: str) -> dict:
    with open(path, encoding="utf-8") as file:
        for document in yaml.safe_load_all(file):
            if document and document.get("kind") == "CustomResourceDefinition" and document["spec"]["names"]["kind"] == kind:
                for found in document["spec"]["versions"]:
                    if found["name"] == version:
                        return found["schema"]["openAPIV3Schema"]
    raise SystemExit(f"take_schema: {path} defines no {kind} of version {version}")


def resources() -> list[dict]:
    found = []
    for path in sorted(MANIFESTS.rglob("*.yaml")):
        found += [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]
    return found


def take(schema: dict, used: list) -> dict | bool:
    """The schema of the values that are used; `false` if there are none."""
    if not used:
        return False
    taken = {name: schema[name] for name in KEPT if name in schema}
    if schema.get("x-kubernetes-int-or-string"):
        taken["type"] = ["integer", "string"]
    if schema.get("x-kubernetes-preserve-unknown-fields") and "properties" not in schema:
        taken.pop("type", None)
        return taken
    if "properties" in schema:
        taken["properties"] = {
            name: take(member, [value[name] for value in used if isinstance(value, dict) and name in value])
            for name, member in schema["properties"].items()
        }
        taken["additionalProperties"] = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    elif isinstance(schema.get("additionalProperties"), dict):
        values = [one for value in used if isinstance(value, dict) for one in value.values()]
        taken["additionalProperties"] = take(schema["additionalProperties"], values)
    if "items" in schema:
        taken["items"] = take(schema["items"], [one for value in used if isinstance(value, list) for one in value])
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema and "type" not in taken:
            taken[name] = schema[name]
    return taken


if __name__ == "__main__":
    sys.exit(main())
