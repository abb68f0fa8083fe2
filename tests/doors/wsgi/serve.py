"""Serves the application of `wsgi.py` with eventlet, on loopback.

Usage: serve.py PORT
"""

import sys

import eventlet

eventlet.monkey_patch()

import eventlet.wsgi  # noqa: E402

from wsgi import application  # noqa: E402

listener = eventlet.listen(("127.0.0.1", int(sys.argv[1])), reuse_port=False)
eventlet.wsgi.server(listener, application, url_length_limit=65536)
