"""Reading a request's body and giving it back."""

import io
from typing import Any, Optional, Tuple

from ._environ import Environ

_PART = 64 * 1024


class UnreadableBody(Exception):
    """Where the body ends cannot be told."""


def take(environ: Environ, limit: int) -> Tuple[bytes, bool]:
    """The body, and whether that is all of it.

    Of a body that is longer than ``limit`` only the start is read. A whole one can
    be read from the environ once more. Whether it is as long as Content-Length
    says is for the gate to judge.
    """
    length = _length(environ)
    wanted = limit + 1 if length is None else min(length, limit + 1)
    body = _read(environ["wsgi.input"], wanted)
    if len(body) > limit:
        return body, False
    if length is None:
        # The chunks are no more, and not every application looks for them.
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    return body, True


def _length(environ: Environ) -> Optional[int]:
    """How much there is to read; None if the input ends with the body."""
    text = environ.get("CONTENT_LENGTH") or ""
    if text or "HTTP_TRANSFER_ENCODING" not in environ:
        # The gate refuses what is not a number, whatever the body.
        return int(text) if text.isascii() and text.isdigit() else 0
    # eventlet's input ends with the body, too, although it does not say so.
    if environ.get("wsgi.input_terminated") or "eventlet.input" in environ:
        return None
    raise UnreadableBody(
        "This server does not pass chunked bodies on; send Content-Length."
    )


def _read(source: Any, wanted: int) -> bytes:
    """Reads until there is enough, or no more."""
    parts = []
    while wanted > 0:
        part = source.read(min(wanted, _PART))
        if not part:
            break
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)
