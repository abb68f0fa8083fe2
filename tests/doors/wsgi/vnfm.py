"""A VNFM as a WSGI application, for tests: it passes everything on to another.

The other one is scripted by the test, and sees what the gate lets through.
"""

import http.client
import os
import urllib.parse

_BACKEND = urllib.parse.urlsplit(os.environ["VNFM"]).netloc
# About the connection that a request came on.
_HOP_BY_HOP = ("connection", "content-length", "expect", "transfer-encoding")


def application(environ, start_response):
    backend = http.client.HTTPConnection(_BACKEND, timeout=30)
    backend.putrequest(
        environ["REQUEST_METHOD"],
        _target(environ),
        skip_host=True,
        skip_accept_encoding=True,
    )
    for name, value in _fields(environ):
        if name.lower() not in _HOP_BY_HOP:
            backend.putheader(name, value)
    body = environ["wsgi.input"].read()
    if body:
        backend.putheader("Content-Length", str(len(body)))
    backend.endheaders(body)
    answer = backend.getresponse()
    content = answer.read()
    start_response(f"{answer.status} {answer.reason}", answer.getheaders())
    backend.close()
    return [content]


# What the server tells of the request as it was sent: gunicorn in RAW_URI,
# eventlet in the others.


def _target(environ):
    if "RAW_URI" in environ:
        return environ["RAW_URI"]
    query = environ.get("QUERY_STRING")
    return environ["RAW_PATH_INFO"] + (f"?{query}" if query else "")


def _fields(environ):
    if "headers_raw" in environ:
        return environ["headers_raw"]
    fields = [(key[5:], environ[key]) for key in environ if key.startswith("HTTP_")]
    fields.append(("Content-Type", environ.get("CONTENT_TYPE", "")))
    return [(name.replace("_", "-"), value) for name, value in fields]
