from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
import pytest

from hygiene.resolve import LINKS, link_findings, resolve
from tests.hygiene.frames import frame

ACME = {"id": "acme", "name": "Acme Inc", "domain": "acme.com", "country": "US"}
BETA = {"id": "beta", "name": "Beta GmbH", "domain": "beta.de", "country": "DE"}


def _link(
    person: Mapping[str, object],
    accounts: Sequence[Mapping[str, object]],
    contacts: Sequence[Mapping[str, object]] = (),
    deals: Sequence[Mapping[str, object]] = (),
    memberships: pl.DataFrame | None = None,
) -> dict[str, object]:
    people = frame("contacts", [{"id": "p", **person}, *({"id": f"c{n}", **row} for n, row in enumerate(contacts))])
    frames = {"contacts": people, "accounts": frame("accounts", accounts), "deals": frame("deals", deals)}
    links = resolve(frames, memberships)
    return links.filter(pl.col("person_id") == "p").row(0, named=True)


@pytest.mark.parametrize(
    ("person", "account"),
    [
        pytest.param({"email": "j@acme.com"}, "acme", id="mail-domain"),
        pytest.param({"email": "j@mail.uk.acme.com"}, "acme", id="sub-domain"),
        pytest.param({"email": "info@acme.com"}, "acme", id="role-mailbox-has-a-domain-too"),
        pytest.param({"company": "ACME"}, "acme", id="company-name"),
        pytest.param({"website": "http://www.acme.com/team"}, "acme", id="website"),
        pytest.param({"email": "j@gmail.com", "company": "Beta"}, "beta", id="free-mail-but-company"),
        pytest.param({"email": "j@gmail.com"}, None, id="free-mail-alone"),
        pytest.param({"email": "j@gmial.com"}, None, id="typo-of-free-mail"),
        pytest.param({"email": "j@elsewhere.com"}, None, id="unknown-domain"),
        pytest.param({"email": "j@acme.com", "company": "Beta GmbH"}, None, id="domain-against-name"),
        pytest.param({"email": "j@elsewhere.com", "company": "Acme"}, None, id="name-against-domain"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_resolve_finds_the_account_or_says_why_not(person: Mapping[str, object], account: str | None) -> None:
    link = _link(person, [ACME, BETA])
    assert link["account_id"] == account
    assert (link["abstained_because"] is None) == (account is not None)
    assert link["reason"]


def test_resolve_stays_within_the_connection() -> None:
    frames = {
        "contacts": frame("contacts", [{"email": "j@acme.com"}], "hs"),
        "accounts": frame("accounts", [ACME], "sf"),
    }
    assert resolve(frames)["account_id"].to_list() == [None]


def test_resolve_leaves_linked_contacts_and_converted_leads_alone() -> None:
    frames = {
        "contacts": frame("contacts", [{"email": "j@acme.com", "account_id": "acme"}]),
        "leads": frame("leads", [{"email": "j@acme.com", "is_converted": True}, {"email": "k@acme.com"}]),
        "accounts": frame("accounts", [ACME]),
    }
    assert resolve(frames).select("person_stream", "person_id", "account_id").rows() == [("leads", "2", "acme")]


def test_resolve_learns_domains_from_the_contacts_of_an_account() -> None:
    colleagues = [{"email": f"{name}@acme-mail.com", "account_id": "acme"} for name in "ab"]
    link = _link({"email": "j@acme-mail.com"}, [{**ACME, "domain": None}], colleagues)
    assert link["account_id"] == "acme"
    assert link["reason"] == "its contacts use the same mail domain"


TWINS = ({**ACME, "id": "a"}, {**ACME, "id": "b"})


@pytest.mark.parametrize(
    ("person", "accounts", "contacts", "deals", "reason"),
    [
        pytest.param(
            {"company": "Acme Labs"},
            ({**ACME, "id": "a", "name": "Acme"}, {**ACME, "id": "b", "name": "Acme Labs"}),
            (),
            (),
            "same company name",
            id="exact-name",
        ),
        pytest.param(
            {"country": "DE", "company": "Acme"},
            ({**ACME, "id": "a"}, {**ACME, "id": "b", "country": "Germany"}),
            (),
            (),
            "person's country",
            id="same-country",
        ),
        pytest.param({}, TWINS, (), ({"account_id": "b", "is_closed": False},), "open deals", id="open-deals"),
        pytest.param({}, TWINS, ({"account_id": "b"},), (), "more contacts", id="most-contacts"),
    ],
)
def test_ties_are_broken_in_order_and_visibly(
    person: Mapping[str, object],
    accounts: Sequence[Mapping[str, object]],
    contacts: Sequence[Mapping[str, object]],
    deals: Sequence[Mapping[str, object]],
    reason: str,
) -> None:
    link = _link({"email": "j@acme.com", **person}, accounts, contacts, deals)
    assert (link["account_id"], link["runner_up_id"]) == ("b", "a")
    assert reason in str(link["reason"])


def test_age_alone_does_not_decide_between_two_companies_but_between_duplicates_of_one() -> None:
    assert _link({"email": "j@acme.com"}, TWINS)["account_id"] is None
    assert "nothing tells them apart" in str(_link({"email": "j@acme.com"}, TWINS)["abstained_because"])
    one = pl.DataFrame(
        {"connection": ["sf"] * 2, "stream": ["accounts"] * 2, "id": ["a", "b"], "entity": ["c-1", "c-1"]}
    )
    assert _link({"email": "j@acme.com"}, TWINS, memberships=one)["account_id"] == "a"


def test_abstention_names_the_runner_up_in_a_finding() -> None:
    frames = {
        "contacts": frame("contacts", [{"email": "j@acme.com", "company": "Zeta"}]),
        "accounts": frame("accounts", [ACME]),
    }
    findings = link_findings(resolve(frames))
    assert findings.select("rule", "value").rows() == [("no-account", "acme")]
    assert "too weak" in findings["message"][0]


def test_resolve_without_accounts_or_people_gives_an_empty_or_abstaining_frame() -> None:
    assert resolve({}).schema == LINKS
    links = resolve({"leads": frame("leads", [{"company": "Acme"}])})
    assert links["abstained_because"].to_list() == ["no account has this domain or company name"]
