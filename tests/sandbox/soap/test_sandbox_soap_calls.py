"""The SOAP calls beside merge and convert: what each answers, in the form Salesforce gives it."""

from __future__ import annotations

import re

import pytest

from sandbox.salesforce import SalesforceApp
from sandbox.salesforce.rules import DuplicateRule
from tests.sandbox.salesforce_org import Org
from tests.sandbox.soap.soap_client import Answer, SoapClient, sobject

WINDOW = "<sObjectType>Account</sObjectType><startDate>{}</startDate><endDate>{}</endDate>"


def ids(*given: str) -> str:
    return "".join(f"<ids>{one}</ids>" for one in given)


def query(soap: SoapClient, soql: str, operation: str = "query", headers: str = "") -> Answer:
    return soap.call(operation, f"<queryString>{soql}</queryString>", headers=headers)


def test_query_answers_in_the_recorded_form(org: Org, soap: SoapClient) -> None:
    account = org.app.create("Account", Name="A & B's", Website="https://a.example")
    answer = query(soap, "SELECT Id, Name, Type, Website FROM Account")
    records = re.search(r"<records.*</records>", answer.text)
    assert records is not None
    assert records.group(0) == (
        f'<records xsi:type="sf:sObject"><sf:type>Account</sf:type><sf:Id>{account}</sf:Id><sf:Id>{account}</sf:Id>'
        "<sf:Name>A &amp; B&apos;s</sf:Name>"
        '<sf:Type xsi:nil="true"/><sf:Website>https://a.example</sf:Website></records>'
    )
    assert '<result xsi:type="QueryResult"><done>true</done><queryLocator xsi:nil="true"/>' in answer.text
    assert "<current>1</current><limit>100000</limit><type>API REQUESTS</type>" in answer.text


def test_query_takes_its_text_under_any_name(org: Org, soap: SoapClient) -> None:
    """SOAP::Lite, under Perl's WWW::Salesforce, sends `<c-gensym22>`."""
    org.app.create("Account", Name="A")
    named = soap.call("query", '<c-gensym22 xsi:type="xsd:string">SELECT Name FROM Account</c-gensym22>')
    assert named.all("Name") == ["A"]


@pytest.mark.parametrize(("version", "id_count"), [("31.0", 0), ("36.0", 0), ("37.0", 1), ("59.0", 1)])
def test_search_answers_records_in_the_form_of_the_version(
    org: Org, soap: SoapClient, version: str, id_count: int
) -> None:
    contact = org.app.create("Contact", LastName="Zwicky")
    sosl = "<searchString>FIND {Zwicky} IN ALL FIELDS RETURNING Contact(Id, LastName)</searchString>"
    found = soap.call("search", sosl, url=f"/services/Soap/u/{version}")
    assert (found.all("Id"), found.all("LastName")) == ([contact, contact], ["Zwicky"])
    assert '<searchRecords><record xsi:type="sf:sObject"><sf:type>Contact</sf:type>' in found.text
    assert len(found.all("queryId")) == id_count


def test_search_without_words_or_sense_is_refused(org: Org, soap: SoapClient) -> None:
    assert soap.call("search").fault == (500, "sf:MALFORMED_SEARCH")
    assert soap.call("search", "<searchString>FIND Zwicky</searchString>").fault == (500, "sf:MALFORMED_SEARCH")


def test_query_gives_times_parents_children_and_addresses_their_types(org: Org, soap: SoapClient) -> None:
    account = org.app.create("Account", Name="A", BillingCity="Leeds", AnnualRevenue=5)
    org.app.create("Contact", LastName="L", AccountId=account)
    soql = "SELECT CreatedDate, BillingAddress, Owner.Name, (SELECT LastName FROM Contacts) FROM Account"
    text = query(soap, soql).text
    assert re.search(r"<sf:CreatedDate>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z</sf:CreatedDate>", text)
    address = re.search(r'<sf:BillingAddress xsi:type="address">(.*)</sf:BillingAddress>', text)
    assert address is not None
    assert address.group(1).startswith('<latitude xsi:nil="true"/><longitude xsi:nil="true"/><city>Leeds</city>')
    assert '<sf:Owner xsi:type="sf:sObject"><sf:type>User</sf:type><sf:Id xsi:nil="true"/><sf:Name>' in text
    assert '<sf:Contacts xsi:type="QueryResult"><done>true</done>' in text


