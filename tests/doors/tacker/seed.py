"""The database of a Tacker that has been at work for a while.

Tacker keeps what was made by version 1 of its API, and what was made by version 2, in
tables of their own: neither version shows what the other has.
"""

import datetime
import json

from tacker import context
from tacker.db import api as db_api
from tacker.db import model_base
from tacker.db.db_sqlalchemy import models as v1_models
from tacker.sol_refactored import objects
from tacker.sol_refactored.db.sqlalchemy import models as _v2  # noqa: F401


def create_database(path):
    """Makes the tables, and the objects that a JSON file lists."""
    model_base.BASE.metadata.create_all(db_api.get_engine())
    content = json.loads(path.read_text())
    admin = context.get_admin_context()
    for instance in content["vnfInstances"]:
        objects.VnfInstanceV2.from_dict(instance).create(admin)
    for occurrence in content["vnfLcmOpOccs"]:
        objects.VnfLcmOpOccV2.from_dict(occurrence).create(admin)
    create_v1(content["v1"], admin)


def create_v1(content, admin):
    """What version 1 of the API has, by the columns of its tables: its objects choose
    identifiers themselves."""
    long_ago = datetime.datetime(2026, 1, 1)
    common = {"tenant_id": admin.project_id, "deleted": False}
    with db_api.get_engine().begin() as connection:
        for instance in content["vnfInstances"]:
            row = {**common, **instance}
            connection.execute(v1_models.VnfInstance.__table__.insert(), row)
        for occurrence in content["vnfLcmOpOccs"]:
            row = {
                **common,
                "state_entered_time": long_ago,
                "start_time": long_ago,
                "is_automatic_invocation": False,
                "is_cancel_pending": False,
                "error_point": 1,
                **occurrence,
            }
            connection.execute(v1_models.VnfLcmOpOccs.__table__.insert(), row)
