"""Filling the account itself from Polars frames: its people, pipelines and what happened in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from sandbox.hubspot.audit import LOGINS
from sandbox.hubspot.forms import SHELF as FORMS
from sandbox.hubspot.forms import new_form
from sandbox.hubspot.journal import Journal
from sandbox.hubspot.kinds import kind_named
from sandbox.hubspot.people import ROLES, SEATS, People, Person, record_number, record_values
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.submissions import SHELF as SUBMISSIONS
from sandbox.hubspot.wire_frames import plain, wire_text

_SLICE = 50_000
_FORM_FIELDS = {"email": "Email", "firstname": "First name", "lastname": "Last name", "company": "Company name"}


def load_owners(portal: Portal, frame: pl.DataFrame) -> None:
    """One row per person: id, email, firstName, lastName, userId, archived, createdAt, updatedAt, and where known
    team, jobTitle and superAdmin. Users and the CRM's user records follow from it."""
    people, kind = People(portal), portal.kind("users")
    for place, row in enumerate(plain(frame).iter_rows(named=True)):
        archived = row.get("archived") == "true"
        user_id = int(row.get("useridincludinginactive") or row.get("userid") or 9_000_001 + place)
        created = row.get("createdat") or portal.now()
        updated = row.get("updatedat") or created
        team = people.put_team(row["team"]) if row.get("team") else None
        names = {"email": row.get("email"), "firstName": row.get("firstname"), "lastName": row.get("lastname")}
        owner = {
            "id": row["id"],
            **names,
            "type": row.get("type") or "PERSON",
            "userId": None if archived else user_id,
            "userIdIncludingInactive": user_id,
            "createdAt": created,
            "updatedAt": updated,
            "archived": archived,
            "teams": [{"id": team, "name": row["team"], "primary": True}] if team and not archived else [],
        }
        portal.documents.put("owners", str(row["id"]), owner)
        user: Person = {
            **names,
            "id": str(user_id),
            "superAdmin": row.get("superadmin") == "true",
            "secondaryTeamIds": [],
        }
        user |= {"roleIds": [ROLES[0 if user["superAdmin"] else 1]["id"]], "seatNames": list(SEATS[: 1 + place % 2])}
        user |= {"primaryTeamId": team} if team else {}
        if not archived:
            portal.documents.put("users", str(user_id), user)
        values = record_values(user) | {"hs_deactivated": str(archived).lower(), "hs_job_title": row.get("jobtitle")}
        number = record_number(user_id)
        portal.store.insert(kind, {"_id": number, "_created": created, "_updated": updated, **values})


def load_logins(portal: Portal, frame: pl.DataFrame) -> None:
    """One row per attempt to log in: user_id, at, email, succeeded, ip_address, user_agent, country and region code."""
    wire = plain(frame).with_columns(pl.col("succeeded") == "true")
    names = {
        "email": "email",
        "succeeded": "loginSucceeded",
        "ipaddress": "ipAddress",
        "useragent": "userAgent",
        "countrycode": "countryCode",
        "regioncode": "regionCode",
    }
    body = pl.struct(pl.col(ours).alias(theirs) for ours, theirs in sorted(names.items(), key=lambda pair: pair[1]))
    rows = wire.sort("at", maintain_order=True).select(
        pl.lit(LOGINS).alias("shelf"),
        "at",
        pl.col("userid").cast(pl.Int64),
        pl.lit("").alias("key"),
        body.struct.json_encode().alias("body"),
    )
    for part in rows.iter_slices(_SLICE):
        Journal(portal.store).extend(part.rows())


def load_forms(portal: Portal, forms: pl.DataFrame, submissions: pl.DataFrame | None) -> None:
    """Forms: id, name, created. Submissions: form_id, contact_id, at, page_url, and the values by property."""
    for row in plain(forms).iter_rows(named=True):
        portal.documents.put(FORMS, row["id"], new_form(row["id"], row["name"], row["created"], _FORM_FIELDS))
    if submissions is None:
        return
    own = ("form_id", "contact_id", "at", "page_url")
    values = [name for name in submissions.columns if name not in own]
    wire = submissions.select(wire_text(submissions[name]).alias(name) for name in submissions.columns)
    value = pl.concat_list(
        pl.struct(pl.lit(name).alias("name"), pl.lit("0-1").alias("objectTypeId"), pl.col(name).alias("value"))
        for name in values
    ).list.filter(pl.element().struct.field("value").is_not_null())
    conversion = pl.format("{}-{}", "form_id", "contact_id")
    body = pl.struct(conversion.alias("conversionId"), pl.col("page_url").alias("pageUrl"), value.alias("values"))
    rows = wire.sort("at", maintain_order=True).select(
        pl.lit(SUBMISSIONS).alias("shelf"),
        "at",
        pl.col("contact_id").cast(pl.Int64),
        "form_id",
        body.struct.json_encode().alias("body"),
    )
    for part in rows.iter_slices(_SLICE):
        Journal(portal.store).extend(part.rows())


def load_pipelines(portal: Portal, frame: pl.DataFrame) -> None:
    """One row per stage; columns object, pipeline_id, pipeline_label, id or stage_id, label, display_order,
    probability, is_closed."""
    rows = plain(frame).to_dicts()
    for plural in {kind.plural for row in rows if (kind := kind_named(_object_of(row)))}:
        portal.drop_pipelines(plural)
        mine = [row for row in rows if (kind := kind_named(_object_of(row))) and kind.plural == plural]
        grouped: dict[str, list[dict[str, Any]]] = {}
        for row in mine:
            grouped.setdefault(row.get("pipelineid") or row.get("pipeline") or "default", []).append(row)
        for order, (pipeline_id, stages) in enumerate(grouped.items()):
            label = stages[0].get("pipelinelabel") or stages[0].get("pipelinename") or pipeline_id
            stages.sort(key=lambda row: int(row.get("displayorder") or row.get("stageorder") or 0))
            listed = [
                (
                    row.get("stageid") or row.get("stage") or row["id"],
                    row.get("stagelabel") or row.get("label") or row["id"],
                    _metadata(row),
                )
                for row in stages
            ]
            portal.put_pipeline(plural, portal.new_pipeline(pipeline_id, label, order, listed))


def _object_of(row: Mapping[str, Any]) -> str:
    return str(row.get("object") or row.get("objecttype") or "deals")


def _metadata(row: Mapping[str, Any]) -> dict[str, str]:
    closed = row.get("isclosed") or "false"
    probability = row.get("probability")
    return {"isClosed": closed, **({"probability": str(float(probability))} if probability is not None else {})}