def test_query_more_reads_all_pages_by_locator(org: Org, soap: SoapClient) -> None:
    for number in range(201):
        org.app.create("Account", Name=f"A{number}")
    first = query(soap, "SELECT Id FROM Account", headers="<QueryOptions><batchSize>200</batchSize></QueryOptions>")
    assert (first.one("done"), first.one("size"), len(first.all("records"))) == ("false", "201", 200)
    rest = soap.call("queryMore", f"<queryLocator>{first.one('queryLocator')}</queryLocator>")
    assert (rest.one("done"), len(rest.all("records"))) == ("true", 1)
    gone = soap.call("queryMore", "<queryLocator>01g000000000000-200</queryLocator>")
    assert gone.fault == (500, "sf:INVALID_QUERY_LOCATOR")


def test_query_all_sees_what_is_deleted(org: Org, soap: SoapClient) -> None:
    org.app.delete("Account", org.app.create("Account", Name="A"))
    assert query(soap, "SELECT Id FROM Account").one("size") == "0"
    assert query(soap, "SELECT IsDeleted FROM Account", "queryAll").all("IsDeleted") == ["true"]


def test_count_and_aggregates_have_no_ids(org: Org, soap: SoapClient) -> None:
    org.app.create("Account", Name="A")
    assert query(soap, "SELECT COUNT() FROM Account").one("size") == "1"
    assert query(soap, "SELECT COUNT(Id) n FROM Account").all("n") == ["1"]


@pytest.mark.parametrize(
    ("soql", "code", "kind"),
    [
        pytest.param("SELECT Nope FROM Account", "INVALID_FIELD", "InvalidFieldFault", id="field"),
        pytest.param("SELECT Id FROM Nope", "INVALID_TYPE", "InvalidSObjectFault", id="type"),
        pytest.param("SELECT", "MALFORMED_QUERY", "MalformedQueryFault", id="grammar"),
        pytest.param("", "MALFORMED_QUERY", "MalformedQueryFault", id="blank"),
    ],
)
def test_bad_query_is_a_typed_fault(soap: SoapClient, soql: str, code: str, kind: str) -> None:
    answer = query(soap, soql)
    assert answer.fault == (500, f"sf:{code}")
    assert answer.one("exceptionCode") == code
    assert answer.one("faultstring") == f"{code}: {answer.one('exceptionMessage')}"
    assert f'<sf:{kind} xsi:type="sf:{kind}">' in answer.text


def test_retrieve_keeps_the_order_and_gives_nil_for_what_is_gone(org: Org, soap: SoapClient) -> None:
    first, second, gone = (org.app.create("Account", Name=name) for name in "ABC")
    org.app.delete("Account", gone)
    wanted = f"<fieldList>Id, Name</fieldList><sObjectType>account</sObjectType>{ids(second, gone, first)}"
    answer = soap.call("retrieve", wanted)
    assert answer.all("Name") == ["B", "A"]
    assert '<result xsi:nil="true"/>' in answer.text


def test_create_tells_of_each_record(org: Org, soap: SoapClient) -> None:
    good = sobject("Account", Name="Zoë", AnnualRevenue="5.0", NumberOfEmployees=3)
    opted_out = sobject("Contact", LastName="L", HasOptedOutOfEmail=True)
    records = (good, sobject("Account"), opted_out)
    answer = soap.call("create", "".join(f"<sObjects>{record}</sObjects>" for record in records))
    assert answer.all("success") == ["true", "false", "true"]
    assert answer.errors == [("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]")]
    assert answer.all("fields") == ["Name"]
    row = org.app.row("Account", answer.one("id"))
    assert (row["Name"], row["AnnualRevenue"], row["NumberOfEmployees"]) == ("Zoë", 5.0, 3)
    assert org.app.rows("Contact")[0]["HasOptedOutOfEmail"] == 1


def test_update_clears_by_fields_to_null_and_leaves_nil_alone(org: Org, soap: SoapClient) -> None:
    account = org.app.create("Account", Name="A", Phone="1", Fax="2")
    nil = '<sobj:Fax xsi:nil="true"/>'
    answer = soap.call("update", f"<sObjects>{sobject('Account', ('Phone',), Id=account, Site='S')}{nil}</sObjects>")
    assert (answer.one("success"), answer.one("id")) == ("true", account)
    row = org.app.row("Account", account)
    assert (row["Phone"], row["Fax"], row["Site"]) == (None, "2", "S")


