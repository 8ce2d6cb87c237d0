from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
import pytest
from pydantic import ValidationError

from hygiene.match import match
from hygiene.resolve import LINKS, link_findings, resolve
from model.settings import ResolveSettings, TieBreakName
from tests.hygiene.frames import frame
from tests.hygiene.generated import generated

ACME = {"id": "acme", "name": "Acme Inc", "domain": "acme.com", "country": "US"}
BETA = {"id": "beta", "name": "Beta GmbH", "domain": "beta.de", "country": "DE"}


def _link(
    person: Mapping[str, object],
    accounts: Sequence[Mapping[str, object]],
    contacts: Sequence[Mapping[str, object]] = (),
    deals: Sequence[Mapping[str, object]] = (),
    memberships: pl.DataFrame | None = None,
    tie_breaks: tuple[TieBreakName, ...] = ResolveSettings().tie_breaks,
) -> dict[str, object]:
    people = frame("contacts", [{"id": "p", **person}, *({"id": f"c{n}", **row} for n, row in enumerate(contacts))])
    frames = {"contacts": people, "accounts": frame("accounts", accounts), "deals": frame("deals", deals)}
    links = resolve(frames, memberships, settings=ResolveSettings(tie_breaks=tie_breaks))
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


def members(*entities: str) -> pl.DataFrame:
    return pl.DataFrame(
        {"connection": ["sf"] * 2, "stream": ["accounts"] * 2, "id": ["a", "b"], "entity": list(entities)}
    )


def test_tie_breaks_choose_among_duplicates_of_one_company_not_between_two() -> None:
    assert _link({"email": "j@acme.com"}, TWINS, memberships=members("c-1", "c-1"))["account_id"] == "a"
    apart = _link({"email": "j@acme.com"}, TWINS, deals=[{"account_id": "b"}], memberships=members("c-1", "c-2"))
    assert apart["account_id"] is None
    assert "nothing tells them apart" in str(apart["abstained_because"])


@pytest.mark.parametrize(
    ("tie_breaks", "account"),
    [
        pytest.param(("oldest",), "a", id="oldest"),
        pytest.param(("open-deals", "oldest"), "b", id="open-deals-first"),
        pytest.param(("oldest", "open-deals"), "a", id="order-counts"),
    ],
)
def test_tie_breaks_are_asked_in_the_order_of_the_settings(tie_breaks: tuple[TieBreakName, ...], account: str) -> None:
    link = _link({"email": "j@acme.com"}, TWINS, deals=[{"account_id": "b"}], tie_breaks=tie_breaks)
    assert link["account_id"] == account


GROUP = ({**ACME, "id": "a", "name": "Acme Holding"}, {**ACME, "id": "b", "name": "Acme Labs", "parent_id": "a"})


@pytest.mark.parametrize(
    ("tie_breaks", "account"),
    [
        pytest.param(("oldest",), None, id="two-companies"),
        pytest.param(("parent",), "a", id="parent"),
        pytest.param(("child",), "b", id="child"),
    ],
)
def test_parent_or_child_is_preferred_only_where_the_settings_say_so(
    tie_breaks: tuple[TieBreakName, ...], account: str | None
) -> None:
    assert _link({"email": "j@acme.com"}, GROUP, tie_breaks=tie_breaks)["account_id"] == account


def test_an_unknown_tie_break_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValidationError, match="there is no tie-break 'biggest'; tie-breaks are exact-name, "):
        ResolveSettings(tie_breaks=("biggest",))


def test_accounts_that_are_each_others_parents_are_one_family() -> None:
    circle = ({**GROUP[0], "parent_id": "b"}, GROUP[1])
    assert _link({"email": "j@acme.com"}, circle, tie_breaks=("child", "oldest"))["account_id"] == "a"


def test_other_records_of_a_person_point_to_the_account_of_the_same_company() -> None:
    frames = {
        "contacts": pl.concat(
            [frame("contacts", [{"id": "p", "email": "j@gmail.com"}], "sf"),
             frame("contacts", [{"id": "q", "email": "j@gmail.com", "account_id": "x", "company": "Acme Inc"}], "hs")]
        ),
        "accounts": pl.concat([frame("accounts", [ACME, BETA], "sf"), frame("accounts", [{**ACME, "id": "x"}], "hs")]),
    }  # fmt: skip
    keys = [("sf", "contacts", "p", "p-1"), ("hs", "contacts", "q", "p-1"), ("sf", "accounts", "acme", "c-1"),
            ("hs", "accounts", "x", "c-1"), ("sf", "accounts", "beta", "c-2")]  # fmt: skip
    known = pl.DataFrame(keys, schema=["connection", "stream", "id", "entity"], orient="row")
    link = resolve(frames, known)
    assert link["account_id"].to_list() == ["acme"]
    assert "other records of the person belong to it" in link["reason"][0]


def test_a_shared_office_phone_points_to_the_account_of_colleagues() -> None:
    colleagues = [{"phone": f"+1 415 555 26{n}", "account_id": "acme", "email": f"c{n}@acme.com"} for n in (71, 72, 73)]
    link = _link({"phone": "+1 415 555 2690"}, [ACME, BETA], colleagues)
    assert link["account_id"] == "acme"
    assert link["reason"] == "a phone of the same office"


@pytest.mark.parametrize("seed", [31, 32])
def test_generated_people_get_their_true_account(seed: int) -> None:
    """Precision, and the share that was not abstained from, of people whose company has an account."""
    made = generated(3000, seed)
    links = resolve(made.frames, match(made.frames).memberships).rename(
        {"person_connection": "connection", "person_stream": "stream", "person_id": "id"}
    )
    accounts = made.entities.filter(pl.col("stream") == "accounts").select(
        "connection", pl.col("id").alias("account_id"), pl.col("entity").alias("chosen")
    )
    known = accounts.select("connection", pl.col("chosen").alias("account")).unique()
    people = made.account_of.join(known, on=["connection", "account"], how="semi")
    told = links.join(accounts, on=["connection", "account_id"], how="left")
    told = told.join(people, on=["connection", "stream", "id"], how="left")
    chosen = told.filter(pl.col("account_id").is_not_null())
    true = told.filter(pl.col("account").is_not_null())
    assert (chosen["chosen"] == chosen["account"]).fill_null(value=False).mean() >= 0.985  # type: ignore[operator]
    assert true["account_id"].count() / len(true) >= 0.95


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
