#!/usr/bin/env bash
# cel-python 0.5.0 (PyPI): `1.5 > 1` is true, and `1 < 1.5` cannot be evaluated.
#
# Guess: the two say the same, whichever edition of the language it follows: today's compares
# numbers of different types by their value, an older one had an error for all of it.
# Seen: a double on the left of an order is compared with an integer; an integer on the left
# of a double has "no matching overload", so `1.5 > 1` is true and `1 < 1.5` fails, and with the
# value 2 or 2.5 that a JSON body has, a rule works with the one and fails with the other.
# `1 == 1.0`, `2.5 == 2` and `'a' == 1` fail as well, and `list[-1]`, which the language has as
# an error, is the last item. The crate cel 0.15.0 is as the definition says in all of these.
# Source: cel-spec, doc/langdef.md, sections on equality and ordering; the output below.
# Why it matters here: JSON has one type of numbers, and policies tried in Python before they
# become a bundle are written around these errors, or rely on the last item. Solgate compares
# numbers by their value (docs/expressions.md), and a place below 0 cannot be evaluated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check cel-python==0.5.0 >/dev/null
environment/bin/python - <<'PYTHON'
import json

import celpy


def value(expression, body="{}"):
    environment = celpy.Environment()
    try:
        return environment.program(environment.compile(expression)).evaluate(
            {"body": celpy.json_to_cel(json.loads(body))}
        )
    except celpy.CELEvalError as error:
        return "no overload" if "overload" in str(error) else str(error)


seen = {
    expression: value(expression)
    for expression in ("1.5 > 1", "1 < 1.5", "1 == 1.0", "2.5 == 2", "'a' == 1", "[1, 2][-1]")
}
body = {number: value("body.n > 1.5", f'{{"n": {number}}}') for number in ("2.5", "2")}
print(seen)
print("body.n > 1.5 for", body)
assert seen == {
    "1.5 > 1": True, "1 < 1.5": "no overload", "1 == 1.0": "no overload",
    "2.5 == 2": "no overload", "'a' == 1": "no overload", "[1, 2][-1]": 2,
}, "the behaviour has changed"
assert body == {"2.5": True, "2": "no overload"}, "the behaviour has changed"
PYTHON
