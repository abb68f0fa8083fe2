"""The API server of OpenStack Tacker on loopback, for tests.

Everything that answers is Tacker's own: its paste pipeline, its routers, its
validators, its database models. What this program brings is a configuration
without Keystone and without a broker, and a database with something in it.

It stops at once on SIGTERM. Tacker's own launcher does not, and listens with
SO_REUSEPORT, so that a server that is about to end goes on answering.
"""

import argparse
import pathlib
import uuid

import eventlet

eventlet.monkey_patch()

import eventlet.wsgi  # noqa: E402
from oslo_config import cfg  # noqa: E402
from tacker import context  # noqa: E402
from tacker import objects  # noqa: E402
from tacker.common import config  # noqa: E402
from tacker.sol_refactored import objects as sol_objects  # noqa: E402

import seed  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent


def main():
    arguments = parse_arguments()
    options = ["--state_path", arguments.state]
    for file in [HERE / "tacker.conf", *arguments.config]:
        options += ["--config-file", str(file)]
    config.init(options)
    cfg.CONF.set_override("api_paste_config", str(arguments.paste.resolve()))
    config.setup_logging(cfg.CONF)
    objects.register_all()
    sol_objects.register_all()
    give_the_administrator_an_id()
    seed.create_database(HERE / "seed.json")

    # Before the application is made, so that a port that is taken is an error
    # at once.
    listener = eventlet.listen(("127.0.0.1", arguments.port), reuse_port=False)
    application = with_caller(config.load_paste_app("tacker"))
    eventlet.wsgi.server(listener, application)


def with_caller(application):
    """Version 1 of the API takes its caller from the filter that asks Keystone.

    Without Keystone nobody says who calls, and each answer would be 500. Version 2
    takes the administrator then.
    """

    def call(environ, start_response):
        if environ["PATH_INFO"].startswith("/vnflcm/v1"):
            environ.setdefault("tacker.context", context.get_admin_context())
        return application(environ, start_response)

    return call


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", required=True, help="an empty folder")
    parser.add_argument("--paste", type=pathlib.Path, required=True)
    parser.add_argument(
        "--config", action="append", default=[], help="settings beside tacker.conf"
    )
    return parser.parse_args()


def give_the_administrator_an_id():
    """Without Keystone every request is the administrator's, who has no ids.

    Tacker's access rules then compare None with what they expect to be the id
    of a user, and fail.
    """
    user, project = str(uuid.uuid4()), str(uuid.uuid4())

    def get_admin_context():
        return context.Context(
            user_id=user,
            tenant_id=project,
            is_admin=True,
            roles=["admin"],
            overwrite=False,
        )

    context.get_admin_context = get_admin_context


if __name__ == "__main__":
    main()
