"""What ``solgate.h`` declares, for ctypes."""

import ctypes
import os
import pathlib
import sys
from ctypes import POINTER, c_bool, c_char, c_char_p, c_int32, c_size_t, c_uint16
from ctypes import c_uint32, c_void_p
from typing import Optional, Tuple

VERSION = 1

ALLOW = 0
DENY = 1
NEED = 2


class Text(ctypes.Structure):
    """Bytes with a length; ``data`` may be null if there are none."""

    _fields_ = [("data", POINTER(c_char)), ("length", c_size_t)]


class Field(ctypes.Structure):
    _fields_ = [("name", Text), ("value", Text)]


class Request(ctypes.Structure):
    _fields_ = [
        ("method", Text),
        ("target", Text),
        ("fields", POINTER(Field)),
        ("field_count", c_size_t),
        ("body", Text),
        ("body_complete", c_bool),
        ("source_address", Text),
        ("caller", Text),
    ]


class Question(ctypes.Structure):
    _fields_ = [
        ("target", Text),
        ("fields", POINTER(Field)),
        ("field_count", c_size_t),
    ]


class Reply(ctypes.Structure):
    _fields_ = [
        ("status", c_uint16),
        ("fields", POINTER(Field)),
        ("field_count", c_size_t),
        ("body", Text),
    ]


class Answer(ctypes.Structure):
    _fields_ = [
        ("status", c_uint16),
        ("fields", POINTER(Field)),
        ("field_count", c_size_t),
        ("body", Text),
        ("decision", Text),
    ]


# Name, result, arguments. Gates and evaluations are opaque.
_FUNCTIONS: Tuple[Tuple[str, object, Tuple[object, ...]], ...] = (
    ("solgate_abi_version", c_uint32, ()),
    ("solgate_gate_new", c_void_p, (c_char_p, c_size_t, c_char_p, c_size_t)),
    ("solgate_gate_free", None, (c_void_p,)),
    ("solgate_gate_body_limit", c_size_t, (c_void_p,)),
    ("solgate_gate_facts_timeout", c_uint32, (c_void_p,)),
    ("solgate_evaluation_new", c_void_p, (c_void_p, POINTER(Request))),
    ("solgate_evaluation_free", None, (c_void_p,)),
    ("solgate_evaluate", c_int32, (c_void_p,)),
    ("solgate_question_count", c_size_t, (c_void_p,)),
    ("solgate_question_get", c_bool, (c_void_p, c_size_t, POINTER(Question))),
    ("solgate_supply", c_bool, (c_void_p, c_size_t, POINTER(Reply))),
    ("solgate_answer_get", c_bool, (c_void_p, POINTER(Answer))),
)


def load(library: Optional[str]) -> ctypes.CDLL:
    """Loads the library and declares its functions.

    Raises OSError if it cannot be loaded, or is made for another version of the
    interface.
    """
    path = library or os.environ.get("SOLGATE_LIBRARY") or _beside_the_package()
    loaded = ctypes.CDLL(path)
    try:
        for name, result, arguments in _FUNCTIONS:
            function = getattr(loaded, name)
            function.restype = result
            function.argtypes = arguments
    except AttributeError as missing:
        raise OSError(f"{path} is not libsolgate: {missing}") from missing
    version = loaded.solgate_abi_version()
    if version != VERSION:
        raise OSError(
            f"{path} has version {version} of the interface, this package needs"
            f" version {VERSION}: install both from the same release"
        )
    return loaded


def _beside_the_package() -> str:
    name = "libsolgate.dylib" if sys.platform == "darwin" else "libsolgate.so"
    path = pathlib.Path(__file__).resolve().parent / name
    if not path.is_file():
        raise OSError(
            f"{path} does not exist: put the library there, name it in the"
            " environment variable SOLGATE_LIBRARY, or pass its path"
        )
    return str(path)
