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
    query = environ.get("QUERY_STRING")
    # Taken from what the server tells, so that nothing is encoded differently.
    target = environ["RAW_PATH_INFO"] + (f"?{query}" if query else "")
    backend = http.client.HTTPConnection(_BACKEND, timeout=30)
    backend.putrequest(
        environ["REQUEST_METHOD"], target, skip_host=True, skip_accept_encoding=True
    )
    for name, value in environ["headers_raw"]:
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
