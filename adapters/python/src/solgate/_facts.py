"""Asking the wrapped application for facts, without leaving the process."""

import io
from typing import Any, Callable, List, Optional, Tuple

from ._environ import Environ, decoded
from .gate import Question, Reply

# Describe the request that is judged. Identity that was established before the
# gate, such as REMOTE_USER, is in other entries and stays.
_OF_THE_REQUEST = ("CONTENT_TYPE", "CONTENT_LENGTH", "wsgi.input_terminated")
# Header fields, and what WebOb and Werkzeug remember of the request.
_OF_THE_REQUEST_TOO = ("HTTP_", "webob.", "werkzeug.")


def ask_application(
    application: Callable[..., Any], question: Question, environ: Environ
) -> Optional[Reply]:
    """The application's answer; None if the question is not below its root.

    The call is an ordinary one, in the thread that judges: it needs no second
    thread or connection, so it works in a server that has only one.
    """
    path, _, query = question.target.partition("?")
    root = environ.get("SCRIPT_NAME", "")
    if not decoded(path).startswith(f"{root}/"):
        return None
    fields = list(question.fields)
    if "HTTP_HOST" in environ:
        fields.append(("Host", environ["HTTP_HOST"]))
    asked = {
        key: value
        for key, value in environ.items()
        if key not in _OF_THE_REQUEST and not key.startswith(_OF_THE_REQUEST_TOO)
    }
    asked.update(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": decoded(path)[len(root) :],
            "QUERY_STRING": query,
            "wsgi.input": io.BytesIO(),
        }
    )
    for name, value in fields:
        key = "HTTP_" + name.upper().replace("-", "_")
        asked[key] = f"{asked[key]},{value}" if key in asked else value
    # What only some servers give, and some applications look at.
    server_specific = {
        "RAW_URI": question.target,
        "REQUEST_URI": question.target,
        "RAW_PATH_INFO": path,
        "headers_raw": tuple(fields),
    }
    asked.update((key, server_specific[key]) for key in server_specific if key in asked)
    return _call(application, asked)


def _call(application: Callable[..., Any], environ: Environ) -> Reply:
    head: List[Tuple[str, List[Tuple[str, str]]]] = []
    body: List[bytes] = []

    def start_response(
        status: str, headers: List[Tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        if exc_info is None and head:
            raise AssertionError("start_response was called twice")
        head[:] = [(status, list(headers))]
        return body.append

    parts = application(environ, start_response)
    try:
        body.extend(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    status, fields = head[0]
    return Reply(status=int(status[:3]), fields=fields, body=b"".join(body))
