"""Reading a request's body and giving it back."""

import io
from typing import Any, Optional, Tuple

from ._environ import Environ

_PART = 64 * 1024


class UnreadableBody(Exception):
    """The body cannot be read; ``status`` is what HTTP says to that."""

    def __init__(self, status: int, detail: str):
        super().__init__(detail)
        self.status = status


def take(environ: Environ, limit: int) -> Tuple[bytes, bool]:
    """The body, and whether that is all of it.

    Of a longer body than ``limit`` only the start is read. A whole body can be
    read from the environ once more.
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
    elif len(body) < length:
        raise UnreadableBody(400, "The request ended before its body was complete.")
    environ["wsgi.input"] = io.BytesIO(body)
    return body, True


def _length(environ: Environ) -> Optional[int]:
    """How long the body is; None if it ends where the input does."""
    text = environ.get("CONTENT_LENGTH")
    if text:
        if not (text.isascii() and text.isdigit()):
            raise UnreadableBody(400, "Content-Length is not a decimal number.")
        return int(text)
    if "HTTP_TRANSFER_ENCODING" not in environ:
        return 0
    # eventlet's input ends with the body, too, although it does not say so.
    if environ.get("wsgi.input_terminated") or "eventlet.input" in environ:
        return None
    raise UnreadableBody(
        411, "This server does not pass chunked bodies on; send Content-Length."
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
