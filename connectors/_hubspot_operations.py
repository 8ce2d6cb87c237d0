"""Every HubSpot operation this connector uses, one row each: moving to another API version is a change of this table.

Versions: 2026-03 is the newest in which all of these are confirmed (2026-09 lacks the documented 207 answers and
enforces further rules on writes; v3 and v4 lose support in 2027). Account details are documented in v3 and 2026-09.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

READ_STATUSES = frozenset({200})
BATCH_STATUSES = frozenset({200, 207})


@dataclass(frozen=True, slots=True)
class Operation:
    """`kind` is what `Usage` counts it under. `statuses` are the only answers that count as success; any other 2xx is
    an error. `is_idempotent`: sending it twice leaves what sending it once does. `most` is the documented maximum of
    records per page or inputs per batch (0 where neither applies). `has_body`: an answer without JSON is an error."""

    name: str
    kind: str
    method: str
    path: str  # {placeholders} are filled percent-encoded
    version: str
    statuses: frozenset[int]
    is_idempotent: bool = True
    most: int = 0
    is_search: bool = False
    has_body: bool = True

    @property
    def is_about_links(self) -> bool:
        return self.path.startswith("/crm/associations/")


DETAILS = Operation("account details", "describe", "GET", "/account-info/{version}/details", "2026-09", READ_STATUSES)
DAILY_USAGE = Operation(
    "daily usage",
    "describe",
    "GET",
    "/account-info/{version}/api-usage/daily/private-apps",
    "2026-03",
    READ_STATUSES,
)
PROPERTIES = Operation("properties", "describe", "GET", "/crm/properties/{version}/{object}", "2026-03", READ_STATUSES)
PIPELINES = Operation("pipelines", "list", "GET", "/crm/pipelines/{version}/{object}", "2026-03", READ_STATUSES)
OWNERS = Operation("owners", "list", "GET", "/crm/owners/{version}", "2026-03", READ_STATUSES, most=100)
LIST = Operation("list", "list", "GET", "/crm/objects/{version}/{object}", "2026-03", READ_STATUSES, most=100)
# HubSpot lists what was archived within 90 days, in id order only.
LIST_DELETED = replace(LIST, name="list of archived", kind="deleted")
SEARCH = Operation(
    "search",
    "search",
    "POST",
    "/crm/objects/{version}/{object}/search",
    "2026-03",
    READ_STATUSES,
    most=200,
    is_search=True,
)
COUNT = replace(SEARCH, name="count", kind="count", most=0)
# The same calls where only the ids are wanted, whose links are then read.
LINKED_LIST = replace(LIST, name="list for links", kind="association")
LINKED_SEARCH = replace(SEARCH, name="search for links", kind="association")
BATCH_READ = Operation(
    "batch read", "read", "POST", "/crm/objects/{version}/{object}/batch/read", "2026-03", BATCH_STATUSES, most=100
)
# The same call asked for `propertiesWithHistory`, which lowers its maximum.
HISTORY_READ = replace(BATCH_READ, name="batch read with history", most=50)
# A list that shows histories has the lower maximum too.
HISTORY_LIST = replace(LIST, name="list with history", most=50)
# Forms have no dated path; their submissions only ever had v1.
FORMS = Operation("forms", "list", "GET", "/marketing/{version}/forms", "v3", READ_STATUSES, most=100)
SUBMISSIONS = Operation(
    "form submissions",
    "list",
    "GET",
    "/form-integrations/{version}/submissions/forms/{form}",
    "v1",
    READ_STATUSES,
    most=50,
)
LOGINS = Operation(
    "logins", "list", "GET", "/account-info/{version}/activity/login", "2026-03", READ_STATUSES, most=200
)
BATCH_UPDATE = Operation(
    "batch update", "write", "POST", "/crm/objects/{version}/{object}/batch/update", "2026-03", BATCH_STATUSES, most=100
)
BATCH_CREATE = Operation(
    "batch create",
    "write",
    "POST",
    "/crm/objects/{version}/{object}/batch/create",
    "2026-03",
    frozenset({201, 207}),
    is_idempotent=False,
    most=100,
)
BATCH_ARCHIVE = Operation(
    "batch archive",
    "write",
    "POST",
    "/crm/objects/{version}/{object}/batch/archive",
    "2026-03",
    frozenset({204}),
    most=100,
    has_body=False,
)
# Pairwise, and not twice: the second time the loser's id already stands for the survivor.
MERGE = Operation(
    "merge", "write", "POST", "/crm/objects/{version}/{object}/merge", "2026-03", READ_STATUSES, is_idempotent=False
)
GET = Operation("get", "read", "GET", "/crm/objects/{version}/{object}/{id}", "2026-03", READ_STATUSES)
# A contact's further addresses are written by no newer call: setting their property does nothing.
ADDRESS_REMOVE = Operation(
    "further address removal",
    "write",
    "DELETE",
    "/contacts/{version}/secondary-email/{id}/email/{email}",
    "v1",
    frozenset({200, 204}),
    has_body=False,
)
ADDRESS_ADD = replace(ADDRESS_REMOVE, name="further address", method="PUT")
PROPERTY_CREATE = Operation(
    "property create", "write", "POST", "/crm/properties/{version}/{object}", "2026-03", frozenset({201})
)
LABELS = Operation(
    "association labels",
    "describe",
    "GET",
    "/crm/associations/{version}/{from_object}/{to_object}/labels",
    "2026-03",
    READ_STATUSES,
)
LINKS_READ = Operation(
    "association batch read",
    "association",
    "POST",
    "/crm/associations/{version}/{from_object}/{to_object}/batch/read",
    "2026-03",
    BATCH_STATUSES,
    most=1000,
)
# The v3 ancestor once changed its answer from 201 to 200 without notice, so both are awaited here.
LINKS_CREATE = Operation(
    "association batch create",
    "write",
    "POST",
    "/crm/associations/{version}/{from_object}/{to_object}/batch/create",
    "2026-03",
    frozenset({200, 201, 207}),
    most=2000,
)
# v4 answers 204, the dated versions 200.
LINKS_ARCHIVE = Operation(
    "association batch archive",
    "write",
    "POST",
    "/crm/associations/{version}/{from_object}/{to_object}/batch/archive",
    "2026-03",
    frozenset({200, 204, 207}),
    most=2000,
    has_body=False,
)
# Takes marks and labels off a link; only without the unlabelled type does the link itself stay.
LABELS_ARCHIVE = replace(
    LINKS_ARCHIVE,
    name="association label batch archive",
    path="/crm/associations/{version}/{from_object}/{to_object}/batch/labels/archive",
)
OPERATIONS: tuple[Operation, ...] = (
    DETAILS, DAILY_USAGE, PROPERTIES, PIPELINES, OWNERS, LIST, LIST_DELETED, SEARCH, COUNT, LINKED_LIST, LINKED_SEARCH,
    BATCH_READ, HISTORY_READ, HISTORY_LIST, FORMS, SUBMISSIONS, LOGINS, BATCH_UPDATE, LINKS_READ, LINKS_CREATE,
    LINKS_ARCHIVE, LABELS_ARCHIVE, BATCH_CREATE, BATCH_ARCHIVE, MERGE, GET, ADDRESS_REMOVE, ADDRESS_ADD,
    PROPERTY_CREATE, LABELS,
)  # fmt: skip