def test_upsert_says_what_it_created(org: Org, soap: SoapClient) -> None:
    arguments = (
        "<externalIDFieldName>Trueline_Id__c</externalIDFieldName>"
        f"<sObjects>{sobject('Account', Trueline_Id__c='t', Name='A')}</sObjects>"
    )
    assert [soap.call("upsert", arguments).one("created") for _ in range(2)] == ["true", "false"]
    assert org.app.count("Account") == 1


def test_record_names_its_parent_by_external_id(org: Org, soap: SoapClient) -> None:
    account = org.app.create("Account", Name="A", Trueline_Id__c="t")
    parent = f"<sobj:Account>{sobject('Account', Trueline_Id__c='t')}</sobj:Account>"
    made = soap.call("create", f"<sObjects>{sobject('Contact', LastName='L')}{parent}</sObjects>")
    assert org.app.row("Contact", made.one("id"))["AccountId"] == account


def test_all_or_none_undoes_the_good_ones(org: Org, soap: SoapClient) -> None:
    records = f"<sObjects>{sobject('Account', Name='A')}</sObjects><sObjects>{sobject('Account')}</sObjects>"
    header = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>"
    answer = soap.call("create", records, headers=header)
    assert answer.all("statusCode") == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert org.app.count("Account") == 0


def test_assignment_rule_runs_only_when_asked_for(org: Org, soap: SoapClient) -> None:
    queue = org.app.create("Group", Name="Q", Type="Queue")
    org.app.settings.rules.assignment["Lead"] = queue
    record = f"<sObjects>{sobject('Lead', LastName='L', Company='C')}</sObjects>"
    header = "<AssignmentRuleHeader><useDefaultRule>true</useDefaultRule></AssignmentRuleHeader>"
    plain, ruled = soap.call("create", record), soap.call("create", record, headers=header)
    owners = [org.app.row("Lead", answer.one("id"))["OwnerId"] for answer in (plain, ruled)]
    assert owners == [org.app.user_id, queue]


def test_delete_and_undelete_tell_of_each_id(org: Org, soap: SoapClient) -> None:
    account = org.app.create("Account", Name="A")
    assert soap.call("delete", ids(account)).all("success") == ["true"]
    answer = soap.undelete(account, "not an id", account)
    assert answer.all("success") == ["true", "false", "false"]
    assert answer.errors == [
        ("MALFORMED_ID", "malformed id not an id"),
        ("UNDELETE_FAILED", "Entity is not in the recycle bin"),
    ]
    assert org.app.count("Account") == 1


def test_recycle_bin_emptied_gives_nothing_back(org: Org, soap: SoapClient) -> None:
    account = org.app.create("Account", Name="A")
    missing = ("INVALID_ID_FIELD", "invalid record id; no recycle bin entry found")
    assert soap.call("emptyRecycleBin", ids(account)).errors == [missing]
    org.app.delete("Account", account)
    assert soap.call("emptyRecycleBin", ids(account)).all("success") == ["true"]
    assert soap.undelete(account).all("success") == ["false"]


def test_more_records_than_a_call_takes_are_a_fault(soap: SoapClient) -> None:
    answer = soap.undelete(*["001000000000001AAA"] * 201)
    assert answer.fault == (500, "sf:EXCEEDED_ID_LIMIT")


def test_replication_windows_answer_as_rest_does(org: Org, soap: SoapClient) -> None:
    start = org.app.clock.now().isoformat()
    kept, gone = org.app.create("Account", Name="A"), org.app.create("Account", Name="B")
    org.app.delete("Account", gone)
    org.app.clock.turn(60)
    window = WINDOW.format(start, org.app.clock.now().isoformat())
    updated, deleted = soap.call("getUpdated", window), soap.call("getDeleted", window)
    assert updated.all("ids") == [kept]
    assert updated.one("latestDateCovered").endswith("Z")
    assert (deleted.all("id"), len(deleted.all("deletedDate"))) == ([gone], 1)
    named_otherwise = window.replace("sObjectType>", "sObjectTypeEntityType>")
    assert soap.call("getUpdated", named_otherwise).all("ids") == [kept]
    assert soap.call("getUpdated", WINDOW.format("x", "y")).fault == (500, "sf:INVALID_REPLICATION_DATE")


