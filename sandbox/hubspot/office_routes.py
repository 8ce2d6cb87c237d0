"""Which path leads to which handler, beside the records: the account, its people, schemas, files in and out, forms."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.hubspot import account, account_activity, allowances, forms, owners, schemas, submissions, users
from sandbox.hubspot.addresses import DATED

Add = Callable[..., None]
_SCHEMA_READ = "crm.schemas.custom.read|crm.objects.custom.read"
_SCHEMA_WRITE = "crm.schemas.custom.write"


def add_office_routes(add: Add) -> None:
    """`add` takes method, pattern, handler, what it needs and, where not all have it, the versions."""
    _add_account(add)
    _add_users(add)
    _add_allowances(add)
    _add_schemas(add)
    _add_forms(add)


def _add_account(add: Add) -> None:
    add("GET", "/owners", owners.list_owners, "crm.objects.owners.read")
    add("GET", "/owners/{owner_id}", owners.get_owner, "crm.objects.owners.read")
    add("GET", "/account-info/details", account.details, "")
    add("GET", "/account-info/api-usage/daily/private-apps", account.daily_usage, "")
    for path, handler in (
        ("audit-logs", account_activity.audit_logs),
        ("login", account_activity.logins),
        ("security", account_activity.security),
    ):
        add("GET", f"/account-info/activity/{path}", handler, "account-info.security.read")


def _add_users(add: Add) -> None:
    read, write = "settings.users.read|crm.objects.users.read", "settings.users.write|crm.objects.users.write"
    add("GET", "/users", users.list_users, read)
    add("POST", "/users", users.create_user, write)
    add("GET", "/users/roles", users.list_roles, read)
    add("GET", "/users/teams", users.list_teams, "settings.users.teams.read|settings.users.read")
    add("GET", "/users/seats", users.list_seats, "settings.billing.write|settings.users.read", ("2026-09-beta",))
    add("GET", "/users/{user_id}", users.get_user, read)
    add("PUT", "/users/{user_id}", users.update_user, write)
    add("DELETE", "/users/{user_id}", users.delete_user, write)


def _add_allowances(add: Add) -> None:
    links = "/limits/associations/records"
    for path, handler in (
        ("/limits/records", allowances.records),
        ("/limits/pipelines", allowances.pipelines),
        ("/limits/custom-properties", allowances.custom_properties),
        ("/limits/calculated-properties", allowances.calculated_properties),
        ("/limits/custom-object-types", allowances.custom_object_types),
        ("/limits/associations/labels", allowances.association_labels),
        (f"{links}/from", allowances.linked_from),
        (f"{links}/{{source}}/to", allowances.linked_to),
        (f"{links}/{{source}}/{{target}}", allowances.linked_between),
    ):
        # Any scope that opens an object opens its limits.
        add("GET", path, handler, "crm.objects.contacts.read|crm.objects.companies.read|crm.objects.deals.read")


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


def _add_forms(add: Add) -> None:
    one, versions = "/forms/{form_id}", ("v3", *DATED)
    add("GET", "/forms", forms.list_forms, "forms", versions)
    add("POST", "/forms", forms.create_form, "forms", versions)
    add("GET", one, forms.get_form, "forms", versions)
    add("PATCH", one, forms.update_form, "forms", versions)
    add("PUT", one, forms.replace_form, "forms", versions)
    add("DELETE", one, forms.delete_form, "forms", versions)
    add("GET", "/submissions/forms/{form_id}", submissions.list_submissions, "forms", ("v1",))
    add("POST", "/integration/submit/{portal_id}/{form_id}", submissions.submit, "", ("v3",))
    add("POST", "/integration/secure/submit/{portal_id}/{form_id}", submissions.submit, "forms", ("v3",))
