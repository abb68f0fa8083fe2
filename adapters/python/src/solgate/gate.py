"""The gate: policies that judge one request at a time.

The texts of a message's head are native strings as in WSGI (PEP 3333): every
character stands for one byte. Bodies are bytes.
"""

import ctypes
import enum
import os
import weakref
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Sequence, Tuple

from . import _abi

Fields = Sequence[Tuple[str, str]]

_ERROR_SIZE = 4096


class GateError(Exception):
    """The gate cannot do what it was asked for."""


class LibraryError(GateError):
    """libsolgate cannot be used."""


class ConfigurationError(GateError):
    """The configuration is wrong, or a policy that it names cannot be loaded."""


class Verdict(enum.IntEnum):
    """What became of an evaluation."""

    ALLOW = _abi.ALLOW
    DENY = _abi.DENY
    #: Facts are needed: see :meth:`Evaluation.questions`.
    NEED = _abi.NEED


@dataclass(frozen=True)
class Request:
    """A request, as received and as the application will see it."""

    method: str
    #: Path and query, percent-encoded.
    target: str
    #: All header fields in order, repeated ones repeated.
    fields: Fields = ()
    body: bytes = b""
    #: False if the body is longer: ``body`` is then a prefix of at least
    #: :attr:`Gate.body_limit` bytes.
    body_complete: bool = True
    #: The client's address, or empty.
    source_address: str = ""
    #: JSON text of what has been verified about the caller, or empty.
    caller: str = ""


@dataclass(frozen=True)
class Question:
    """A fact that a policy needs: a GET to the VNFM."""

    target: str
    #: To be sent; Host is the asker's.
    fields: Fields = ()


@dataclass(frozen=True)
class Reply:
    """What the VNFM answered to a question."""

    status: int
    fields: Fields = ()
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """The outcome of an evaluation.

    After a denial this is the response to send. After an admission ``status`` is
    0, and ``fields`` are to be added to the application's response.
    """

    status: int
    fields: Fields = ()
    body: bytes = b""
    #: One JSON object, for a log.
    decision: str = ""

    @property
    def allowed(self) -> bool:
        return self.status == 0


class Gate:
    """Policies and settings, for all threads of one process.

    Create it after the process has forked: what watches over the time limits of
    policies is a thread, and a child does not inherit threads.
    """

    def __init__(self, configuration: str = "", library: Optional[str] = None):
        """Loads the policies.

        ``configuration`` is YAML or JSON text; empty means the built-in policy,
        enforced. The library is looked for at the path ``library``, or where the
        environment variable ``SOLGATE_LIBRARY`` says, or beside this module.
        """
        try:
            self._library = _abi.load(library)
        except OSError as error:
            raise LibraryError(f"libsolgate cannot be loaded: {error}") from error
        text = configuration.encode()
        reason = ctypes.create_string_buffer(_ERROR_SIZE)
        pointer = self._library.solgate_gate_new(text, len(text), reason, _ERROR_SIZE)
        if not pointer:
            raise ConfigurationError(reason.value.decode("utf-8", "replace"))
        self._pointer: Optional[int] = pointer
        self._free = weakref.finalize(
            self, _free_in, os.getpid(), self._library.solgate_gate_free, pointer
        )
        # The end of the process frees it as well, and other threads may still
        # be using it then.
        self._free.atexit = False

    @property
    def body_limit(self) -> int:
        """The longest body that the policies look at.

        Whoever reads a body for the gate needs to read one byte more at most.
        """
        return int(self._library.solgate_gate_body_limit(self._open()))

    @property
    def facts_timeout(self) -> float:
        """How many seconds a fact may take."""
        return int(self._library.solgate_gate_facts_timeout(self._open())) / 1000

    def evaluation(self, request: Request) -> "Evaluation":
        """Begins to judge a request."""
        return Evaluation(self._library, self._open(), request)

    def judge(
        self, request: Request, ask: Callable[[Question], Optional[Reply]]
    ) -> Answer:
        """Judges a request to the end.

        ``ask`` is called for every fact; None means that there was no answer.
        """
        with self.evaluation(request) as evaluation:
            while evaluation.evaluate() is Verdict.NEED:
                for index, question in enumerate(evaluation.questions()):
                    evaluation.supply(index, ask(question))
            return evaluation.answer()

    def close(self) -> None:
        """Frees the policies; the gate cannot be used any more."""
        self._pointer = None
        self._free()

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> int:
        if self._pointer is None:
            raise GateError("the gate is closed")
        return self._pointer


