#!/usr/bin/env python3
"""Validate the manifests of deploy/kubernetes against the schemas of their API versions.

    validate.py [FOLDER]

Kubernetes' own kinds by kubernetes-validate, strictly, for each version of VERSIONS; all
others by the schemas of this folder. What a schema does not know is a mistake, and so is a
kind without a schema. That mistakes are found is tried each time: an unknown member is put
into every mapping of every resource, one after the other.

Exit status: 0 all valid, 1 some are not, or a mistake is not found, 2 wrong usage.
"""

import copy
import functools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml

HERE = Path(__file__).resolve().parent
# The oldest that has all that the manifests use, and the newest that is known.
VERSIONS = ("1.34", "1.37")
# Where any member is allowed, by the last part of the way to it.
OPEN = {"labels", "annotations", "matchLabels", "data", "drop", "requests", "limits", "value", "typed_config"}


def main() -> int:
    if len(sys.argv) > 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    folder = Path(sys.argv[1]) if len(sys.argv) == 2 else HERE.parents[1] / "deploy" / "kubernetes"
    mistakes, checked, planted = [], 0, 0
    for path in sorted(folder.rglob("*.yaml")):
        for number, resource in enumerate(yaml.safe_load_all(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(folder)}, document {number + 1} ({resource['kind']})"
            mistakes += [f"{where}: {mistake}" for mistake in faults(resource)]
            checked += 1
            for way, wrong in with_unknown_members(resource):
                planted += 1
                if not faults(wrong, VERSIONS[-1:]):
                    mistakes.append(f"{where}: an unknown member in {'.'.join(way) or 'the resource'} is not found")
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    print(f"{checked} resources, {len(mistakes)} mistakes; {planted} planted mistakes")
    return 1 if mistakes or not checked else 0


def faults(resource: dict, versions: tuple[str, ...] = VERSIONS) -> list[str]:
    own = schema(resource["kind"])
    if own is not None:
        found = jsonschema.Draft202012Validator(own).iter_errors(resource)
        return [f"{error.json_path}: {error.message}" for error in found]
    mistakes = []
    for version in versions:
        try:
            kubernetes_validate.validate(resource, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            mistakes.append(f"Kubernetes {version}: {'.'.join(map(str, error.path))}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError as error:
            mistakes.append(error.message)
    return mistakes


@functools.cache
def schema(kind: str) -> dict | None:
    path = HERE / "schemas" / f"{kind}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def with_unknown_members(resource: dict) -> Iterator[tuple[list[str], dict]]:
    for way in mappings(resource, ()):
        # What metadata has is the API server's matter.
        if way[:1] == ("metadata",) and schema(resource["kind"]) is not None:
            continue
        if way and (way[-1] in OPEN or any(part in OPEN - {"requests", "limits"} for part in way)):
            continue
        wrong = copy.deepcopy(resource)
        at = wrong
        for part in way:
            at = at[part]
        at["unknownMember"] = 1
        yield [str(part) for part in way], wrong


def mappings(value: object, way: tuple) -> Iterator[tuple]:
    if isinstance(value, dict):
        yield way
        for name, member in value.items():
            yield from mappings(member, (*way, name))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from mappings(member, (*way, index))


if __name__ == "__main__":
    sys.exit(main())
