"""Solgate inside a Python process.

A request to a VNFM is judged before the application sees it, and what is
certainly wrong is answered with ProblemDetails. :mod:`solgate.wsgi` puts the
gate in front of a WSGI application, :mod:`solgate.paste` does so from a
paste.deploy configuration, and :mod:`solgate.gate` is for everything else.
"""

from .gate import (
    Answer,
    ConfigurationError,
    Evaluation,
    Gate,
    GateError,
    LibraryError,
    Question,
    Reply,
    Request,
    Verdict,
)

__all__ = [
    "Answer",
    "ConfigurationError",
    "Evaluation",
    "Gate",
    "GateError",
    "LibraryError",
    "Question",
    "Reply",
    "Request",
    "Verdict",
]
