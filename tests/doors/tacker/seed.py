"""The database of a Tacker that has been at work for a while."""

import json

from tacker import context
from tacker.db import api as db_api
from tacker.db import model_base
from tacker.db.db_sqlalchemy import models as _v1  # noqa: F401
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
