"""One batch write, whatever becomes of it: what was accepted, and for each other input why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors._hubspot_gateway import Gateway, Refused
from connectors._hubspot_operations import Operation
from model.changes import Outcome, OutcomeStatus, Planned
from model.errors import AuthFailed, ConnectorError, NotPermitted, QuotaSpent, RateLimited, Unavailable
from model.streams import Value

Input = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an input was not, or perhaps not, written; `existing` is the record that stands in the way, where known."""

    status: OutcomeStatus
    code: str
    message: str
    existing: str = ""

    def outcome(self, change: Planned, found: Value = None) -> Outcome:
        return Outcome(change.id, self.status, self.code, self.message, found=found)


LOST = Failure("unknown", "LOST_ANSWER", "HubSpot's answer was lost; the record is read back before it is sent again.")


@dataclass(slots=True)
class Written:
    """`results` are the accepted objects; `failures` are by position of the input. `stopped` ended the sending."""

    results: list[Mapping[str, Any]] = field(default_factory=list)
    failures: dict[int, Failure] = field(default_factory=dict)
    stopped: ConnectorError | None = None
    has_sent: bool = False


def write_inputs(gateway: Gateway, operation: Operation, path: Mapping[str, str], inputs: Sequence[Input]) -> Written:
    """Send inputs in batches of the operation's maximum. A batch refused as a whole is halved until the inputs that
    HubSpot minds stand alone, so that the others are written. Raises only when nothing can have been written."""
    written = Written()
    gateway.usage.needs(f"{operation.name} {'/'.join(path.values())}", len(inputs), most=operation.most)
    for start in range(0, len(inputs), operation.most):
        positions = range(start, min(start + operation.most, len(inputs)))
        _write_part(gateway, operation, path, inputs, positions, written)
    if written.stopped is not None and not written.has_sent:
        raise unsent_error(written.stopped)
    return written


def unsent_error(error: ConnectorError) -> ConnectorError:
    """The same error as one of the three that say: nothing was sent."""
    if isinstance(error, AuthFailed | QuotaSpent):
        return error
    return Unavailable(str(error), connection=error.connection, sent=False)


def _write_part(
    gateway: Gateway,
    operation: Operation,
    path: Mapping[str, str],
    inputs: Sequence[Input],
    positions: range,
    written: Written,
) -> None:
    failure: Failure
    if written.stopped is not None:
        failure = Failure("unsent", "STOPPED", str(written.stopped))
    else:
        try:
            reply = gateway.call(operation, path=path, body={"inputs": [inputs[position] for position in positions]})
        except Refused as error:
            if len(positions) > 1:
                middle = positions.start + len(positions) // 2
                for half in (range(positions.start, middle), range(middle, positions.stop)):
                    _write_part(gateway, operation, path, inputs, half, written)
                return
            failure = Failure("rejected", error.code, error.reason, error.existing)
        except NotPermitted as error:
            failure = Failure("rejected", "MISSING_SCOPES", f"{error.missing} is not permitted to this token.")
        except (AuthFailed, QuotaSpent, RateLimited, Unavailable) as error:
            is_lost = isinstance(error, Unavailable) and error.sent
            written.stopped = error
            written.has_sent = written.has_sent or is_lost
            failure = LOST if is_lost else Failure("unsent", "STOPPED", str(error))
        except ConnectorError as error:
            failure = Failure("rejected", "", str(error))
        else:
            written.has_sent = True
            results = reply.body.get("results")
            written.results += [entry for entry in results or () if isinstance(entry, dict)]
            _attribute(gateway, reply.body.get("errors"), inputs, positions, written)
            return
    written.failures.update(dict.fromkeys(positions, failure))


def _attribute(gateway: Gateway, errors: object, inputs: Sequence[Input], positions: range, written: Written) -> None:
    """Match the errors of a 207 with inputs by the ids they name; one that names none stands for no input."""
    for error in errors if isinstance(errors, list) else ():
        if not isinstance(error, dict):
            continue
        code = str(error.get("category") or error.get("subCategory") or "ERROR")[:60]
        failure = Failure("rejected", code, *gateway.reason(error, code))
        named = _named(error)
        for position in positions:
            if _ids(inputs[position]) & named:
                written.failures[position] = failure


def _named(error: Mapping[str, Any]) -> set[str]:
    context = error.get("context")
    lists = context.values() if isinstance(context, dict) else ()
    named = {str(item) for listed in lists for item in (listed if isinstance(listed, list) else [listed])}
    return named | ({str(error["id"])} if error.get("id") else set())


def _ids(entry: Input) -> set[str]:
    source = entry.get("from")
    own = source.get("id") if isinstance(source, dict) else entry.get("id")
    return {str(own), str(entry["objectWriteTraceId"])} if "objectWriteTraceId" in entry else {str(own)}
