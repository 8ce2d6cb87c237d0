"""Submissions of forms: what they do to contacts, and handlers that take them and tell them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.hubspot.call import Call
from sandbox.hubspot.errors import HubspotError, InvalidValues, bad_request, not_found
from sandbox.hubspot.forms import Form, form_named
from sandbox.hubspot.journal import Journal, Wanted
from sandbox.hubspot.links import Links
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.tokens import Author
from sandbox.hubspot.values import as_text, ms_of, natural, stamp
from sandbox.hubspot.writing import Writer
from sandbox.wire import Response

SHELF = "submissions"
PAGE_MAX = 50
_FIELDS_MAX = 1000
_MONTH_MS = 30 * 86_400_000
_TRACE = (
    "recent_conversion_date",
    "recent_conversion_event_name",
    "first_conversion_date",
    "first_conversion_event_name",
    "num_conversion_events",
    "num_unique_conversion_events",
    "hs_calculated_form_submissions",
)


class Submitter:
    """Turns submissions into contacts; to be used within a transaction."""

    def __init__(self, portal: Portal, links: Links, writer: Writer) -> None:
        self._portal = portal
        self._links = links
        self._writer = writer

    def submit(
        self, form: Form, fields: Mapping[str, str], *, page: str = "", title: str = "", at: str = ""
    ) -> int | None:
        """Create or update the contact with the e-mail address of `fields`; its id, None without an address.

        `fields` are contact properties, those of a company with 0-2/ before the name. InvalidValues for bad ones.
        """
        moment = at or self._portal.now()
        mine = {name: value for name, value in fields.items() if "/" not in name}
        contact = self._write_contact(form, mine, moment, title) if mine.get("email") else None
        firm = {name.removeprefix("0-2/"): value for name, value in fields.items() if name.startswith("0-2/")}
        if contact is not None and firm.get("domain"):
            self._write_company(form, contact, firm)
        values = [
            {"objectTypeId": "0-2" if "/" in name else "0-1", "name": name.rpartition("/")[2], "value": value}
            for name, value in fields.items()
        ]
        body = {"conversionId": str(uuid.uuid4()), "values": values, "pageUrl": page}
        Journal(self._portal.store).append(SHELF, moment, contact, body, form["id"])
        return contact

    def _write_contact(self, form: Form, fields: Mapping[str, str], moment: str, title: str) -> int:
        kind = self._portal.kind("contacts")
        author = author_of(form)
        values = self._writer.checked(kind, fields)
        contact = self._writer.contact_with(fields["email"])
        if contact is None:
            stage = {} if values.get("lifecyclestage") else {"lifecyclestage": "lead"}
            contact = self._writer.create(kind, {**values, **stage}, author)
        else:
            values.pop("email")
            self._writer.update(kind, contact, values, author)
        trace = self._traced(contact, form, moment, title)
        self._writer.update(kind, contact, self._writer.checked(kind, trace, is_trusted=True), author)
        return contact

    def _traced(self, contact: int, form: Form, moment: str, title: str) -> dict[str, str]:
        """The conversions of the contact after this one."""
        row = self._portal.store.rows(self._portal.kind("contacts"), [contact], _TRACE)[0][5:]
        old = dict(zip(_TRACE, row, strict=True))
        event = f"{title or 'Form'}: {form['name']}"
        past = [one for one in str(old["hs_calculated_form_submissions"] or "").split(";") if one]
        seen = [*past, f"{form['id']}::{ms_of(moment)}"]
        found = {
            "recent_conversion_date": moment,
            "recent_conversion_event_name": event,
            "num_conversion_events": str(int(float(old["num_conversion_events"] or 0)) + 1),
            "num_unique_conversion_events": str(len({one.partition("::")[0] for one in seen})),
            "hs_calculated_form_submissions": ";".join(seen),
        }
        if not old["first_conversion_date"]:
            found |= {"first_conversion_date": moment, "first_conversion_event_name": event}
        return found

    def _write_company(self, form: Form, contact: int, fields: Mapping[str, str]) -> None:
        """The company with that domain, which unlike over the API is made only once."""
        companies, author = self._portal.kind("companies"), author_of(form)
        values = self._writer.checked(companies, fields)
        domain = str(values["domain"]).lower()
        company = company_with(self._portal, domain)
        if company is None:
            company = self._writer.create(companies, {**values, "domain": domain}, author)
        self._links.default(self._portal.kind("contacts"), contact, companies, company)


def author_of(form: Form) -> Author:
    return Author("FORM", form["id"], form["name"])


def company_with(portal: Portal, domain: str) -> int | None:
    """The oldest live company of a domain."""
    sql = "SELECT MIN(_id) FROM companies WHERE domain = ? AND _archived = 0"
    found = portal.store.db.execute(sql, (domain,)).fetchone()[0]
    return None if found is None else int(found)


def list_submissions(call: Call, form_id: str) -> Response:
    """Submissions of one form, newest first; moments are milliseconds here."""
    form_named(call.portal, form_id, archived=None)
    limit = call.whole("limit", 20, 1, PAGE_MAX)
    journal = Journal(call.portal.store)
    rows = journal.page(SHELF, Wanted(key=form_id), limit + 1, after=call.after() or None)
    body: dict[str, Any] = {"results": [{"submittedAt": ms_of(at), **item} for _, at, _, item in rows[:limit]]}
    if len(rows) > limit:
        body["paging"] = call.next_page(str(rows[limit - 1][0]))
    return Response.of_json(body)


def submit(call: Call, portal_id: str, form_id: str) -> Response:
    """Take a submission as a page on the web sends it: 200 with what to show, 400 with one error for each field."""
    if portal_id != str(call.portal.settings.portal_id):
        raise not_found(f"No form found with the id {form_id[:100]}")
    form, body = form_named(call.portal, form_id), call.body()
    sent = body.get("context")
    context: dict[str, Any] = sent if isinstance(sent, dict) else {}
    submitter = Submitter(call.portal, call.links, call.writer)
    try:
        submitter.submit(
            form, _fields(body), page=str(context.get("pageUri") or ""), title=str(context.get("pageName") or ""),
            at=_moment(call, body.get("submittedAt")),
        )  # fmt: skip
    except InvalidValues as error:
        raise _refusal(error) from None
    action = form["configuration"].get("postSubmitAction") or {}
    name = "redirectUri" if action.get("type") == "redirect_url" else "inlineMessage"
    return Response.of_json({name: str(action.get("value") or "")})


def _fields(body: dict[str, Any]) -> dict[str, str]:
    listed = body.get("fields")
    if not isinstance(listed, list) or not all(isinstance(item, dict) and item.get("name") for item in listed):
        raise bad_request("The request is not valid: `fields` must be a list of names and values")
    if len(listed) > _FIELDS_MAX:
        raise bad_request(f"The request is not valid: at most {_FIELDS_MAX} fields can be sent")
    found: dict[str, str] = {}
    for item in listed:
        prefix = "0-2/" if item.get("objectTypeId") == "0-2" else ""
        found[prefix + str(item["name"]).lower()] = as_text(item.get("value"))
    return found


def _moment(call: Call, sent: Any) -> str:
    """When the form was sent, where the client says so: at most a month ago."""
    if sent is None:
        return ""
    text, now_ms = as_text(sent), call.portal.clock.now_ms()
    if not now_ms - _MONTH_MS <= (natural(text) or 0) <= now_ms + 1000:
        raise bad_request("The request is not valid: `submittedAt` must be in milliseconds and less than a month ago")
    return stamp(int(text))


def _refusal(error: InvalidValues) -> HubspotError:
    """The error of the forms endpoint, which names fields rather than properties."""
    errors = [
        {
            "message": f"Error in 'fields.{one['context']['propertyName'][0]}'. {one['message']}",
            "errorType": "INVALID_EMAIL" if one["code"] == "INVALID_EMAIL" else "FIELD_VALUE_INVALID",
        }
        for one in error.more["errors"]
    ]
    return bad_request("The request is not valid", errors=errors)
