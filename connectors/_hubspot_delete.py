"""Moving records to the recycle bin, from where HubSpot's own screens, but no call, restore them for 90 days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors._hubspot_create import UNSEEN
from connectors._hubspot_fields import Fields
from connectors._hubspot_gateway import Gateway, Refused
from connectors._hubspot_layouts import LAYOUTS
from connectors._hubspot_merge import MOVED
from connectors._hubspot_operations import BATCH_ARCHIVE
from connectors._hubspot_pages import read_objects
from connectors._hubspot_parse import version_of
from connectors._hubspot_portal import Description
from connectors._hubspot_push import Record
from connectors._hubspot_write import Failure, unsent_error, write_inputs
from connectors.connector import Sent
from model.batch import Batch
from model.changes import Delete, Outcome, Planned
from model.errors import ConnectorError, NotPermitted
from model.streams import Value


def send_deletes(gateway: Gateway, description: Description, batch: Sequence[Planned]) -> Sent:
    """Move up to 100 records of one stream to the recycle bin, each only as it was when the plan was made."""
    changes = [(planned, planned.change) for planned in batch if isinstance(planned.change, Delete)]
    stream = changes[0][1].key.stream
    layout = LAYOUTS[stream]
    try:
        fields = description.fields(stream)
        ids = [change.key.id for _, change in changes]
        found = _exactly(read_objects(gateway, layout.object, [layout.modified], ids), ids)
    except (NotPermitted, Refused) as error:
        failure = Failure("rejected", getattr(error, "code", "MISSING_SCOPES"), str(error))
        return Sent(tuple(failure.outcome(planned) for planned, _ in changes))
    except ConnectorError as error:
        raise unsent_error(error) from error
    outcomes: dict[str, Outcome] = {}
    wanted: list[tuple[Planned, Delete]] = []
    for planned, change in changes:
        record = found.get(change.key.id)
        if record is None:
            outcomes[planned.id] = Outcome(planned.id, "already")
        elif version_of(record, layout.modified) != change.seen_at:
            outcomes[planned.id] = MOVED.outcome(planned)
        else:
            wanted.append((planned, change))
    if wanted:
        outcomes |= _archive(gateway, fields, wanted)
    gone = [change.key.id for planned, change in changes if outcomes[planned.id].status in ("applied", "already")]
    deleted: dict[str, list[Value]] = {
        "id": list(gone), "changed_at": [gateway.at] * len(gone), "is_deleted": [True] * len(gone),
    }  # fmt: skip
    records = (Batch(gateway.name, stream, deleted, frozenset()),) if gone else ()
    return Sent(tuple(outcomes[planned.id] for planned, _ in changes), records)


def _exactly(records: Sequence[Mapping[str, Any]], ids: Sequence[str]) -> dict[str, Record]:
    return {str(record.get("id")): record for record in records if str(record.get("id")) in set(ids)}


def _archive(gateway: Gateway, fields: Fields, wanted: Sequence[tuple[Planned, Delete]]) -> dict[str, Outcome]:
    ids = [change.key.id for _, change in wanted]
    written = write_inputs(
        gateway, BATCH_ARCHIVE, {"object": fields.layout.object}, [{"id": record_id} for record_id in ids]
    )
    try:
        left = _exactly(read_objects(gateway, fields.layout.object, [fields.layout.modified], ids), ids)
    except ConnectorError:
        return {planned.id: written.failures.get(at, UNSEEN).outcome(planned) for at, (planned, _) in enumerate(wanted)}
    outcomes: dict[str, Outcome] = {}
    for position, (planned, change) in enumerate(wanted):
        failure = written.failures.get(position)
        if change.key.id not in left:
            outcomes[planned.id] = Outcome(planned.id, "applied")
        elif failure is not None:
            outcomes[planned.id] = failure.outcome(planned)
        else:
            outcomes[planned.id] = Outcome(planned.id, "rejected", "NOT_STORED", "HubSpot took it, yet it is there.")
    return outcomes