class Evaluation:
    """One request being judged; to be used by one thread at a time."""

    def __init__(self, library: Any, gate: int, request: Request):
        self._library = library
        with _Lent() as lent:
            given = _abi.Request(
                method=lent.text(request.method),
                target=lent.text(request.target),
                body=lent.octets(request.body),
                body_complete=request.body_complete,
                source_address=lent.text(request.source_address),
                caller=lent.octets(request.caller.encode()),
            )
            given.fields, given.field_count = lent.fields(request.fields)
            pointer = library.solgate_evaluation_new(gate, ctypes.byref(given))
        if not pointer:
            raise GateError("the request could not be taken")
        self._pointer: Optional[int] = pointer
        self._process = os.getpid()
        self._free = weakref.finalize(
            self, _free_in, self._process, library.solgate_evaluation_free, pointer
        )
        self._free.atexit = False

    def evaluate(self) -> Verdict:
        """Goes on until there is a verdict, or a question."""
        return Verdict(self._library.solgate_evaluate(self._open()))

    def questions(self) -> List[Question]:
        """The facts that are needed, after :attr:`Verdict.NEED`."""
        pointer = self._open()
        questions = []
        for index in range(self._library.solgate_question_count(pointer)):
            question = _abi.Question()
            if not self._library.solgate_question_get(
                pointer, index, ctypes.byref(question)
            ):
                raise GateError(f"question {index} could not be read")
            questions.append(
                Question(target=_string(question.target), fields=_fields(question))
            )
        return questions

    def supply(self, index: int, reply: Optional[Reply]) -> None:
        """Gives the reply to a question; None if there was no answer."""
        pointer = self._open()
        reply = reply or Reply(status=0)
        with _Lent() as lent:
            given = _abi.Reply(status=reply.status, body=lent.octets(reply.body))
            given.fields, given.field_count = lent.fields(reply.fields)
            taken = self._library.solgate_supply(pointer, index, ctypes.byref(given))
        if not taken:
            raise GateError(f"the reply to question {index} was not taken")

    def answer(self) -> Answer:
        """The outcome, once there is a verdict."""
        answer = _abi.Answer()
        if not self._library.solgate_answer_get(self._open(), ctypes.byref(answer)):
            raise GateError("there is no verdict yet")
        return Answer(
            status=answer.status,
            fields=_fields(answer),
            body=_bytes(answer.body),
            decision=_bytes(answer.decision).decode(),
        )

    def close(self) -> None:
        """Frees the evaluation; it cannot be used any more."""
        self._pointer = None
        self._free()

    def __enter__(self) -> "Evaluation":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> int:
        if self._pointer is None:
            raise GateError("the evaluation is closed")
        if os.getpid() != self._process:
            raise GateError("the evaluation was begun before the process forked")
        return self._pointer


class _Lent:
    """Keeps bytes alive while the library looks at them."""

    def __init__(self) -> None:
        self._kept: List[object] = []

    def octets(self, value: bytes) -> _abi.Text:
        self._kept.append(value)
        data = ctypes.cast(ctypes.c_char_p(value), ctypes.POINTER(ctypes.c_char))
        return _abi.Text(data=data, length=len(value))

    def text(self, value: str) -> _abi.Text:
        return self.octets(value.encode("latin-1"))

    def fields(self, fields: Fields) -> Tuple[Any, int]:
        array = (_abi.Field * len(fields))()
        for entry, (name, value) in zip(array, fields):
            entry.name, entry.value = self.text(name), self.text(value)
        self._kept.append(array)
        return array, len(fields)

    def __enter__(self) -> "_Lent":
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.clear()


def _bytes(text: _abi.Text) -> bytes:
    return ctypes.string_at(text.data, text.length) if text.length else b""


def _string(text: _abi.Text) -> str:
    return _bytes(text).decode("latin-1")


def _fields(holder: Any) -> Fields:
    entries = (holder.fields[index] for index in range(holder.field_count))
    return [(_string(entry.name), _string(entry.value)) for entry in entries]


def _free_in(process: int, free: Callable[[int], None], pointer: int) -> None:
    """Frees in the process that allocated.

    In a child that inherited the memory, the threads that belong to it do not
    exist, and waiting for them would not end.
    """
    if os.getpid() == process:
        free(pointer)
