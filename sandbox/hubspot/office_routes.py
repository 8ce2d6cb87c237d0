"""Which path leads to which handler, beside the records: the account, its people, schemas, files in and out, forms."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.hubspot import (
    account,
    account_activity,
    allowances,
    exports,
    forms,
    imports,
    lists,
    owners,
    preferences,
    schemas,
    submissions,
    users,
    web_events,
)
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
    _add_files(add)
    _add_lists(add)
    _add_contacts_doings(add)


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


def _add_files(add: Add) -> None:
    versions, one, task = ("v3", *DATED), "/imports/{import_id}", "/exports/export/async/tasks/{export_id}"
    add("GET", "/imports", imports.list_imports, "crm.import", versions)
    add("POST", "/imports", imports.start_import, "crm.import", versions)
    add("GET", one, imports.get_import, "crm.import", versions)
    add("POST", f"{one}/cancel", imports.cancel_import, "crm.import", versions)
    add("GET", f"{one}/errors", imports.list_errors, "crm.import", versions)
    add("POST", "/exports/export/async", exports.start_export, "crm.export", versions)
    add("GET", f"{task}/status", exports.status, "crm.export", versions)
    add("GET", "/exports/export/{export_id}", exports.get_export, "crm.export", versions)
    add("GET", "/export-files/{key}/{name}", exports.download, "", ("v3",))


def _add_lists(add: Add) -> None:
    versions, one, members = ("v3", *DATED), "/lists/{list_id}", "/lists/{list_id}/memberships"
    read, write = "crm.lists.read", "crm.lists.write"
    add("GET", "/lists", lists.get_lists, read, versions)
    add("POST", "/lists", lists.create_list, write, versions)
    add("POST", "/lists/search", lists.search_lists, read, versions)
    add("GET", "/lists/object-type-id/{kind}/name/{name}", lists.get_by_name, read, versions)
    add("GET", "/lists/records/{kind}/{record_id}/memberships", lists.lists_of_record, read, versions)
    add("GET", one, lists.get_list, read, versions)
    add("DELETE", one, lists.delete_list, write, versions)
    add("PUT", f"{one}/restore", lists.restore_list, write, versions)
    add("PUT", f"{one}/update-list-name", lists.rename_list, write, versions)
    add("GET", members, lists.list_members, read, versions)
    add("GET", f"{members}/join-order", lists.list_members, read, versions)
    add("DELETE", members, lists.clear_members, write, versions)
    add("PUT", f"{members}/add", lists.add_members, write, versions)
    add("PUT", f"{members}/remove", lists.remove_members, write, versions)
    add("PUT", f"{members}/add-and-remove", lists.change_members, write, versions)


def _add_contacts_doings(add: Add) -> None:
    read = "communication_preferences.read_write|communication_preferences.read"
    write = "communication_preferences.read_write|communication_preferences.write"
    root, later = "/communication-preferences", ("v4", *DATED)
    add("GET", f"{root}/definitions", preferences.list_definitions, read)
    add("GET", f"{root}/status/email/{{email}}", preferences.status_of_address, read, ("v3",))
    add("POST", f"{root}/subscribe", preferences.subscribe, write, ("v3",))
    add("POST", f"{root}/unsubscribe", preferences.unsubscribe, write, ("v3",))
    add("GET", f"{root}/statuses/{{email}}", preferences.statuses, read, later)
    add("POST", f"{root}/statuses/{{email}}", preferences.set_status, write, later)
    add("GET", f"{root}/statuses/{{email}}/unsubscribe-all", preferences.status_of_all, read, later)
    add("POST", f"{root}/statuses/{{email}}/unsubscribe-all", preferences.unsubscribe_from_all, write, later)
    for path, versions in (("/events", ("v3",)), ("/event-occurrences", DATED)):
        add("GET", path, web_events.list_events, "", versions)
        add("GET", f"{path}/event-types", web_events.list_types, "", versions)
