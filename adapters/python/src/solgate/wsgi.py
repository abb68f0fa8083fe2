"""The gate in front of a WSGI application."""

import http
import json
import logging
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

from . import _body, _environ
from ._environ import Environ
from ._facts import ask_application
from ._per_process import RETRY_AFTER, PerProcess
from .gate import Answer, GateError, Question, Reply, Request

Application = Callable[..., Iterable[bytes]]
#: Asks the VNFM; gets the environ of the request that is judged as well.
Facts = Callable[[Question, Environ], Optional[Reply]]

_log = logging.getLogger("solgate")
#: One JSON object for every decision.
_decisions = logging.getLogger("solgate.decisions")


class GateMiddleware:
    """Lets only those requests through to ``app`` that the policies admit.

    ``configuration`` and ``library`` are those of :class:`solgate.gate.Gate`. The
    gate is created with the first request of a process, or by :meth:`prepare`.

    ``facts`` asks the VNFM for what a policy needs to know. By default the wrapped
    application is called, which suits servers of any kind, but not applications
    that must not be called a second time from within a request; then give a
    callable that sends the question some other way. It should answer within the
    time that the configuration has for a fact; None means that there was no
    answer.

    ``caller`` is called with the environ and returns what has been verified about
    the caller, as a dictionary, or None. Never let it return what a client merely
    said.

    If the gate itself fails, the request is answered with 500 or 503 and does not
    reach the application.
    """

    def __init__(
        self,
        app: Application,
        configuration: str = "",
        *,
        library: Optional[str] = None,
        facts: Optional[Facts] = None,
        caller: Optional[Callable[[Environ], Optional[Dict[str, Any]]]] = None,
    ):
        self._app = app
        self._gate = PerProcess(configuration, library)
        self._facts = facts or self._ask_app
        self._caller = caller

    def prepare(self) -> None:
        """Creates the gate now, so that the first request does not wait for it.

        To be called in the process that serves, after any fork. Raises
        :class:`solgate.gate.GateError`.
        """
        self._gate.get()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Any:
        try:
            answer = self._judge(environ)
        except _body.UnreadableBody as error:
            answer = _problem(411, "transport.length.required", str(error))
        except GateError as error:
            _log.error("the gate cannot be used: %s", error)
            detail = "The gate cannot be used; its log says why."
            answer = _problem(503, "gate.unusable", detail)
        except Exception:
            _log.exception("a request could not be judged")
            detail = "The request could not be judged."
            answer = _problem(500, "gate.internal", detail)
        if answer.allowed:
            return self._app(environ, _adding(start_response, answer.fields))
        return _respond(environ, start_response, answer)

    def _judge(self, environ: Environ) -> Answer:
        gate = self._gate.get()
        target, fields = _environ.target(environ), _environ.fields(environ)
        body, complete = _body.take(environ, gate.body_limit)
        caller = self._caller(environ) if self._caller else None
        request = Request(
            method=environ["REQUEST_METHOD"],
            target=target,
            fields=fields,
            body=body,
            body_complete=complete,
            source_address=environ.get("REMOTE_ADDR", ""),
            caller="" if caller is None else json.dumps(caller),
        )
        answer = gate.judge(request, lambda question: self._ask(question, environ))
        _decisions.info("%s", answer.decision)
        return answer

    def _ask(self, question: Question, environ: Environ) -> Optional[Reply]:
        try:
            return self._facts(question, environ)
        except Exception:
            _log.exception("the VNFM could not be asked for %s", question.target)
            return None

    def _ask_app(self, question: Question, environ: Environ) -> Optional[Reply]:
        return ask_application(self._app, question, environ)


def _adding(
    start_response: Callable[..., Any], fields: Iterable[Tuple[str, str]]
) -> Callable[..., Any]:
    """Adds fields to the application's response."""
    added = list(fields)
    if not added:
        return start_response

    def start(status: str, headers: List[Tuple[str, str]], *exc_info: Any) -> Any:
        return start_response(status, [*headers, *added], *exc_info)

    return start


def _respond(
    environ: Environ, start_response: Callable[..., Any], answer: Answer
) -> List[bytes]:
    length = ("Content-Length", str(len(answer.body)))
    start_response(_status_line(answer.status), [*answer.fields, length])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]


def _status_line(status: int) -> str:
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Refused"


def _problem(status: int, rule: str, detail: str) -> Answer:
    """ProblemDetails for what happens before there is a gate to word it."""
    problem = {
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "violations": [{"rule": rule, "detail": detail}],
    }
    fields = [("Content-Type", "application/problem+json")]
    if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
        fields.append(("Retry-After", str(RETRY_AFTER)))
    return Answer(status=status, fields=fields, body=json.dumps(problem).encode())
