"""A VNFM that reads a request as Tacker does, with eventlet, WebOb and json, and
answers with what it read.

Usage: webob_json.py PORT
"""

import json
import struct
import sys

import eventlet

eventlet.monkey_patch()

import eventlet.wsgi  # noqa: E402
import webob  # noqa: E402
from webob.dec import wsgify  # noqa: E402

FIELDS = ("Accept", "Authorization", "Content-Type", "Host", "If-Match", "Version", "X-Auth-Token")


def number(value):
    """An integer in decimal, or the bits of a double."""
    if isinstance(value, float):
        if not value.is_integer():
            return struct.pack(">d", value).hex()
        value = int(value)
    return str(value)


def canonical(value):
    """A tree that says of each value what it is."""
    if isinstance(value, dict):
        return {"object": sorted([name, canonical(member)] for name, member in value.items())}
    if isinstance(value, list):
        return {"array": [canonical(item) for item in value]}
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {"number": number(value)}
    return value


def body(request):
    if not request.body:
        return None
    try:
        return {"json": canonical(json.loads(request.body))}
    except (ValueError, OverflowError, RecursionError):
        return {"error": True}


@wsgify
def application(request):
    try:
        path = request.path_info.split("/")[1:]
        query = [list(pair) for pair in request.GET.items()]
    except UnicodeDecodeError:
        path, query = None, None
    fields = {name.lower(): request.headers[name].replace(", ", ",") for name in FIELDS if name in request.headers}
    report = {"method": request.method, "path": path, "query": query, "fields": fields, "body": body(request)}
    return webob.Response(json=report)


listener = eventlet.listen(("127.0.0.1", int(sys.argv[1])), reuse_port=False)
eventlet.wsgi.server(listener, application, url_length_limit=65536)
