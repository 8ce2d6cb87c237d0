"""Which path of which version leads to which handler, and the scopes it takes: the CRM's records and definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from sandbox.hubspot import association_labels as labels
from sandbox.hubspot import (
    associations,
    associations_v3,
    batches,
    erasing,
    further_emails,
    legacy,
    merging,
    objects,
    pipelines,
    subscriptions,
)
from sandbox.hubspot import properties as props
from sandbox.hubspot import property_groups as groups
from sandbox.hubspot import property_rules as rules
from sandbox.hubspot.addresses import DATED, LEGACY, VERSIONS, Address
from sandbox.hubspot.call import Call
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.office_routes import add_office_routes
from sandbox.hubspot.search import search_objects
from sandbox.wire import Response, Routes

Handler = Callable[..., Response]
_VERBS = ("read", "write", "schema-read", "schema-write")
# The 2026-09 specification has no list of one record's associations; its beta had it.
_LISTS_LINKS = ("v4", "2025-09", "2026-03", "2026-09-beta")


@dataclass(frozen=True, slots=True)
class Route:
    """`needs`: the verb of the object scopes (read, write), schema-read, schema-write, scopes in full of which one is
    enough (a.b|c.d), or ""."""

    handler: Handler
    needs: str

    def __call__(self, call: Call, **arguments: str) -> Response:
        return self.handler(call, **arguments)


def scopes(route: Route, arguments: dict[str, str], find_kind: Callable[[str], Kind | None]) -> list[list[str]]:
    """What a call needs: of each inner list one scope."""
    if not route.needs or "." in route.needs or route.needs not in _VERBS:
        return [route.needs.split("|")] if route.needs else []
    names = [arguments[name] for name in ("kind", "source", "target") if name in arguments]
    kinds = [find_kind(name) for name in names]
    found: list[list[str]] = []
    for kind in kinds:
        if kind is None:
            continue
        if kind.scope == "tickets":
            found.append(["tickets"])
        elif route.needs == "schema-read":
            found.append([f"crm.objects.{kind.scope}.read", f"crm.schemas.{kind.scope}.read"])
        elif route.needs == "schema-write":
            found.append([f"crm.schemas.{kind.scope}.write"])
        else:
            found.append([f"crm.objects.{kind.scope}.{route.needs}"])
    return found


@cache
def route_table() -> Table:
    """The one table of all accounts."""
    return Table()


class Table:
    """The routes of each version."""

    def __init__(self) -> None:
        self._tables = {version: Routes() for version in (*LEGACY, *VERSIONS)}
        self._add_objects()
        self._add_associations()
        self._add_properties()
        self._add_rules()
        self._add_pipelines()
        self._add_webhooks()
        self._add_legacy()
        add_office_routes(self._add)

    def match(self, method: str, found: Address) -> tuple[Route, dict[str, str]] | None:
        table = self._tables.get(found.version)
        matched = table.match(method, f"/{found.area}{found.tail}") if table else None
        if matched is None or not isinstance(matched[0], Route):
            return None
        return matched[0], matched[1]

    def methods(self, found: Address) -> list[str]:
        table = self._tables.get(found.version)
        return table.methods(f"/{found.area}{found.tail}") if table else []

    def _add(self, method: str, pattern: str, handler: Handler, needs: str, versions: Sequence[str] = VERSIONS) -> None:
        route = Route(handler, needs)
        for version in versions:
            self._tables[version].add(method, pattern, route)

    def _add_objects(self) -> None:
        one, many = "/objects/{kind}/{record_id}", "/objects/{kind}"
        self._add("POST", f"{many}/search", search_objects, "read")
        self._add("POST", f"{many}/merge", merging.merge_objects, "write")
        self._add("POST", f"{many}/gdpr-delete", erasing.erase_object, "write")
        self._add("POST", f"{many}/batch/read", batches.read_batch, "read")
        self._add("POST", f"{many}/batch/create", batches.create_batch, "write")
        self._add("POST", f"{many}/batch/update", batches.update_batch, "write")
        self._add("POST", f"{many}/batch/upsert", batches.upsert_batch, "write")
        self._add("POST", f"{many}/batch/archive", batches.archive_batch, "write")
        self._add("GET", many, objects.list_objects, "read")
        self._add("POST", many, objects.create_object, "write")
        self._add("GET", one, objects.get_object, "read")
        self._add("PATCH", one, objects.update_object, "write")
        self._add("DELETE", one, objects.delete_object, "write")

    def _add_associations(self) -> None:
        linked, pair = "/objects/{kind}/{record_id}/associations", "/associations/{source}/{target}"
        newer = ("v4", *DATED)
        self._add("GET", f"{linked}/{{target}}", associations.list_links, "read", _LISTS_LINKS)
        self._add("PUT", f"{linked}/default/{{target}}/{{target_id}}", associations.put_default, "write", newer)
        self._add("PUT", f"{linked}/{{target}}/{{target_id}}", associations.put_labelled, "write", newer)
        self._add("DELETE", f"{linked}/{{target}}/{{target_id}}", associations.delete_link, "write", newer)
        self._add("POST", f"{pair}/batch/read", associations.read_links, "read", newer)
        self._add("POST", f"{pair}/batch/create", associations.create_links, "write", newer)
        self._add("POST", f"{pair}/batch/associate/default", associations.default_links, "write", newer)
        self._add("POST", f"{pair}/batch/archive", associations.archive_links, "write", newer)
        self._add("POST", f"{pair}/batch/labels/archive", associations.archive_labels, "write", newer)
        self._add_labels(pair, newer)
        third = f"{linked}/{{target}}/{{target_id}}/{{type_name}}"
        self._add("GET", f"{linked}/{{target}}", associations_v3.list_of_record, "read", ("v3",))
        self._add("PUT", third, associations_v3.put_link, "write", ("v3",))
        self._add("DELETE", third, associations_v3.delete_link, "write", ("v3",))
        self._add("GET", f"{pair}/types", associations_v3.list_types, "read", ("v3",))
        self._add("POST", f"{pair}/batch/read", associations_v3.read_links, "read", ("v3",))
        self._add("POST", f"{pair}/batch/create", associations_v3.create_links, "write", ("v3",))
        self._add("POST", f"{pair}/batch/archive", associations_v3.archive_links, "write", ("v3",))

    def _add_labels(self, pair: str, versions: Sequence[str]) -> None:
        kept = "/associations/definitions/configurations"
        configured = f"{kept}/{{source}}/{{target}}"
        self._add("GET", f"{kept}/all", labels.list_configurations, "", versions)
        self._add("GET", configured, labels.list_configurations, "read", versions)
        self._add("POST", f"{configured}/batch/create", labels.create_configurations, "write", versions)
        self._add("POST", f"{configured}/batch/update", labels.update_configurations, "write", versions)
        self._add("POST", f"{configured}/batch/purge", labels.purge_configurations, "write", versions)
        report = "/associations/usage/high-usage-report/{user_id}"
        self._add("POST", report, labels.high_usage_report, "", versions)
        self._add("GET", f"{pair}/labels", labels.list_labels, "read", versions)
        self._add("POST", f"{pair}/labels", labels.create_label, "write", versions)
        self._add("PUT", f"{pair}/labels", labels.update_label, "write", versions)
        self._add("DELETE", f"{pair}/labels/{{type_id}}", labels.delete_label, "write", versions)

    def _add_properties(self) -> None:
        many = "/properties/{kind}"
        self._add("GET", f"{many}/groups", groups.list_groups, "schema-read")
        self._add("POST", f"{many}/groups", groups.create_group, "schema-write")
        self._add("GET", f"{many}/groups/{{name}}", groups.get_group, "schema-read")
        self._add("PATCH", f"{many}/groups/{{name}}", groups.update_group, "schema-write")
        self._add("DELETE", f"{many}/groups/{{name}}", groups.archive_group, "schema-write")
        self._add("POST", f"{many}/batch/read", props.read_batch, "schema-read")
        self._add("POST", f"{many}/batch/create", props.create_batch, "schema-write")
        self._add("POST", f"{many}/batch/archive", props.archive_batch, "schema-write")
        self._add("GET", f"{many}/properties", props.list_bare, "schema-read", ("v2",))
        self._add("GET", many, props.list_properties, "schema-read")
        self._add("POST", many, props.create_property, "schema-write")
        self._add("GET", f"{many}/{{name}}", props.get_property, "schema-read")
        self._add("PATCH", f"{many}/{{name}}", props.update_property, "schema-write")
        self._add("DELETE", f"{many}/{{name}}", props.archive_property, "schema-write")

    def _add_rules(self) -> None:
        many, one = "/property-validations/{kind}", "/property-validations/{kind}/{name}"
        self._add("GET", many, rules.list_rules, "schema-read")
        self._add("GET", one, rules.rules_of_property, "schema-read")
        self._add("GET", f"{one}/rule-type/{{rule_type}}", rules.get_rule, "schema-read")
        self._add("PUT", f"{one}/rule-type/{{rule_type}}", rules.put_rule, "schema-write")

    def _add_pipelines(self) -> None:
        many, one = "/pipelines/{kind}", "/pipelines/{kind}/{pipeline_id}"
        stage = f"{one}/stages/{{stage_id}}"
        self._add("GET", many, pipelines.list_pipelines, "read")
        self._add("POST", many, pipelines.create_pipeline, "write")
        self._add("GET", one, pipelines.get_pipeline, "read")
        self._add("GET", f"{one}/audit", pipelines.audit, "read")
        self._add("GET", f"{one}/stages", pipelines.list_stages, "read")
        self._add("POST", f"{one}/stages", pipelines.create_stage, "write")
        self._add("GET", stage, pipelines.get_stage, "read")
        self._add("GET", f"{stage}/audit", pipelines.audit, "read")
        self._add("PATCH", one, pipelines.update_pipeline, "write")
        self._add("PUT", one, pipelines.replace_pipeline, "write")
        self._add("PATCH", stage, pipelines.update_stage, "write")
        self._add("PUT", stage, pipelines.replace_stage, "write")
        self._add("DELETE", one, pipelines.delete_pipeline, "write")
        self._add("DELETE", stage, pipelines.delete_stage, "write")

    def _add_webhooks(self) -> None:
        settings, many = "/webhooks/{app_id}/settings", "/webhooks/{app_id}/subscriptions"
        one = f"{many}/{{subscription_id}}"
        for method, pattern, handler in (
            ("GET", settings, subscriptions.get_settings),
            ("PUT", settings, subscriptions.put_settings),
            ("DELETE", settings, subscriptions.delete_settings),
            ("GET", many, subscriptions.list_subscriptions),
            ("POST", many, subscriptions.create_subscription),
            ("POST", f"{many}/batch/update", subscriptions.update_batch),
            ("GET", one, subscriptions.get_subscription),
            ("PATCH", one, subscriptions.update_subscription),
            ("DELETE", one, subscriptions.delete_subscription),
        ):
            self._add(method, pattern, handler, "", ("v3", *DATED))

    def _add_legacy(self) -> None:
        self._add("GET", "/pipelines/{kind}", legacy.list_pipelines, "read", ("v1",))
        self._add("GET", "/subscriptions", legacy.list_subscriptions, "", ("v1",))
        address = "/secondary-email/{record_id}/email/{email}"
        self._add("PUT", address, further_emails.add, "crm.objects.contacts.write", ("v1",))
        self._add("DELETE", address, further_emails.remove, "crm.objects.contacts.write", ("v1",))
