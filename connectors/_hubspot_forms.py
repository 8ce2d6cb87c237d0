"""Forms as campaigns and their submissions as campaign members: what of HubSpot's marketing names people one by one.

Submissions come newest first, 50 a call, without a filter: by change the read of a form ends at the first page that is
older than the window throughout, provided its rows came in that order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from connectors._http import unreadable
from connectors._hubspot_cursor import Cursor, resumed
from connectors._hubspot_gateway import Gateway, results_of
from connectors._hubspot_operations import FORMS, SUBMISSIONS
from connectors._hubspot_pages import Objects, next_after
from connectors._hubspot_parse import stamp
from connectors._hubspot_portal import Description
from connectors._hubspot_pull import begun
from model.batch import Batch, Page, Watermark
from model.streams import Value

FORM_FIELDS = frozenset({"name", "type", "is_active"})
SUBMISSION_FIELDS = frozenset({"campaign_id", "email", "status", "has_responded", "responded_at"})


def pull_forms(gateway: Gateway, _: Description, watermark: Watermark) -> Iterator[Page]:
    """All forms, each time: they are few, and an archived one does not move to the front of any list."""
    cursor = resumed(watermark)
    while cursor is None or cursor.step == 0:
        forms, after = _forms(gateway, cursor.after if cursor else None)
        cursor = (cursor or Cursor(until=gateway.at)).at(after)
        saved = cursor.end() if cursor.step else cursor.watermark(watermark)
        yield Page(_form_batch(gateway, forms), saved, is_full=True)


def _forms(gateway: Gateway, after: str | None) -> tuple[Objects, str | None]:
    query = [("limit", str(FORMS.most)), ("formTypes", "all"), *([("after", after)] if after is not None else [])]
    reply = gateway.call(FORMS, query=query)
    forms = results_of(gateway, reply)
    if not all(form.get("id") for form in forms):
        raise unreadable(gateway.name, "a form without id")
    gateway.usage.needs("forms", max(len(forms), 1), most=FORMS.most)
    return forms, next_after(gateway, reply, after)


def _form_batch(gateway: Gateway, forms: Objects) -> Batch:
    created = [stamp(form.get("createdAt")) for form in forms]
    columns: dict[str, list[Value]] = {
        "id": [str(form["id"]) for form in forms],
        "changed_at": [stamp(form.get("updatedAt")) or at or 0 for form, at in zip(forms, created, strict=True)],
        "created_at": list(created),
        "name": [str(form["name"]) if form.get("name") else None for form in forms],
        "type": ["form"] * len(forms),
        "is_active": [not form.get("archived") for form in forms],
    }
    return Batch(gateway.name, "campaigns", columns, FORM_FIELDS)


def pull_submissions(gateway: Gateway, description: Description, watermark: Watermark) -> Iterator[Page]:
    """Pages of submissions, form by form in the order of their ids; `after` in the cursor is form and token."""
    cursor = begun(gateway, description, watermark)
    forms = _form_ids(gateway)
    at_form, _, token = (cursor.after or "").partition(" ")
    left = [form for form in forms if form >= at_form]
    if not left:
        yield Page(_submission_batch(gateway, "", []), replace(cursor, step=1).end(), cursor.is_full)
    for form in left:
        after = token if form == at_form and token else None
        while True:
            rows, after = _submissions(gateway, form, after, cursor)
            is_last = form == left[-1] and after is None
            place = f"{form} {after}" if after is not None else f"{form}!"
            saved = cursor.end() if is_last else replace(cursor, after=place).watermark(watermark)
            yield Page(_submission_batch(gateway, form, rows), saved, cursor.is_full)
            if after is None:
                break


def _form_ids(gateway: Gateway) -> list[str]:
    ids: list[str] = []
    after: str | None = None
    while True:
        forms, after = _forms(gateway, after)
        ids += [str(form["id"]) for form in forms]
        if after is None:
            return sorted(ids)


def _submissions(gateway: Gateway, form: str, after: str | None, cursor: Cursor) -> tuple[Objects, str | None]:
    query = [("limit", str(SUBMISSIONS.most)), *([("after", after)] if after is not None else [])]
    reply = gateway.call(SUBMISSIONS, path={"form": form}, query=query)
    rows = results_of(gateway, reply)
    gateway.usage.needs(f"submissions of {form}", max(len(rows), 1), most=SUBMISSIONS.most)
    following = next_after(gateway, reply, after)
    moments = [_moment(gateway, row) for row in rows]
    is_ordered = all(newer >= older for newer, older in pairwise(moments))
    if cursor.since is not None and moments and is_ordered and moments[0] < cursor.from_us:
        following = None
    return rows, following


def _moment(gateway: Gateway, row: Mapping[str, Any]) -> int:
    at = row.get("submittedAt")
    if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at < 2**43:
        raise unreadable(gateway.name, "a submission without its time")
    return at * 1000


def _submission_batch(gateway: Gateway, form: str, rows: Objects) -> Batch:
    moments = [_moment(gateway, row) for row in rows]
    columns: dict[str, list[Value]] = {
        "id": [_submission_id(form, row) for row in rows],
        "changed_at": list(moments),
        "created_at": list(moments),
        "campaign_id": [form] * len(rows),
        "email": [_email(row) for row in rows],
        "status": ["submitted"] * len(rows),
        "has_responded": [True] * len(rows),
        "responded_at": list(moments),
    }
    return Batch(gateway.name, "campaign_members", columns, SUBMISSION_FIELDS)


def _submission_id(form: str, row: Mapping[str, Any]) -> str:
    """HubSpot's own id where it tells one, else one made of what was submitted when."""
    if row.get("conversionId"):
        return str(row["conversionId"])
    digest = hashlib.sha256(f"{row.get('submittedAt')} {_email(row)}".encode("utf-8", "replace")).hexdigest()
    return f"{form}:{digest[:24]}"


def _email(row: Mapping[str, Any]) -> str | None:
    values = row.get("values")
    for entry in values if isinstance(values, list) else ():
        if isinstance(entry, dict) and entry.get("name") == "email" and entry.get("value"):
            return str(entry["value"])
    return None
