"""What the policy is, and how it judges: wit/policy.wit, which says what each member means, in
Python. Names in kebab-case are in snake_case here, and types in CamelCase."""

import json
import re
from urllib.parse import unquote

from wit_world import exports
from wit_world.exports import judge as wit

API_ROOT = "/vnflcm/v2"
TERMINATE = re.compile(r"/vnf_instances/([^/?]+)/terminate(\?.*)?")
BODY_BYTES = 1048576

# The host knows the rules by this table: what a denial names must be here.
RULES = {
    "terminate.size": (413, "The body is too large"),
    "terminate.body": (400, "The body is not a JSON object"),
    "terminate.forceful": (403, "FORCEFUL is not allowed"),
    "terminate.exists": (404, "There is no such VNF instance"),
    "terminate.state": (409, "The VNF instance is not instantiated"),
}

# Defaults, and what they are about.
OPTIONS = {"allowForceful": (False, "Whether terminationType may be FORCEFUL.")}


# componentize-py looks for a class of the interface's name.
class Judge(exports.Judge):
    def describe(self):
        return wit.Manifest(
            name="my-policy",
            version="0.1.0",
            # Empty: the host takes the SHA-256 of the file.
            digest="",
            # The header fields that `evaluate` reads, in lower case.
            fields=[],
            api_roots=[API_ROOT],
            operations=[wit.Operation("terminate", "POST", "/vnf_instances/{vnfInstanceId}/terminate")],
            facts=[
                wit.FactTemplate(
                    name="vnfInstance",
                    path="/vnf_instances/{vnfInstanceId}",
                    query=[],
                    plain_on_400=False,
                    members=["id", "instantiationState"],
                    is_list=False,
                )
            ],
            options=[
                wit.OptionDefinition(name, json.dumps(default), [], doc) for name, (default, doc) in OPTIONS.items()
            ],
            rules=[
                wit.RuleSummary(id, wit.Severity.DENY, status, title, None, ["terminate"])
                for id, (status, title) in RULES.items()
            ],
            limits=wit.Limits(body_bytes=BODY_BYTES, target_bytes=8192, depth=64),
            secrets=[],
        )

    def evaluate(self, request, context):
        findings = []
        denial = judge(request, context, findings)
        return denial if denial else wit.Outcome_Allow(findings)


def judge(request, context, findings):
    """What speaks against the request, or which fact is needed; None if nothing is."""
    if request.method != "POST" or not request.target.startswith(API_ROOT):
        return None
    route = TERMINATE.fullmatch(request.target, len(API_ROOT))
    # The VNFM judges what this policy has no rules for.
    if not route:
        return None
    options, severities = settings_of(context)

    def fail(rule, location, detail):
        return broken(rule, location, detail, severities, findings)

    whole = wit.Location_Body("")
    if not request.body_complete:
        return fail("terminate.size", whole, f"The body has more than {BODY_BYTES} bytes. Send less.")
    body = parsed(request.body)
    if not isinstance(body, dict):
        return fail("terminate.body", whole, "The body is not a JSON object. Send a TerminateVnfRequest.")
    if body.get("terminationType") == "FORCEFUL" and options["allowForceful"] is not True:
        detail = "terminationType is FORCEFUL, which is not allowed here. Send GRACEFUL."
        if denial := fail("terminate.forceful", wit.Location_Body("/terminationType"), detail):
            return denial

    id = unquote(route[1])
    fact = next((fact.answer for fact in context.facts if fact.name == "vnfInstance"), None)
    if fact is None:
        # The host asks the VNFM, and calls again with the answer.
        return wit.Outcome_Need([wit.FactQuery("vnfInstance", [wit.Pair("vnfInstanceId", id)])])
    path = wit.Location_Path("vnfInstanceId")
    if isinstance(fact, wit.FactAnswer_Absent):
        return fail("terminate.exists", path, f"The VNFM knows no VNF instance {id}.")
    # Withheld and unavailable: nothing is known, so nothing is wrong.
    if isinstance(fact, wit.FactAnswer_Found):
        instance = parsed(fact.value.body)
        if isinstance(instance, dict) and instance.get("instantiationState") == "NOT_INSTANTIATED":
            return fail("terminate.state", path, f"VNF instance {id} is NOT_INSTANTIATED. Instantiate it first.")
    return None


def settings_of(context):
    """The options and severities in force: those of the manifest, and what the operator has set."""
    options = {name: default for name, (default, _) in OPTIONS.items()}
    severities = {}
    for setting in context.settings:
        if isinstance(setting, wit.Setting_Option):
            options[setting.value.name] = json.loads(setting.value.value)
        else:
            rule, severity = setting.value
            severities[rule] = severity
    return options, severities


def broken(rule, location, detail, severities, findings):
    """A rule is broken: a denial, or a finding, or nothing, by the severity of the rule."""
    severity = severities.get(rule, wit.Severity.DENY)
    status, title = RULES[rule]
    violation = wit.Violation(rule, location, printable(detail), None)
    if severity == wit.Severity.DENY:
        return wit.Outcome_Deny(wit.Denial(status, rule, title, violation.detail, [violation], [], findings))
    if severity != wit.Severity.OFF:
        findings.append(wit.Finding(severity, status, violation))
    return None


def parsed(text):
    """The value of JSON text; None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def printable(text):
    """The host takes no control characters, and no text of more than 4096 bytes."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "\ufffd", text)[:1000]
