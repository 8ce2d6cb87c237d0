"""What the generated portal says beside its records agrees with them, and with the orgs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from sandbox.generator import Dataset, generate
from sandbox.generator.deals import STAGES

AS_OF = date(2026, 11, 22)
END = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return generate(4000, seed=6, as_of=AS_OF, orgs=2)


def test_stage_history_leads_to_the_deal_as_it_is(data: Dataset) -> None:
    history, deals = data.hubspot["history"], data.hubspot["deals"]
    for name in ("dealstage", "closedate"):
        last = history.filter(pl.col("property") == name).group_by("id").agg(
            pl.col("value").last(), pl.col("at").first().alias("first"), pl.col("at").last()
        )  # fmt: skip
        both = deals.join(last, on="id", how="left")
        assert both["value"].null_count() == 0
        assert (both["first"] == both["createdate"]).all()
        shown = both["closedate"].dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ") if name == "closedate" else both["dealstage"]
        assert both["value"].equals(shown, check_names=False)
        if name == "dealstage":
            assert (both["at"] == both["hs_v2_date_entered_current_stage"]).all()
    assert (history["at"] < END).all()
    assert history.select((pl.col("at") >= pl.col("at").shift(1).over("id", "property")).fill_null(True).all()).item()


def test_deal_that_an_org_has_too_went_the_same_way_there(data: Dataset) -> None:
    same = data.truth["records"].filter(pl.col("object").is_in(["Opportunity", "deals"]))
    pairs = same.filter(pl.col("object") == "deals").join(
        same.filter(pl.col("object") == "Opportunity"), on="entity", suffix="_sf"
    )
    assert len(pairs) > 20
    words = {stage[0]: stage[1] for stage in STAGES}
    theirs = pl.concat([org["OpportunityHistory"] for org in data.salesforce]).select(
        pl.col("OpportunityId").alias("id_sf"),
        pl.col("StageName").replace_strict(words).alias("stage"),
        pl.col("CreatedDate").alias("moment"),
    )
    ours = data.hubspot["history"].filter(pl.col("property") == "dealstage")
    both = ours.join(pairs.select("id", "id_sf"), on="id").join(
        theirs, left_on=["id_sf", "value", "at"], right_on=["id_sf", "stage", "moment"], how="left", coalesce=False
    )
    assert both["moment"].null_count() == 0


def test_logins_end_where_the_users_were_last_seen(data: Dataset) -> None:
    logins, owners = data.hubspot["logins"], data.hubspot["owners"]
    users = data.salesforce[0]["User"].select("Email", pl.col("LastLoginDate").dt.date().alias("seen"))
    last = logins.group_by("email").agg(pl.col("at").max().dt.date(), pl.col("succeeded").last())
    both = users.join(last, left_on="Email", right_on="email")
    assert both["at"].equals(both["seen"], check_names=False) and both["succeeded"].all()
    recent = owners.filter(~pl.col("archived"))["email"]
    assert set(recent) <= set(logins["email"])
    assert (logins["at"] > END - timedelta(days=92)).all() and (logins["at"] < END).all()
    assert set(logins["user_id"]) <= set(owners["userId"])


def test_leavers_are_archived_owners_since_the_day_they_were_last_seen(data: Dataset) -> None:
    owners = data.hubspot["owners"]
    users = data.salesforce[0]["User"].select("Email", "IsActive", pl.col("LastLoginDate").dt.date().alias("seen"))
    both = owners.join(users, left_on="email", right_on="Email")
    assert (both["archived"] != both["IsActive"]).all() and both["archived"].any()
    gone = both.filter(pl.col("archived"))
    assert gone["updatedAt"].dt.date().equals(gone["seen"], check_names=False)
    assert owners["superAdmin"].sum() == 1 and owners["team"].n_unique() > 2


def test_contacts_say_of_their_forms_what_the_submissions_say(data: Dataset) -> None:
    contacts, submissions = data.hubspot["contacts"], data.hubspot["submissions"]
    told = submissions.group_by("contact_id").agg(
        pl.len().cast(pl.Float64), pl.col("at").max(), pl.col("email").last().alias("sent")
    )
    both = contacts.join(told, left_on="id", right_on="contact_id", how="left")
    assert both["num_conversion_events"].equals(both["len"], check_names=False)
    assert both["recent_conversion_date"].equals(both["at"], check_names=False)
    submitted = both.filter(pl.col("sent").is_not_null())
    assert (submitted["sent"] == submitted["email"]).all()
    assert (submitted["recent_conversion_date"] <= submitted["lastmodifieddate"]).all()
    assert set(submissions["form_id"]) <= set(data.hubspot["forms"]["id"])
    came = contacts.filter((pl.col("hs_object_source") == "FORM") & pl.col("email").is_not_null())
    assert came["first_conversion_date"].equals(came["createdate"], check_names=False) and len(came) > 20


def test_records_say_which_hand_made_them(data: Dataset) -> None:
    users = set(data.hubspot["owners"]["userId"])
    for name in ("contacts", "companies"):
        frame = data.hubspot[name]
        assert set(frame["hs_object_source"]) == {"CRM_UI", "IMPORT", "FORM", "INTEGRATION"}
        assert (frame["hs_was_imported"] == (frame["hs_object_source"] == "IMPORT")).all()
        by_hand = frame.filter(pl.col("hs_object_source") == "CRM_UI")
        assert set(by_hand["hs_object_source_user_id"]) <= users
        assert frame.filter(pl.col("hs_object_source") == "FORM")["hs_object_source_user_id"].null_count() > 0
