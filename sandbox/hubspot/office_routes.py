"""Which path leads to which handler, beside the records: the account, its people, schemas, files in and out, forms."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.hubspot import account, owners, schemas
from sandbox.hubspot.addresses import DATED

Add = Callable[..., None]
_SCHEMA_READ = "crm.schemas.custom.read|crm.objects.custom.read"
_SCHEMA_WRITE = "crm.schemas.custom.write"


def add_office_routes(add: Add) -> None:
    """`add` takes method, pattern, handler, what it needs and, where not all have it, the versions."""
    _add_account(add)
    _add_schemas(add)


def _add_account(add: Add) -> None:
    add("GET", "/owners", owners.list_owners, "crm.objects.owners.read")
    add("GET", "/owners/{owner_id}", owners.get_owner, "crm.objects.owners.read")
    add("GET", "/users", owners.list_users, "settings.users.read")
    add("GET", "/account-info/details", account.details, "")
    add("GET", "/account-info/api-usage/daily/private-apps", account.daily_usage, "")


def _add_schemas(add: Add) -> None:
    versions = ("v3", *DATED)
    one = "/schemas/{kind}"
    add("GET", "/schemas", schemas.list_schemas, _SCHEMA_READ, versions)
    add("POST", "/schemas", schemas.create_schema, _SCHEMA_WRITE, versions)
    add("POST", "/schemas/batch/read", schemas.read_batch, _SCHEMA_READ, versions)
    add("GET", one, schemas.get_schema, _SCHEMA_READ, versions)
    add("PATCH", one, schemas.update_schema, _SCHEMA_WRITE, versions)
    add("DELETE", one, schemas.delete_schema, _SCHEMA_WRITE, versions)
    add("POST", f"{one}/associations", schemas.create_association, _SCHEMA_WRITE, versions)
    add("DELETE", f"{one}/associations/{{association_id}}", schemas.delete_association, _SCHEMA_WRITE, versions)
