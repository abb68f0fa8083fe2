#!/usr/bin/env bash
# WebOb 1.8.11 (PyPI): the attribute filter of SOL 013 is cut at its semicolon.
#
# Guess: a query is split at `&` only, as WHATWG's forms and Python's own urllib (since 3.9.2)
# have it; the semicolon of `filter=(eq,a,1);(eq,b,2)` is part of the value, as in the
# examples of ETSI GS NFV-SOL 013, 5.2.
# Seen: WebOb splits at semicolons as well. The filter is `(eq,a,1)`, and there is a second
# parameter `(eq,b,2)` without value. Encoded as %3B the filter is whole.
# Source: the output below.
# Why it matters here: OpenStack Tacker reads queries with WebOb. Its API version 2 ignores the
# second parameter: who asks for the failed operations of one instance gets the operations of
# that instance, all of them. Solgate's own questions send %3B, and docs/doors/tacker.md says
# that clients must do so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check --no-deps WebOb==1.8.11 legacy-cgi==2.6.4
environment/bin/python - <<'PYTHON'
from urllib.parse import parse_qs

from webob import Request

plain, encoded = "filter=(eq,a,1);(eq,b,2)", "filter=(eq,a,1)%3B(eq,b,2)"
for query in (plain, encoded):
    print(query, "is", dict(Request.blank(f"/?{query}").GET), "to WebOb and", parse_qs(query), "to urllib")
assert Request.blank(f"/?{plain}").GET["filter"] == "(eq,a,1)", "it is not split any more"
assert Request.blank(f"/?{encoded}").GET["filter"] == "(eq,a,1);(eq,b,2)"
PYTHON
