"""Pages of HubSpot objects as columns: types, the three states, merged records, hostile shapes."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors._hubspot_fields import Fields, Portal, Property, check_overrides, resolve_fields
from connectors._hubspot_layouts import LAYOUTS
from connectors._hubspot_parse import parse_objects
from model.batch import CustomColumn
from model.errors import ConfigError

ZONE = ZoneInfo("Europe/Berlin")
COMPANY = ("name", "domain", "annualrevenue", "numberofemployees", "hs_lastmodifieddate", "hs_merged_object_ids")
TYPES = {"annualrevenue": "number", "numberofemployees": "number", "hs_lastmodifieddate": "datetime"}


def accounts(*names: str, currency: str | None = "USD", **overrides: str) -> Fields:
    properties = {name: Property(name, TYPES.get(name, "string")) for name in names or COMPANY}
    return resolve_fields(LAYOUTS["accounts"], properties, overrides, Portal(ZONE, currency))


def company(record_id: str, **texts: Any) -> dict[str, Any]:
    stamp = {"hs_lastmodifieddate": "2026-01-01T00:00:00.250Z"}
    return {"id": record_id, "properties": {**stamp, **texts}, "createdAt": "2026-01-01T00:00:00Z"}


def test_page_becomes_columns_of_border_types() -> None:
    page = [company("1", name="Acme", annualrevenue="1500.5", numberofemployees="12"), company("2", name="")]
    batch = parse_objects("hs", accounts(), page).batch

    assert batch.readable == {"name", "domain", "revenue", "employees", "currency"}
    assert batch.columns["name"] == ["Acme", None]
    assert batch.columns["revenue"] == [150050, None]
    assert batch.columns["employees"] == [12, None]
    assert batch.columns["currency"] == ["USD", "USD"]
    assert batch.columns["changed_at"] == [1_767_225_600_250_000] * 2
    assert batch.columns["is_deleted"] == [False, False]


def test_property_the_token_may_not_see_is_unknown_and_said() -> None:
    fields = accounts("name", "hs_lastmodifieddate")
    assert fields.readable == {"name", "currency"}
    assert any("accounts.domain is unknown: property domain" in gap for gap in fields.gaps)
    assert not any("legal_name" in gap for gap in fields.gaps)


def test_sensitive_property_is_unknown() -> None:
    properties = {"name": Property.parse({"name": "name", "type": "string", "dataSensitivity": "sensitive"})}
    fields = resolve_fields(LAYOUTS["accounts"], properties, {}, Portal(ZONE, "USD"))
    assert "name" not in fields.readable
    assert any("sensitive" in gap for gap in fields.gaps)


def test_money_without_known_currency_is_unknown() -> None:
    fields = accounts(currency=None)
    assert not fields.readable & {"revenue", "currency"}
    assert any("accounts.revenue is unknown" in gap for gap in fields.gaps)


def test_override_replaces_the_property_of_a_field_and_an_empty_one_takes_it_out() -> None:
    fields = accounts("name", "lei_code", lei="lei_code", name="")
    assert fields.properties["lei"].name == "lei_code"
    assert "name" not in fields.readable


def test_override_that_misspells_a_field_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r"fields\.accounts\.indsutry is no field of accounts; did you mean industry"):
        check_overrides("accounts", {"indsutry": "x"})


def test_override_of_a_name_that_every_record_has_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r"fields\.accounts\.changed_at cannot be mapped"):
        check_overrides("accounts", {"changed_at": "x"})


def test_property_mapped_to_no_canonical_field_is_a_typed_custom_one() -> None:
    properties = {"fit": Property("fit", "number"), "won": Property("won", "bool"), "name": Property("name", "string")}
    fields = resolve_fields(LAYOUTS["accounts"], properties, {"fit": "fit", "was_won": "won"}, Portal(ZONE, "USD"))
    parsed = parse_objects("hs", fields, [company("1", fit="1.5", won="true"), company("2", fit=None, won=None)])
    assert parsed.batch.custom == {
        "fit": CustomColumn("real", [1.5, None]),
        "was_won": CustomColumn("bool", [True, None]),
    }
    assert "fit" not in parsed.batch.readable


def test_text_of_another_type_is_left_blank_and_said() -> None:
    page = [company("1", annualrevenue="a lot"), company("2", annualrevenue="2")]
    parsed = parse_objects("hs", accounts(), page)
    assert parsed.batch.columns["revenue"] == [None, 200]
    assert parsed.gaps == (
        "accounts.revenue is left blank in some records: property annualrevenue holds text there that is no money; "
        "map another property.",
    )


def test_merged_away_ids_come_as_gone_with_their_survivor() -> None:
    page = [company("9", hs_merged_object_ids="1;2;9"), company("10", hs_merged_object_ids=None)]
    merged = parse_objects("hs", accounts(), page).merged
    assert merged.readable == frozenset()
    assert merged.columns["id"] == ["1", "2"]
    assert merged.columns["merged_into"] == ["9", "9"]
    assert merged.columns["is_deleted"] == [True, True]


def test_record_without_modification_stamp_takes_its_update_time() -> None:
    record = {"id": "1", "properties": {"name": "Acme"}, "updatedAt": "1970-01-01T00:00:01Z"}
    batch = parse_objects("hs", accounts(), [record, {"id": "2", "properties": {}}]).batch
    assert batch.columns["changed_at"] == [1_000_000, 0]


def test_value_that_is_no_text_is_spelt_out() -> None:
    batch = parse_objects("hs", accounts(), [company("1", name=7, numberofemployees=5, domain=True)]).batch
    assert (batch.columns["name"], batch.columns["employees"], batch.columns["domain"]) == (["7"], [5], ["true"])


@pytest.mark.parametrize(
    "record",
    [
        pytest.param({"properties": {}}, id="no-id"),
        pytest.param({"id": "1"}, id="no-properties"),
        pytest.param({"id": "1", "properties": ["x"]}, id="properties-a-list"),
    ],
)
def test_object_of_another_shape_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="object"):
        parse_objects("hs", accounts(), [record])
