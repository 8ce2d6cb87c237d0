"""What the generator plants, and what its truth says of it."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from sandbox.generator import Dataset, generate

AS_OF = date(2026, 11, 22)
PERSONS = ["Contact", "Lead", "contacts"]


@pytest.fixture(scope="module")
def data() -> Dataset:
    return generate(12_000, seed=2, dirt=1.0, as_of=AS_OF)


@pytest.fixture(scope="module")
def clean() -> Dataset:
    return generate(4000, seed=2, dirt=0.0, as_of=AS_OF)


@pytest.fixture(scope="module")
def two_orgs() -> Dataset:
    return generate(3000, seed=5, as_of=AS_OF, orgs=2)


def people_of(dataset: Dataset) -> pl.DataFrame:
    return dataset.truth["records"].filter(pl.col("object").is_in(PERSONS))


@pytest.mark.parametrize("kind", ["data", "clean", "two_orgs"])
def test_records_of_the_truth_name_every_record_once(kind: str, request: pytest.FixtureRequest) -> None:
    dataset: Dataset = request.getfixturevalue(kind)
    told = dataset.truth["records"]
    assert told.select(pl.struct("system", "object", "id").is_unique().all()).item()
    assert told["entity"].null_count() == 0
    for name in ("Account", "Contact", "Lead", "Opportunity", "User"):
        there = pl.concat([org[name]["Id"] for org in dataset.salesforce])
        assert set(told.filter(pl.col("object") == name)["id"]) == set(there)
    for name in ("contacts", "companies", "deals", "owners"):
        assert set(told.filter(pl.col("object") == name)["id"]) == set(dataset.hubspot[name]["id"])


def test_two_orgs_are_told_apart(two_orgs: Dataset) -> None:
    told = two_orgs.truth["records"].filter(pl.col("object") == "Contact")
    for number, org in enumerate(two_orgs.salesforce):
        assert set(told.filter(pl.col("org") == number)["id"]) == set(org["Contact"]["Id"])
    shared = told.group_by("entity").agg(pl.col("org").n_unique()).filter(pl.col("org") > 1)
    assert len(shared) > 5


def test_clean_data_has_one_record_per_person_company_and_system(clean: Dataset) -> None:
    told = clean.truth["records"]
    assert set(told["relation"]) <= {"original", "counterpart", "converted", "family", "namesake"}
    alive = told.filter(pl.col("relation") != "converted")
    assert alive.select(pl.struct("system", "entity").is_unique().all()).item()
    assert clean.truth["malformed"].is_empty()
    assert clean.truth["stale_deals"].is_empty()


def test_clean_data_is_written_in_one_way(clean: Dataset) -> None:
    for frame, phone, country in (
        (clean.salesforce[0]["Contact"], "Phone", "MailingCountry"),
        (clean.hubspot["contacts"], "phone", "country"),
    ):
        assert frame[phone].drop_nulls().str.contains(r"^\+[1-9]\d{6,14}$").all()
        assert frame[country].n_unique() < 31
    assert clean.salesforce[0]["Contact"]["AccountId"].null_count() < len(clean.salesforce[0]["Contact"]) * 0.01


@pytest.mark.parametrize(
    ("name", "relation", "low", "high"),
    [
        ("Contact", "duplicate", 0.03, 0.12),
        ("Lead", "duplicate", 0.08, 0.25),
        ("contacts", "duplicate", 0.03, 0.12),
        ("Contact", "job_change", 0.015, 0.06),
        ("contacts", "shared_mailbox", 0.002, 0.03),
        ("Contact", "family", 0.003, 0.02),
        ("Contact", "namesake", 0.002, 0.02),
        ("contacts", "test", 0.0001, 0.004),
        ("Account", "duplicate", 0.06, 0.2),
        ("companies", "duplicate", 0.05, 0.2),
        ("contacts", "counterpart", 0.2, 0.5),
        ("deals", "counterpart", 0.15, 0.5),
    ],
)
def test_relations_are_planted_at_ordinary_rates(
    name: str, relation: str, low: float, high: float, data: Dataset
) -> None:
    of_object = data.truth["records"].filter(pl.col("object") == name)
    assert low < len(of_object.filter(pl.col("relation") == relation)) / len(of_object) < high


def test_dirt_scales_duplicates_and_faults(data: Dataset) -> None:
    dirty = generate(4000, seed=2, dirt=2.5, as_of=AS_OF)
    shares = []
    for dataset in (data, dirty):
        told = people_of(dataset)
        shares.append(
            (
                len(told.filter(pl.col("relation") == "duplicate")) / len(told),
                len(dataset.truth["malformed"]) / len(told),
            )
        )
    assert shares[1][0] > 1.6 * shares[0][0]
    assert shares[1][1] > 1.2 * shares[0][1]


def test_duplicates_have_another_record_of_the_same_entity(data: Dataset) -> None:
    told = people_of(data)
    copies = told.filter(pl.col("relation").is_in(["duplicate", "converted", "job_change", "counterpart"]))
    counts = told.group_by("entity").len()
    assert (copies.join(counts, on="entity")["len"] > 1).all()


def test_namesakes_and_family_are_other_entities_of_the_same_name(data: Dataset) -> None:
    people = data.truth["people"]
    names = people.select("entity", "given", "family", "company", "phone")
    namesakes = people.filter(pl.col("namesake_of").is_not_null()).join(
        names, left_on="namesake_of", right_on="entity", suffix="_of_other"
    )
    assert (namesakes["given"] == namesakes["given_of_other"]).all()
    assert (namesakes["family"] == namesakes["family_of_other"]).all()
    assert 0.2 < (namesakes["company"] == namesakes["company_of_other"]).mean() < 0.6  # type: ignore[operator]
    family = people.filter(pl.col("family_of").is_not_null()).join(
        names, left_on="family_of", right_on="entity", suffix="_of_other"
    )
    assert (family["company"] == family["company_of_other"]).all()
    assert (family["phone"] == family["phone_of_other"]).mean() > 0.99  # type: ignore[operator]


def test_shared_mailboxes_are_used_by_several_people(data: Dataset) -> None:
    told = people_of(data).filter(pl.col("relation") == "shared_mailbox", pl.col("object") == "Contact")
    mails = data.salesforce[0]["Contact"].join(told, left_on="Id", right_on="id")
    used = mails.group_by(pl.col("Email").str.to_lowercase()).agg(pl.col("entity").n_unique())
    assert used["entity"].max() > 1  # type: ignore[operator]


def test_account_of_lists_the_records_of_the_true_account(data: Dataset) -> None:
    told = data.truth["account_of"]
    records = data.truth["records"].select("id", pl.col("entity").alias("found"), "object")
    pairs = told.explode("account_ids").filter(pl.col("account_ids").is_not_null())
    joined = pairs.join(
        records.filter(pl.col("object").is_in(["Account", "companies"])), left_on="account_ids", right_on="id"
    )
    assert len(joined) == len(pairs)
    assert (joined["found"] == joined["account_entity"]).all()
    linked = told.filter(pl.col("linked").is_not_null())
    assert linked.select(pl.col("account_ids").list.contains(pl.col("linked")).all()).item()
    contacts = data.salesforce[0]["Contact"].join(
        told.filter(pl.col("object") == "Contact"), left_on="Id", right_on="id"
    )
    assert contacts["AccountId"].equals(contacts["linked"], check_names=False)
    forgotten = contacts.filter(pl.col("linked").is_null() & pl.col("account_ids").is_not_null())
    assert 0.005 < len(forgotten) / len(contacts) < 0.12


def test_malformed_names_fields_that_differ_from_their_clean_value(data: Dataset) -> None:
    told = data.truth["malformed"]
    assert told.select(pl.struct("object", "id", "field", "kind").is_unique().all()).item()
    for name, frame in (
        ("Contact", data.salesforce[0]["Contact"]),
        ("Lead", data.salesforce[0]["Lead"]),
        ("contacts", data.hubspot["contacts"]),
    ):
        mine = told.filter(pl.col("object") == name)
        key = "id" if name == "contacts" else "Id"
        for field in mine["field"].unique():
            joined = mine.filter(pl.col("field") == field).join(
                frame.select(key, pl.col(field).alias("held")), left_on="id", right_on=key
            )
            same = joined.filter(pl.col("held").cast(pl.String).eq_missing(pl.col("clean")))
            assert len(joined) and same.is_empty(), (name, field)


def test_malformed_has_every_kind_that_is_promised(data: Dataset) -> None:
    kinds = set(generate(40_000, seed=1, dirt=1.5, as_of=AS_OF).truth["malformed"]["kind"])
    assert kinds >= {
        "nickname",
        "initial",
        "name_typo",
        "name_swapped",
        "name_joined",
        "name_upper",
        "name_lower",
        "accents_lost",
        "title_in_name",
        "given_missing",
        "surname_changed",
        "name_romanised",
        "phone_national",
        "phone_international",
        "phone_extension",
        "phone_garbage",
        "phone_00",
        "country_iso2",
        "country_iso3",
        "country_local",
        "country_variant",
        "email_mailto",
        "email_space",
        "email_double_dot",
        "email_typo_domain",
        "email_tag",
        "email_shared",
        "email_case",
        "email_placeholder",
        "company_legal_name",
        "company_no_form",
        "company_form_variant",
        "company_acronym",
        "company_the",
        "company_and",
        "company_typo",
        "website_url",
        "consent_lost",
        "picklist_variant",
        "city_local",
    }


def test_a_messy_import_is_dirty_as_a_whole(data: Dataset) -> None:
    """Correlation: names in capitals come from few hands, so they sit together under few creation patterns."""
    contacts = data.salesforce[0]["Contact"]
    upper = contacts.filter(pl.col("LastName").str.contains("^[A-Z]{3,}$"))
    both = upper.filter(pl.col("FirstName").str.contains("^[A-Z]{2,}$"))
    assert len(both) > 0.7 * len(upper.filter(pl.col("FirstName").str.contains("^[A-Za-z]{2,}$")))


def test_stale_deals_show_their_reason_in_the_data(data: Dataset) -> None:
    told = data.truth["stale_deals"].filter(pl.col("object") == "Opportunity")
    deals = data.salesforce[0]["Opportunity"].join(told, left_on="Id", right_on="id")
    assert not deals["IsClosed"].any()
    of = {str(reason[0]): frame for reason, frame in deals.group_by("reason")}
    assert (of["close_date_past"]["CloseDate"] < AS_OF).all()
    assert (of["pushed"]["PushCount"] > 3).all()
    assert (of["missing_data"]["Amount"].is_null()).all()
    quiet = of["idle"].select((pl.lit(AS_OF) - pl.col("LastStageChangeDate").dt.date()).dt.total_days().min()).item()
    assert quiet > 90
    last = of["idle"].select((pl.lit(AS_OF) - pl.col("LastActivityDate")).dt.total_days().min()).item()
    assert last > 90


def test_open_deals_without_a_reason_are_in_order(data: Dataset) -> None:
    stale = data.truth["stale_deals"]["id"]
    fine = data.salesforce[0]["Opportunity"].filter(~pl.col("IsClosed") & ~pl.col("Id").is_in(stale.implode()))
    assert len(fine) > 50
    assert (fine["CloseDate"] >= AS_OF).all()
    assert (fine["PushCount"] <= 3).all()
    assert fine["Amount"].null_count() == 0


def test_names_are_many_and_skewed(data: Dataset) -> None:
    families = data.truth["people"]["family"].value_counts(sort=True)
    assert len(families) > 4000
    assert families["count"][0] > 10
    languages = set(data.truth["people"]["language"])
    assert languages >= {
        "en",
        "gb",
        "de",
        "fr",
        "es",
        "it",
        "nl",
        "sv",
        "pl",
        "pt",
        "tr",
        "in",
        "zh",
        "ja",
        "ar",
        "uk",
        "ru",
    }
    assert data.truth["people"]["family"].str.contains(r"\p{Cyrillic}").any()
    assert data.truth["people"]["family"].str.contains(r"\p{Han}").any()


def test_subsidiaries_share_or_vary_their_parents_domain(data: Dataset) -> None:
    companies = data.truth["companies"]
    both = companies.filter(pl.col("parent").is_not_null()).join(
        companies, left_on="parent", right_on="entity", suffix="_parent"
    )
    assert len(both) > 50
    same = (both["domain"] == both["domain_parent"]).mean()
    assert 0.25 < same < 0.65  # type: ignore[operator]
    assert (both["country"] != both["country_parent"]).mean() > 0.2  # type: ignore[operator]
