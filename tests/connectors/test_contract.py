"""The contract of every connector: what it promises when all is well, and what it does when something is not."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Sequence
from itertools import islice

import pytest

from connectors.connector import Found, Source
from connectors.registry import MODULES
from model.batch import Page, Watermark
from model.errors import (
    AuthFailed,
    ConnectorError,
    NotPermitted,
    QuotaSpent,
    RateLimited,
    Rejected,
    Unavailable,
)
from model.streams import STREAMS, SYSTEM_FIELDS
from tests.connectors.harness import TROUBLES, Harness, harnesses, streams

Trouble = Callable[[str], Harness]


@pytest.fixture
def trouble(harness: Harness) -> Trouble:
    """The harness, once it is known that it can arm the named trouble; the test is left out where it cannot."""

    def ready(name: str) -> Harness:
        if name in harness.impossible:
            pytest.skip(f"{TROUBLES[name]}: cannot happen, {harness.impossible[name]}")
        return harness

    return ready


def read(source: Source, harness: Harness, watermark: Watermark | None = None) -> list[Page]:
    return list(source.pull(harness.stream, watermark or Watermark()))


def ids(parts: Sequence[Page | Found]) -> list[str]:
    return [record_id for part in parts for record_id in _ids(part)]


def _ids(part: Page | Found) -> list[str]:
    return [part.source_id] if isinstance(part, Found) else [str(one) for one in part.batch.columns["id"]]


def troubled_read(harness: Harness, name: str) -> list[Page | Found]:
    """Take one part, let the trouble begin, read on to the end."""
    connection = harness.connect()
    try:
        stream = harness.exchange(connection)
        parts = [next(stream)]
        harness.troubles[name]()
        return [*parts, *stream]
    finally:
        connection.close()


def failing_read(
    harness: Harness, name: str, expected: type[ConnectorError]
) -> tuple[list[Page | Found], ConnectorError]:
    """Take one part, let the trouble begin, read on until it fails: the parts that came, and the error."""
    connection = harness.connect()
    parts: list[Page | Found] = []
    try:
        with pytest.raises(expected) as caught:
            stream = harness.exchange(connection)
            parts.append(next(stream))
            harness.troubles[name]()
            parts.extend(stream)
    finally:
        connection.close()
    return parts, caught.value


def test_every_system_has_a_harness() -> None:
    assert sorted(harnesses()) == sorted(MODULES)


@pytest.mark.parametrize("system", sorted(streams()))
def test_every_stream_of_a_system_is_in_its_harness(system: str) -> None:
    with harnesses()[system]() as harness:
        source = harness.source()
        assert set(source.streams()) == set(streams()[system]) == {harness.stream, *harness.others}
        source.close()


def test_exchange_gives_each_record_once_over_several_calls(harness: Harness) -> None:
    connection = harness.connect()
    before = harness.calls()
    parts = list(harness.exchange(connection))
    connection.close()

    assert len(parts) > 1
    assert sorted(ids(parts)) == sorted(harness.ids)
    if harness.questions:
        assert harness.calls() - before > len(harness.questions)


def test_full_pull_gives_each_record_once_and_says_which_page_is_last(sourced: Harness) -> None:
    source = sourced.source()
    pages = read(source, sourced)
    source.close()

    assert len(sourced.ids) >= 5
    assert len(pages) > (sourced.stream not in sourced.one_page)
    assert sorted(ids(pages)) == sorted(sourced.ids)
    assert {page.is_full for page in pages} == {sourced.stream not in sourced.never_full}
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]


def test_pages_carry_only_known_columns_of_the_border_types(sourced: Harness) -> None:
    source = sourced.source()
    known = {field.name: field.type for field in (*STREAMS[sourced.stream].fields, *SYSTEM_FIELDS)}
    types = {"text": str, "int": int, "real": float, "bool": bool, "time": int, "date": int, "money": int}
    for page in read(source, sourced):
        assert page.batch.connection == source.name
        for name, column in page.batch.columns.items():
            assert {type(value) for value in column if value is not None} <= {types[known[name]]}, name
    source.close()


def test_count_agrees_with_what_a_full_pull_shows(sourced: Harness) -> None:
    source = sourced.source()
    counted = source.count(sourced.stream)
    source.close()
    assert counted in (None, len(sourced.ids))


def test_pull_restarted_after_each_page_loses_nothing(sourced: Harness) -> None:
    seen: set[str] = set()
    watermark = Watermark()
    for _ in range(len(sourced.ids) * 2):
        source = sourced.source()
        page = next(iter(source.pull(sourced.stream, watermark)))
        source.close()
        seen |= set(ids([page]))
        watermark = page.watermark
        if page.is_last:
            break
    assert seen == sourced.ids
    assert watermark.cursor is None


def test_pull_from_its_own_watermark_starts_no_full_read_unless_it_must(sourced: Harness) -> None:
    source = sourced.source()
    last = read(source, sourced)[-1]
    again = read(source, sourced, last.watermark)
    source.close()

    assert again[-1].is_last
    assert set(ids(again)) <= sourced.ids


def test_closing_twice_is_harmless_before_and_after_use(harness: Harness) -> None:
    for parts in (0, 1):
        connection = harness.connect()
        assert len(list(islice(harness.exchange(connection), parts))) == parts
        connection.close()
        connection.close()


def test_expired_token_is_renewed_once_and_the_read_goes_on(trouble: Trouble) -> None:
    harness = trouble("expired-once")
    assert sorted(ids(troubled_read(harness, "expired-once"))) == sorted(harness.ids)


def test_token_refused_again_after_one_refresh_fails_auth(trouble: Trouble) -> None:
    harness = trouble("expired-always")
    before = harness.logins() if harness.logins else 0
    failing_read(harness, "expired-always", AuthFailed)
    if harness.logins:
        assert harness.logins() - before == 2  # the first login and one refresh


def test_missing_permission_is_named(trouble: Trouble) -> None:
    _, error = failing_read(trouble("forbidden"), "forbidden", NotPermitted)
    assert isinstance(error, NotPermitted)
    assert error.missing


def test_rate_limit_waits_as_long_as_the_remote_says(trouble: Trouble) -> None:
    harness = trouble("limited-once")
    assert sorted(ids(troubled_read(harness, "limited-once"))) == sorted(harness.ids)
    assert harness.slept == [7.0]


def test_rate_limit_without_end_is_reported_after_bounded_tries(trouble: Trouble) -> None:
    harness = trouble("limited-always")
    failing_read(harness, "limited-always", RateLimited)
    assert 1 <= len(harness.slept) <= 10


def test_spent_quota_stops_at_once_and_the_next_pull_resumes(trouble: Trouble) -> None:
    harness = trouble("quota")
    parts, _ = failing_read(harness, "quota", QuotaSpent)
    assert not harness.slept
    assert len(parts) == 1
    assert all(part.watermark.cursor is not None for part in parts if isinstance(part, Page))


def test_refused_request_is_told_at_once(trouble: Trouble) -> None:
    harness = trouble("refused")
    before = harness.calls()
    parts, error = failing_read(harness, "refused", Rejected)
    assert isinstance(error, Rejected)
    assert error.code
    assert len(parts) == 1
    assert not harness.slept
    assert harness.calls() - before <= 10


@pytest.mark.parametrize("name", ["broken-once", "cut-once", "dropped-once"])
def test_passing_failure_is_retried(trouble: Trouble, name: str) -> None:
    harness = trouble(name)
    assert sorted(ids(troubled_read(harness, name))) == sorted(harness.ids)
    assert len(harness.slept) == 1


@pytest.mark.parametrize("name", ["broken-always", "cut-always", "not-json", "wrong-shape", "time-out", "unreachable"])
def test_lasting_failure_is_unavailable_after_bounded_tries(trouble: Trouble, name: str) -> None:
    harness = trouble(name)
    before = harness.calls()
    failing_read(harness, name, Unavailable)
    assert harness.calls() - before <= 15


def test_redirect_to_another_host_is_refused_and_nothing_goes_there(trouble: Trouble) -> None:
    harness = trouble("redirect")
    failing_read(harness, "redirect", ConnectorError)
    assert harness.strayed() == 0


def test_next_page_on_another_host_is_refused_or_not_looked_at(trouble: Trouble) -> None:
    harness = trouble("foreign-link")
    if harness.follows_links:
        failing_read(harness, "foreign-link", ConnectorError)
    else:
        assert sorted(ids(troubled_read(harness, "foreign-link"))) == sorted(harness.ids)
    assert harness.strayed() == 0


def test_page_that_repeats_itself_ends_the_read_with_a_clear_error(trouble: Trouble) -> None:
    harness = trouble("repeated-token")
    _, error = failing_read(harness, "repeated-token", Unavailable)
    assert "same next page" in str(error)


def test_read_that_ends_early_is_not_taken_as_complete(trouble: Trouble) -> None:
    harness = trouble("short-read")
    parts, error = failing_read(harness, "short-read", Unavailable)
    assert not any(part.is_last for part in parts if isinstance(part, Page))
    assert f"of {len(harness.ids)}" in str(error)


def test_fields_nobody_knows_are_ignored(trouble: Trouble) -> None:
    harness = trouble("unknown-fields")
    harness.troubles["unknown-fields"]()
    connection = harness.connect()
    parts = list(harness.exchange(connection))
    connection.close()
    assert sorted(ids(parts)) == sorted(harness.ids)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("expired-always", AuthFailed, id="auth"),
        pytest.param("forbidden", NotPermitted, id="permission"),
        pytest.param("refused", Rejected, id="refused"),
        pytest.param("limited-always", RateLimited, id="limit"),
        pytest.param("quota", QuotaSpent, id="quota"),
        pytest.param("broken-always", Unavailable, id="gateway"),
        pytest.param("not-json", Unavailable, id="not-json"),
        pytest.param("wrong-shape", Unavailable, id="wrong-shape"),
        pytest.param("cut-always", Unavailable, id="cut"),
        pytest.param("time-out", Unavailable, id="time-out"),
        pytest.param("unreachable", Unavailable, id="unreachable"),
        pytest.param("redirect", ConnectorError, id="redirect"),
    ],
)
def test_no_error_or_log_repeats_a_secret_or_a_persons_data(
    trouble: Trouble, name: str, expected: type[ConnectorError], caplog: pytest.LogCaptureFixture
) -> None:
    harness = trouble(name)
    caplog.set_level(logging.DEBUG)
    _, error = failing_read(harness, name, expected)

    told = "".join(traceback.format_exception(error)) + repr(error) + caplog.text
    assert harness.private
    for text in harness.private:
        assert text not in told
    assert error.connection
    assert "\n" not in str(error)
