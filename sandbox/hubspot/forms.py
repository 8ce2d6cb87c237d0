"""Handlers for the definitions of forms."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.hubspot import audit
from sandbox.hubspot.call import Call, id_text
from sandbox.hubspot.errors import bad_request, not_found
from sandbox.hubspot.portal import Portal
from sandbox.wire import Response

Form = dict[str, Any]
SHELF = "forms"
PAGE_MAX = 500
_CHANGEABLE = ("name", "archived", "fieldGroups", "configuration", "displayOptions", "legalConsentOptions")
_CONFIGURATION = {
    "language": "en",
    "cloneable": True,
    "editable": True,
    "archivable": True,
    "createNewContactForNewEmail": False,
    "allowLinkToResetKnownValues": False,
    "prePopulateKnownValues": True,
    "notifyContactOwner": False,
    "notifyRecipients": [],
    "recaptchaEnabled": False,
    "lifecycleStages": [],
    "postSubmitAction": {"type": "thank_you", "value": "Thanks for submitting the form."},
}
_STYLE = {
    "fontFamily": "arial, helvetica, sans-serif",
    "backgroundWidth": "100%",
    "labelTextColor": "#33475b",
    "labelTextSize": "14px",
    "helpTextColor": "#7C98B6",
    "helpTextSize": "11px",
    "legalConsentTextColor": "#33475b",
    "legalConsentTextSize": "14px",
    "submitColor": "#ff7a59",
    "submitAlignment": "left",
    "submitFontColor": "#ffffff",
    "submitSize": "12px",
}
_DISPLAY = {"renderRawHtml": False, "theme": "default_style", "submitButtonText": "Submit", "style": _STYLE}
_KINDS = {"email": "email", "phone": "phone", "mobilephone": "mobile_phone", "message": "multi_line_text"}


def list_forms(call: Call) -> Response:
    """Forms by id; archived ones only with `archived=true`."""
    limit, archived = call.whole("limit", 50, 1, PAGE_MAX), call.flag("archived")
    after = call.request.first("after") or ""
    known = [one for one in call.portal.documents.list(SHELF).values() if one["archived"] == archived]
    types = call.names("formTypes")
    found = [one for one in known if one["id"] >= after and (not types or one["formType"] in types or "all" in types)]
    body: dict[str, Any] = {"results": found[:limit]}
    if len(found) > limit:
        body["paging"] = call.next_page(found[limit]["id"])
    return Response.of_json(body)


def get_form(call: Call, form_id: str) -> Response:
    return Response.of_json(form_named(call.portal, form_id, archived=call.flag("archived")))


def create_form(call: Call) -> Response:
    body = call.body()
    name = id_text(body, "name")
    form = new_form(str(uuid.uuid4()), name, call.portal.now()) | _given(body)
    form |= {"id": form["id"], "archived": False}
    call.portal.documents.put(SHELF, form["id"], form)
    audit.note(call, "FORM", "CREATE", name)
    return Response.of_json(form, 201)


def update_form(call: Call, form_id: str) -> Response:
    """Change what is sent; parts are replaced as a whole."""
    form = form_named(call.portal, form_id) | _given(call.body())
    return _stored(call, form)


def replace_form(call: Call, form_id: str) -> Response:
    old, body = form_named(call.portal, form_id), call.body()
    form = new_form(form_id, id_text(body, "name"), old["createdAt"]) | _given(body)
    return _stored(call, form)


def delete_form(call: Call, form_id: str) -> Response:
    """204; the form is archived, its submissions stay."""
    form = form_named(call.portal, form_id)
    now = call.portal.now()
    call.portal.documents.put(SHELF, form_id, {**form, "archived": True, "archivedAt": now, "updatedAt": now})
    audit.note(call, "FORM", "ARCHIVE", form["name"])
    return Response(204)


def form_named(portal: Portal, form_id: str, *, archived: bool | None = False) -> Form:
    """The form, archived or not as asked (None: either); 404."""
    found: Form | None = portal.documents.get(SHELF, form_id)
    if found is None or (archived is not None and found["archived"] != archived):
        raise not_found(f"No form found with the id {form_id[:100]}")
    return found


def new_form(form_id: str, name: str, created: str, fields: Mapping[str, str] | None = None) -> Form:
    """A form with the usual settings; `fields` are labels by contact property, an e-mail address alone by default."""
    listed = fields or {"email": "Email"}
    return {
        "id": form_id,
        "name": name,
        "formType": "hubspot",
        "createdAt": created,
        "updatedAt": created,
        "archived": False,
        "fieldGroups": [
            {"groupType": "default_group", "richTextType": "text", "fields": [_field(one, label)]}
            for one, label in listed.items()
        ],
        "configuration": _CONFIGURATION,
        "displayOptions": _DISPLAY,
        "legalConsentOptions": {"type": "none"},
    }


def _field(name: str, label: str) -> Form:
    field = {
        "objectTypeId": "0-1",
        "name": name,
        "label": label,
        "required": name == "email",
        "hidden": False,
        "dependentFields": [],
        "fieldType": _KINDS.get(name, "single_line_text"),
    }
    if name == "email":
        return {**field, "validation": {"blockedEmailDomains": [], "useDefaultBlockList": False}}
    if field["fieldType"] in ("phone", "mobile_phone"):
        return {**field, "validation": {"minAllowedDigits": 7, "maxAllowedDigits": 20}, "useCountryCodeSelect": False}
    return field


def _given(body: Form) -> Form:
    """What a body says; 400 for parts of the wrong shape."""
    found = {name: body[name] for name in _CHANGEABLE if body.get(name) is not None}
    if not isinstance(found.get("fieldGroups", []), list):
        raise bad_request("Invalid input JSON: `fieldGroups` must be a list")
    for name in ("configuration", "displayOptions", "legalConsentOptions"):
        if not isinstance(found.get(name, {}), dict):
            raise bad_request(f"Invalid input JSON: `{name}` must be an object")
    return found


def _stored(call: Call, form: Form) -> Response:
    form["updatedAt"] = call.portal.now()
    call.portal.documents.put(SHELF, form["id"], form)
    audit.note(call, "FORM", "UPDATE", form["name"])
    return Response.of_json(form)
