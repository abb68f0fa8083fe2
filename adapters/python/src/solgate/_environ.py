"""The request that a WSGI environ describes."""

from typing import Any, Dict, List, Tuple
from urllib.parse import quote, unquote_to_bytes

from .gate import Fields

Environ = Dict[str, Any]

# What may stand in a path as it is (RFC 3986, 3.3).
_PATH_CHARACTERS = "/:@!$&'()*+,;=~-._"


def target(environ: Environ) -> str:
    """The request target, as the client sent it if the server tells.

    A target that does not lead to what the application sees is of no use: what
    is judged must be what is carried out. It is then written anew from what the
    application sees, in which the client's way of percent-encoding is lost.
    """
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    query = environ.get("QUERY_STRING", "")
    for received in _received_targets(environ):
        received_path, _, received_query = received.partition("?")
        if decoded(received_path) == path and received_query == query:
            return received
    written = quote(path.encode("latin-1"), safe=_PATH_CHARACTERS) or "/"
    return f"{written}?{query}" if query else written


def _received_targets(environ: Environ) -> List[str]:
    # gunicorn and Werkzeug; waitress, cheroot and Werkzeug.
    targets = [environ[key] for key in ("RAW_URI", "REQUEST_URI") if key in environ]
    # eventlet. It sets QUERY_STRING only if there is a question mark.
    if "RAW_PATH_INFO" in environ:
        mark = "?" if "QUERY_STRING" in environ else ""
        raw_path = environ["RAW_PATH_INFO"]
        targets.append(f"{raw_path}{mark}{environ.get('QUERY_STRING', '')}")
    return targets


def decoded(path: str) -> str:
    """A percent-encoded path the way PATH_INFO has it."""
    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


def fields(environ: Environ) -> Fields:
    """The header fields in the order of the request, if the server tells.

    eventlet does. Others fold repeated fields into one, or keep the last only,
    and nobody can tell afterwards.
    """
    if "headers_raw" in environ:
        return list(environ["headers_raw"])
    found: List[Tuple[str, str]] = []
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            found.append((_field_name(key[len("HTTP_") :]), value))
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            found.append((_field_name(key), value))
    return found


def _field_name(key: str) -> str:
    return key.replace("_", "-").title()
