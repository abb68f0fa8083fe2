"""The gate as a filter of paste.deploy, the way OpenStack's services have them.

::

    [filter:solgate]
    paste.filter_factory = solgate.paste:filter_factory
    config = /etc/tacker/solgate-gate.yaml
    library = /usr/lib/libsolgate.so
"""

import pathlib
from typing import Any, Callable, Optional

from .wsgi import Application, GateMiddleware


def filter_factory(
    global_conf: Any,
    config: Optional[str] = None,
    library: Optional[str] = None,
) -> Callable[[Application], GateMiddleware]:
    """Makes the filter.

    ``config`` is the path of the gate's configuration; without it the built-in
    policy judges. ``library`` is the path of libsolgate.
    """
    configuration = pathlib.Path(config).read_text("utf-8") if config else ""

    def make(app: Application) -> GateMiddleware:
        return GateMiddleware(app, configuration, library=library)

    return make