def test_describe_tells_what_rest_tells(soap: SoapClient) -> None:
    everything = soap.call("describeGlobal")
    assert "Account" in everything.all("name")
    assert len(everything.all("keyPrefix")) == len(everything.all("name"))
    one = soap.call("describeSObject", "<sObjectType>contact</sObjectType>")
    assert {"LastName", "AccountId"} <= set(one.all("name"))
    assert "<mergeable>true</mergeable>" in one.text
    assert not {"urls", "sobjectDescribeOption"} & {element.tag.rpartition("}")[2] for element in one.root.iter()}
    two = soap.call("describeSObjects", "<sObjectType>Lead</sObjectType><sObjectType>Account</sObjectType>")
    assert two.text.count("<keyPrefix>") == 2
    assert soap.call("describeSObject", "<sObjectType>Nope</sObjectType>").fault == (500, "sf:INVALID_TYPE")


def test_user_info_names_org_and_user(org: Org, soap: SoapClient) -> None:
    answer = soap.call("getUserInfo")
    assert (answer.one("userName"), answer.one("organizationId")) == ("admin@sandbox.example", org.app.org_id)
    assert soap.call("getServerTimestamp").one("timestamp").endswith("Z")


def test_calls_count_against_the_daily_limit(org: Org, soap: SoapClient) -> None:
    used = org.app.api_calls
    soap.call("getUserInfo")
    assert org.app.api_calls == used + 1
    org.app.settings.daily_limit = used + 1
    assert soap.call("getUserInfo").fault == (500, "sf:REQUEST_LIMIT_EXCEEDED")
    assert org.listener.requests.count("soap") == 2


def test_text_that_xml_cannot_hold_is_left_out(soap: SoapClient) -> None:
    app: SalesforceApp = soap.org.app
    app.create("Account", Name="a\x01b\ufffe]]>")
    assert query(soap, "SELECT Name FROM Account").all("Name") == ["ab]]>"]


def test_text_that_is_too_long_is_cut_when_the_header_allows_it(org: Org, soap: SoapClient) -> None:
    record = f"<sObjects>{sobject('Account', Name='A', Phone='1' * 50)}</sObjects>"
    assert soap.call("create", record).all("statusCode") == ["STRING_TOO_LONG"]
    header = (
        "<AllowFieldTruncationHeader><allowFieldTruncation>true</allowFieldTruncation></AllowFieldTruncationHeader>"
    )
    made = soap.call("create", record, headers=header)
    assert org.app.row("Account", made.one("id"))["Phone"] == "1" * 40


def test_duplicates_are_found_for_records_and_for_ids(org: Org, soap: SoapClient) -> None:
    assert soap.call("findDuplicates", f"<sObjects>{sobject('Lead', Email='a@b.example')}</sObjects>").fault == (
        500, "sf:NO_ACTIVE_DUPLICATE_RULE",
    )  # fmt: skip
    org.app.settings.rules.duplicates.append(DuplicateRule("Leads_DR", "Lead", ("Email",)))
    leads = [org.app.create("Lead", LastName="L", Company="C", Email="a@b.example") for _ in range(2)]
    answer = soap.call("findDuplicates", f"<sObjects>{sobject('Lead', Email='A@b.example')}</sObjects>")
    assert (answer.one("duplicateRule"), answer.one("size"), answer.one("allowSave")) == ("Leads_DR", "2", "true")
    assert answer.all("Id")[::2] == leads
    by_id = soap.call("findDuplicatesByIds", ids(leads[0]))
    assert (by_id.one("size"), by_id.all("Id")[0]) == ("1", leads[1])
    none = soap.call("findDuplicates", f"<sObjects>{sobject('Lead', Email='c@b.example')}</sObjects>")
    assert (none.one("success"), none.one("size"), none.all("record")) == ("true", "0", [])


def test_duplicate_rule_stops_a_write_unless_the_header_lets_it_pass(org: Org, soap: SoapClient) -> None:
    org.app.settings.rules.duplicates.append(DuplicateRule("Leads_DR", "Lead", ("Email",)))
    record = f"<sObjects>{sobject('Lead', LastName='L', Company='C', Email='a@b.example')}</sObjects>"
    assert soap.call("create", record).one("success") == "true"
    assert soap.call("create", record).errors == [("DUPLICATES_DETECTED", "Use one of these records?")]
    header = "<DuplicateRuleHeader><allowSave>true</allowSave></DuplicateRuleHeader>"
    assert soap.call("create", record, headers=header).one("success") == "true"
