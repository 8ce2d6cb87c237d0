"""The contract of every source: what a pull promises when all is well, and what it does when something is not."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator

import pytest

from connectors.connector import Source
from model.batch import Page, Watermark
from model.errors import (
    AuthFailed,
    ConnectorError,
    NotPermitted,
    QuotaSpent,
    RateLimited,
    Unavailable,
)
from model.streams import STREAMS, SYSTEM_FIELDS
from tests.connectors.harness import TROUBLES, Harness, harnesses

Trouble = Callable[[str], Harness]


@pytest.fixture
def trouble(harness: Harness) -> Trouble:
    """The harness, once it is known that it can arm the named trouble; the test is left out where it cannot."""

    def ready(name: str) -> Harness:
        if name not in harness.troubles:
            pytest.skip(f"cannot happen to this system: {TROUBLES[name]}")
        return harness

    return ready


def read(source: Source, harness: Harness, watermark: Watermark | None = None) -> list[Page]:
    return list(source.pull(harness.stream, watermark or Watermark()))


def ids(pages: list[Page]) -> list[str]:
    return [str(record_id) for page in pages for record_id in page.batch.columns["id"]]


def failing_read(harness: Harness, name: str, expected: type[ConnectorError]) -> tuple[list[Page], ConnectorError]:
    """Read one page, let the trouble begin, read on until it fails: the pages that came, and the error."""
    source = harness.connect()
    pages: list[Page] = []
    try:
        with pytest.raises(expected) as caught:
            stream: Iterator[Page] = source.pull(harness.stream, Watermark())
            pages.append(next(stream))
            harness.troubles[name]()
            pages.extend(stream)
    finally:
        source.close()
    return pages, caught.value


def test_harnesses_exist_for_salesforce() -> None:
    assert "salesforce" in harnesses()


def test_pull_of_everything_crosses_pages_and_shows_each_record_once(harness: Harness) -> None:
    source = harness.connect()
    pages = read(source, harness)
    source.close()

    assert len(pages) > 1
    assert sorted(ids(pages)) == sorted(harness.ids)
    assert all(page.is_full for page in pages)
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]


def test_pages_carry_only_known_columns_of_the_border_types(harness: Harness) -> None:
    source = harness.connect()
    known = {field.name: field.type for field in (*STREAMS[harness.stream].fields, *SYSTEM_FIELDS)}
    types = {"text": str, "int": int, "real": float, "bool": bool, "time": int, "date": int, "money": int}
    for page in read(source, harness):
        assert page.batch.connection == source.name
        for name, column in page.batch.columns.items():
            assert {type(value) for value in column if value is not None} <= {types[known[name]]}, name
    source.close()


def test_count_agrees_with_what_a_full_pull_shows(harness: Harness) -> None:
    source = harness.connect()
    counted = source.count(harness.stream)
    source.close()
    assert counted in (None, len(harness.ids))


def test_pull_restarted_after_each_page_loses_nothing(harness: Harness) -> None:
    seen: set[str] = set()
    watermark = Watermark()
    for _ in range(len(harness.ids) * 2):
        source = harness.connect()
        page = next(iter(source.pull(harness.stream, watermark)))
        source.close()
        seen |= set(ids([page]))
        watermark = page.watermark
        if page.is_last:
            break
    assert seen == harness.ids
    assert watermark.cursor is None


def test_pull_from_its_own_watermark_starts_no_full_read_unless_it_must(harness: Harness) -> None:
    source = harness.connect()
    last = read(source, harness)[-1]
    again = read(source, harness, last.watermark)
    source.close()

    assert again[-1].is_last
    assert set(ids(again)) <= harness.ids


def test_closing_twice_is_harmless(harness: Harness) -> None:
    source = harness.connect()
    source.close()
    source.close()


def test_expired_token_is_renewed_once_and_the_read_goes_on(trouble: Trouble) -> None:
    harness = trouble("expired-once")
    source = harness.connect()
    stream = source.pull(harness.stream, Watermark())
    pages = [next(stream)]
    harness.troubles["expired-once"]()
    pages.extend(stream)
    source.close()

    assert sorted(ids(pages)) == sorted(harness.ids)


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
    source = harness.connect()
    stream = source.pull(harness.stream, Watermark())
    pages = [next(stream)]
    harness.troubles["limited-once"]()
    pages.extend(stream)
    source.close()

    assert 7.0 in harness.slept
    assert sorted(ids(pages)) == sorted(harness.ids)


def test_rate_limit_without_end_is_reported_after_bounded_tries(trouble: Trouble) -> None:
    harness = trouble("limited-always")
    failing_read(harness, "limited-always", RateLimited)
    assert 1 <= len(harness.slept) <= 10


def test_spent_quota_stops_at_once_and_the_next_pull_resumes(trouble: Trouble) -> None:
    harness = trouble("quota")
    pages, _ = failing_read(harness, "quota", QuotaSpent)
    assert not harness.slept
    assert len(pages) == 1
    assert pages[-1].watermark.cursor is not None


@pytest.mark.parametrize("name", ["broken-once", "cut-once"])
def test_passing_failure_is_retried(trouble: Trouble, name: str) -> None:
    harness = trouble(name)
    source = harness.connect()
    stream = source.pull(harness.stream, Watermark())
    pages = [next(stream)]
    harness.troubles[name]()
    pages.extend(stream)
    source.close()

    assert sorted(ids(pages)) == sorted(harness.ids)
    assert len(harness.slept) == 1


@pytest.mark.parametrize("name", ["broken-always", "cut-always", "not-json", "wrong-shape", "time-out"])
def test_lasting_failure_is_unavailable_after_bounded_tries(trouble: Trouble, name: str) -> None:
    harness = trouble(name)
    before = harness.calls()
    failing_read(harness, name, Unavailable)
    assert harness.calls() - before <= 15


@pytest.mark.parametrize("name", ["foreign-link", "redirect"])
def test_lead_to_another_host_is_refused_and_no_credentials_go_there(trouble: Trouble, name: str) -> None:
    harness = trouble(name)
    failing_read(harness, name, ConnectorError)
    assert harness.strayed() == 0


def test_page_that_repeats_itself_ends_the_read_with_a_clear_error(trouble: Trouble) -> None:
    harness = trouble("repeated-token")
    _, error = failing_read(harness, "repeated-token", Unavailable)
    assert "same next page" in str(error)


def test_read_that_ends_early_is_not_taken_as_complete(trouble: Trouble) -> None:
    harness = trouble("short-read")
    pages, error = failing_read(harness, "short-read", Unavailable)
    assert not any(page.is_last for page in pages)
    assert f"of {len(harness.ids)}" in str(error)


def test_fields_nobody_knows_are_ignored(trouble: Trouble) -> None:
    harness = trouble("unknown-fields")
    harness.troubles["unknown-fields"]()
    source = harness.connect()
    pages = read(source, harness)
    source.close()
    assert sorted(ids(pages)) == sorted(harness.ids)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("expired-always", AuthFailed, id="auth"),
        pytest.param("forbidden", NotPermitted, id="permission"),
        pytest.param("limited-always", RateLimited, id="limit"),
        pytest.param("quota", QuotaSpent, id="quota"),
        pytest.param("broken-always", Unavailable, id="gateway"),
        pytest.param("not-json", Unavailable, id="not-json"),
        pytest.param("wrong-shape", Unavailable, id="wrong-shape"),
        pytest.param("cut-always", Unavailable, id="cut"),
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
