"""One gate for each process, created when it is first needed."""

import os
import threading
import time
from typing import Optional

from .gate import Gate, GateError

#: How long a gate that could not be created is not tried again, in seconds.
RETRY_AFTER = 5


class PerProcess:
    """Creates the gate in the process that uses it.

    Servers load an application once and fork then; a gate that is made before
    does not work in the children.
    """

    def __init__(self, configuration: str, library: Optional[str]):
        self._configuration = configuration
        self._library = library
        self._forget(os.getpid())

    def get(self) -> Gate:
        """The gate of this process.

        Raises GateError if it cannot be created, and for a while after that
        without another attempt.
        """
        process = os.getpid()
        if process != self._process:
            # The lock may have been held by a thread of the parent.
            self._forget(process)
        if self._gate is not None:
            return self._gate
        with self._lock:
            return self._gate or self._create()

    def _forget(self, process: int) -> None:
        self._lock = threading.Lock()
        self._gate: Optional[Gate] = None
        self._failure = ""
        self._failed_at = 0.0
        self._process = process

    def _create(self) -> Gate:
        now = time.monotonic()
        if self._failure and now - self._failed_at < RETRY_AFTER:
            raise GateError(self._failure)
        try:
            self._gate = Gate(self._configuration, self._library)
        except GateError as error:
            self._failure, self._failed_at = str(error), now
            raise
        return self._gate
