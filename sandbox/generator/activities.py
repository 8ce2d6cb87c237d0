"""What was done with whom: tasks, events and HubSpot engagements, dated so that stale deals stay silent."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import ids, salesforce, text
from sandbox.generator.calendar import days, times
from sandbox.generator.chance import Chance, Ints

_DAY_MS = 86_400_000
_SUBJECTS = (
    "Call",
    "Email: follow up",
    "Email: proposal",
    "Demo follow-up",
    "Check in",
    "Send Quote",
    "Renewal reminder",
    "Left voicemail",
)
# How HubSpot names what came of a call.
_OUTCOMES = {
    "COMPLETED": "f240bbac-87c9-4f6e-bf70-924b57d47db7",
    "NO_ANSWER": "73a0d17f-1163-4015-bdd5-ec830791da20",
    "BUSY": "9d9162e7-6cf3-4944-bf63-4dff82258764",
}
_MEETINGS = ("Discovery call", "Demo", "Quarterly review", "Kick-off", "Contract review", "Lunch")
ENGAGEMENTS = ("calls", "emails", "meetings", "notes", "tasks")


def planned(rows: int, per_row: float, start: Ints, end: Ints, chance: Chance) -> tuple[Ints, Ints]:
    """Activities about `rows` things: which thing, and when (ms), between its start and end; about `per_row` each."""
    count = np.minimum(np.floor(-np.log(1 - chance.of("count").random(rows)) * per_row + 0.35).astype(np.int64), 12)
    thing = np.repeat(np.arange(rows), count)
    share = 1 - chance.of("when").random(len(thing)) ** 1.5
    return thing, start[thing] + ((end - start)[thing] * share).astype(np.int64)


def tasks(
    who: pl.Series, what: pl.Series, owner: pl.Series, moment: Ints, today: int, org: int, chance: Chance
) -> pl.DataFrame:
    n = len(moment)
    day = moment // _DAY_MS
    done = chance.of("done").hits(0.93, n) & (day <= today)
    call = chance.of("kind").pick([35, 45, 20], n)
    subtype = pl.Series(["Call", "Email", "Task"]).gather(call)
    seconds = pl.Series((chance.of("length").random(n) ** 2 * 1800).astype(np.int64))
    subject = pl.Series(_SUBJECTS).gather(chance.of("subject").below(len(_SUBJECTS), n))
    priority = chance.of("priority").pick([85, 12, 3], n)
    return pl.DataFrame(
        [
            ids.salesforce("Task", n, org, order=moment),
            who.alias("WhoId"),
            what.alias("WhatId"),
            owner.alias("OwnerId"),
            subject.alias("Subject"),
            days(day).alias("ActivityDate"),
            pl.Series("Status", np.where(done, "Completed", "Not Started")),
            pl.Series(["Normal", "High", "Low"]).gather(priority).alias("Priority"),
            pl.Series("IsHighPriority", priority == 1),
            pl.Series("IsClosed", done),
            text.only(done, times(moment)).alias("CompletedDateTime"),
            # The master of a series stands for tasks that are counted one by one.
            pl.Series("IsRecurrence", chance.of("series").hits(0.005, n) & ~done),
            subtype.alias("TaskSubtype"),
            text.only(call == 0, "Outbound").alias("CallType"),
            text.only(call == 0, seconds).alias("CallDurationInSeconds"),
            pl.Series("IsArchived", day < today - 365),
            *salesforce.stamps(moment, moment, owner),
            salesforce.alive(n),
        ]
    ).sort("Id")


def events(
    who: pl.Series, what: pl.Series, owner: pl.Series, moment: Ints, today: int, org: int, chance: Chance
) -> pl.DataFrame:
    n = len(moment)
    start = moment // 900_000 * 900_000
    minutes = np.array([15, 30, 60, 90])[chance.of("length").pick([10, 50, 35, 5], n)]
    created = start - (chance.of("ahead").below(14, n) + 1) * _DAY_MS
    day = start // _DAY_MS
    child = chance.of("child").hits(0.03, n)
    return pl.DataFrame(
        [
            ids.salesforce("Event", n, org, order=moment),
            who.alias("WhoId"),
            what.alias("WhatId"),
            owner.alias("OwnerId"),
            pl.Series(_MEETINGS).gather(chance.of("subject").below(len(_MEETINGS), n)).alias("Subject"),
            times(start).alias("StartDateTime"),
            times(start + minutes * 60_000).alias("EndDateTime"),
            times(start).alias("ActivityDateTime"),
            days(day).alias("ActivityDate"),
            pl.Series("DurationInMinutes", minutes),
            days((start + minutes * 60_000) // _DAY_MS).alias("EndDate"),
            pl.repeat(False, n, eager=True).alias("IsAllDayEvent"),
            # An invitation to somebody's group event is an event of its own.
            pl.Series("IsChild", child),
            pl.Series("IsGroupEvent", child | chance.of("group").hits(0.05, n)),
            pl.repeat("Busy", n, dtype=pl.String, eager=True).alias("ShowAs"),
            pl.repeat("Event", n, eager=True).alias("EventSubtype"),
            pl.Series("IsArchived", day < today - 365),
            *salesforce.stamps(created, created, owner),
            salesforce.alive(n),
        ]
    ).sort("Id")


def engagement(kind: str, owner: pl.Series, moment: Ints, own: pl.Series, chance: Chance) -> pl.DataFrame:
    """One HubSpot engagement object; `moment` is hs_timestamp."""
    n = len(moment)
    created = times(moment)
    common = [own.alias("id"), created.alias("hs_timestamp")]
    subject = pl.Series(_SUBJECTS).gather(chance.of("subject").below(len(_SUBJECTS), n))
    if kind == "calls":
        status = pl.Series(list(_OUTCOMES)).gather(chance.of("status").pick([70, 24, 6], n))
        special = [
            subject.alias("hs_call_title"),
            pl.Series(["OUTBOUND", "INBOUND"]).gather(chance.of("way").pick([75, 25], n)).alias("hs_call_direction"),
            pl.Series("hs_call_duration", np.floor(chance.of("length").random(n) ** 2 * 1_800_000)),
            status.alias("hs_call_status"),
            status.replace_strict(_OUTCOMES, return_dtype=pl.String).alias("hs_call_disposition"),
        ]
    elif kind == "emails":
        special = [
            subject.alias("hs_email_subject"),
            pl.Series(["EMAIL", "INCOMING_EMAIL"])
            .gather(chance.of("way").pick([60, 40], n))
            .alias("hs_email_direction"),
            pl.Series(["SENT", "BOUNCED"]).gather(chance.of("status").pick([96, 4], n)).alias("hs_email_status"),
        ]
    elif kind == "meetings":
        start = moment // 900_000 * 900_000
        special = [
            pl.Series(_MEETINGS).gather(chance.of("title").below(len(_MEETINGS), n)).alias("hs_meeting_title"),
            times(start).alias("hs_meeting_start_time"),
            times(start + 1_800_000).alias("hs_meeting_end_time"),
            pl.Series(["COMPLETED", "NO_SHOW", "CANCELED"])
            .gather(chance.of("status").pick([84, 9, 7], n))
            .alias("hs_meeting_outcome"),
        ]
    elif kind == "notes":
        special = [subject.alias("hs_note_body")]
    else:
        special = [
            subject.alias("hs_task_subject"),
            pl.Series(["COMPLETED", "NOT_STARTED"])
            .gather(chance.of("status").pick([85, 15], n))
            .alias("hs_task_status"),
            pl.Series(["MEDIUM", "HIGH", "LOW"])
            .gather(chance.of("priority").pick([70, 20, 10], n))
            .alias("hs_task_priority"),
            pl.repeat("TODO", n, dtype=pl.String, eager=True).alias("hs_task_type"),
        ]
    stamps = [owner.alias("hubspot_owner_id"), created.alias("hs_createdate"), created.alias("hs_lastmodifieddate")]
    return pl.DataFrame([*common, *special, *stamps]).sort(pl.col("id").cast(pl.Int64))
