#!/usr/bin/env bash
# Tacker 16.0.0 (PyPI): three of eight request samples of its v1 API are refused by its own schemas.
#
# Guess: a request that a VNFM prints in its API reference is one that it takes; a gate whose v1
# rules are those of ETSI GS NFV-SOL 003 V2.6.1 and that lets these samples pass loses nothing.
# Seen: the sample of scale has `numberOfSteps` as a text, and its schema takes an integer only;
# the sample of a subscription has one object where the schema (and SOL003) has a list of
# vnfProductsFromProviders; the sample of instantiate is no JSON, a comma is missing. All nine
# samples of its v2 API agree with the schemas beside them.
# Source: the sdist's api-ref/source/v1/samples/vnflcm and tacker/api/schemas/vnf_lcm.py, checked below.
# Why it matters here: clients are written from such samples. With the option `tacker`,
# policies/vnflcm-v1 lets the number as a text pass, because a gate must not refuse what a
# reference shows, and only there; but a pass is then no promise that the VNFM takes it. The
# single object is refused, as Tacker itself does, with a detail that asks for an array.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check setuptools==80.9.0 jsonschema==4.25.1 \
    oslo.versionedobjects==3.7.0 oslo.config==10.0.0 >/dev/null
environment/bin/pip download --quiet --disable-pip-version-check --no-deps --no-binary tacker tacker==16.0.0
tar xzf tacker-16.0.0.tar.gz
cd tacker-16.0.0
../environment/bin/python - <<'PYTHON'
import json
from pathlib import Path

from jsonschema import Draft7Validator
from tacker.api.schemas import vnf_lcm as v1
from tacker.sol_refactored.api.schemas import vnflcm_v2 as v2

OF_V1 = {
    "create-vnf-instance": v1.create, "instantiate-vnf-instance": v1.instantiate, "scale-vnf-instance": v1.scale,
    "heal-vnf-instance": v1.heal, "terminate-vnf-instance": v1.terminate, "change-ext-conn": v1.change_ext_conn,
    "modify-vnf-instance": v1.update, "create-subscription": v1.register_subscription,
}
OF_V2 = {
    "create-vnf-instance": v2.CreateVnfRequest_V200, "instantiate-vnf-instance": v2.InstantiateVnfRequest_V200,
    "scale-vnf-instance": v2.ScaleVnfRequest_V200, "heal-vnf-instance": v2.HealVnfRequest_V200,
    "terminate-vnf-instance": v2.TerminateVnfRequest_V200, "change-ext-conn": v2.ChangeExtVnfConnectivityRequest_V200,
    "update-vnf-instance": v2.VnfInfoModificationRequest_V200, "create-subscription": v2.LccnSubscriptionRequest_V200,
    "change-vnfpkg": v2.ChangeCurrentVnfPkgRequest_V200,
}


def refused(version, schemas):
    found = {}
    for name, schema in schemas.items():
        text = Path(f"api-ref/source/{version}/samples/vnflcm/{name}-request.json").read_text()
        try:
            errors = ["/".join(map(str, error.path)) for error in Draft7Validator(schema).iter_errors(json.loads(text))]
        except json.JSONDecodeError as error:
            errors = [f"no JSON: {error.msg}"]
        if errors:
            found[name] = errors
    return found


first, second = refused("v1", OF_V1), refused("v2", OF_V2)
print("v1:", first, "v2:", second)
assert first == {
    "instantiate-vnf-instance": ["no JSON: Expecting ',' delimiter"],
    "scale-vnf-instance": ["numberOfSteps"],
    "create-subscription": ["filter/vnfInstanceSubscriptionFilter/vnfProductsFromProviders"],
}, "other samples of v1 are refused"
assert second == {}, "samples of v2 are refused"
PYTHON
