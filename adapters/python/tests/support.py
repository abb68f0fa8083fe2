"""What the tests share: the library, and requests as a server passes them on."""

import io
import json
import os
import pathlib
import unittest

INSTANCE = "/vnflcm/v2/vnf_instances/11111111-0000-4000-8000-000000000001"
OPERATION = "/vnflcm/v2/vnf_lcm_op_occs/22222222-0000-4000-8000-000000000001"
FIELDS = {"HTTP_VERSION": "2.0.0", "HTTP_ACCEPT": "application/json"}
TERMINATE = b'{"terminationType": "FORCEFUL"}'


def find_library():
    """The library of this build, or the one that the environment names."""
    built = pathlib.Path(__file__).parents[3] / "target/release/libsolgate.so"
    library = os.environ.get("SOLGATE_LIBRARY", built)
    return str(library) if pathlib.Path(library).is_file() else None


LIBRARY = find_library()

needs_library = unittest.skipUnless(
    LIBRARY, "libsolgate.so is not built: run `make build`, or set SOLGATE_LIBRARY"
)


def environ(method, path, body=b"", query="", **entries):
    """The environ of a request with the usual fields."""
    given = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "vnfm.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **FIELDS,
    }
    if body:
        given["CONTENT_TYPE"] = "application/json"
        given["CONTENT_LENGTH"] = str(len(body))
    given.update(entries)
    return {key: value for key, value in given.items() if value is not None}


class Response:
    """What a server would send."""

    def __init__(self, application, given):
        written = []

        def start_response(status, headers, exc_info=None):
            self.status = int(status[:3])
            self.fields = {name.lower(): value for name, value in headers}
            return written.append

        parts = application(given, start_response)
        try:
            self.body = b"".join([*written, *parts])
        finally:
            if hasattr(parts, "close"):
                parts.close()

    def rules(self):
        """The rules that ProblemDetails names."""
        return [entry["rule"] for entry in json.loads(self.body)["violations"]]


class Vnfm:
    """An application that answers facts from a table, and the rest with 202."""

    def __init__(self, **facts):
        self.facts = facts
        #: The environs of all requests, with their bodies.
        self.received = []

    def __call__(self, given, start_response):
        body = given["wsgi.input"].read()
        self.received.append((dict(given), body))
        name = given["PATH_INFO"].split("/")[3]
        if given["REQUEST_METHOD"] == "GET" and name in self.facts:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(self.facts[name]).encode()]
        start_response("202 Accepted", [("Location", "/vnflcm/v2/vnf_lcm_op_occs/1")])
        return []

    def dispatched(self):
        """The requests that a client sent, without those for facts."""
        return [
            (given, body)
            for given, body in self.received
            if given["REQUEST_METHOD"] != "GET"
        ]


def instantiated(open_operations=()):
    """A VNFM with one instance."""
    instance = {"id": "1", "instantiationState": "INSTANTIATED"}
    return Vnfm(vnf_instances=instance, vnf_lcm_op_occs=list(open_operations))
