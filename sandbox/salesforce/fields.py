"""Fields of sObjects as Salesforce describes them, and short ways to declare them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

OnDelete = Literal["clear", "cascade", "restrict"]

# SQLite column types. Text compares without case, as SOQL does; ids compare exactly.
_COLUMN = {
    "boolean": "INTEGER NOT NULL DEFAULT 0",
    "int": "INTEGER",
    "double": "REAL",
    "currency": "REAL",
    "percent": "REAL",
    "id": "TEXT",
    "reference": "TEXT",
    "date": "TEXT",
    "datetime": "TEXT",
    "anyType": "",  # each value keeps its own type; true and false are blobs of one byte
    "base64": "BLOB",
}
_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
    "anyType": "xsd:anyType",
    "base64": "xsd:base64Binary",
}
NUMBERS = frozenset({"int", "double", "currency", "percent"})
IDS = frozenset({"id", "reference"})
MAX_PLAIN = 255  # longer text can be neither filtered, sorted nor grouped by


@dataclass(frozen=True, slots=True)
class Field:
    """One field; the flags have the meaning and the names of a describe, in our spelling."""

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    default: Any = None  # a value that a create puts in when none is given
    picklist: tuple[str, ...] = ()
    restricted: bool = False
    refers_to: tuple[str, ...] = ()
    relationship: str = ""  # Owner for OwnerId
    children: str = ""  # name of the relationship seen from the parent: Contacts
    on_delete: OnDelete = "clear"  # of the parent
    id_lookup: bool = False
    external_id: bool = False
    unique: bool = False
    compound: str = ""  # the compound field this one is a part of
    parts: tuple[tuple[str, str], ...] = ()  # of an address: (key, field name)
    filters: bool = True
    sorts: bool = True
    defaulted: bool = False  # the platform fills it in when a create leaves it out
    permissionable: bool = True  # field-level security can be set on it, as far as it is written at all
    info: str = ""  # extraTypeInfo
    read: str = ""  # SQL that works the value out of other tables; {0} is the alias of the field's own

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def stored(self) -> bool:
        return self.type != "address" and not self.read

    @property
    def required(self) -> bool:
        """A create must give it: not nillable, writable, and nothing fills it in."""
        return not self.nillable and self.createable and self.default is None and self.type != "boolean"

    @property
    def column(self) -> str:
        return _COLUMN.get(self.type, "TEXT COLLATE NOCASE")

    @property
    def soap_type(self) -> str:
        return _SOAP.get(self.type, "xsd:string")

    @property
    def _long(self) -> bool:
        return self.type in ("anyType", "base64") or (self.type == "textarea" and self.length > MAX_PLAIN)

    @property
    def filterable(self) -> bool:
        return self.filters and not self._long

    @property
    def sortable(self) -> bool:
        return self.sorts and not self._long and self.type not in ("address", "multipicklist")

    @property
    def groupable(self) -> bool:
        ungroupable = ("double", "currency", "percent", "datetime", "address", "combobox", "multipicklist")
        return not self._long and self.type not in ungroupable

    @property
    def aggregatable(self) -> bool:
        return not self._long and self.type not in ("boolean", "address", "multipicklist")

    @property
    def polymorphic(self) -> bool:
        return len(self.refers_to) > 1

    def with_label(self) -> Field:
        return self if self.label else replace(self, label=_label(self.name))


def _label(name: str) -> str:
    words = name.removesuffix("__c").replace("_", " ")
    spaced = "".join(f" {c}" if c.isupper() and i and words[i - 1].islower() else c for i, c in enumerate(words))
    return spaced.removesuffix(" Id") + (" ID" if spaced.endswith(" Id") else "")


def text(name: str, length: int, **flags: Any) -> Field:
    return Field(name, "string", length=length, **flags)


def long_text(name: str, length: int = 32000, **flags: Any) -> Field:
    return Field(name, "textarea", length=length, info="plaintextarea", **flags)


def phone(name: str, **flags: Any) -> Field:
    return Field(name, "phone", length=40, **flags)


def url(name: str, **flags: Any) -> Field:
    return Field(name, "url", length=255, **flags)


def email(name: str = "Email", *, id_lookup: bool = True, **flags: Any) -> Field:
    return Field(name, "email", length=80, id_lookup=id_lookup, **flags)


def picklist(name: str, values: tuple[str, ...], length: int = 255, **flags: Any) -> Field:
    return Field(name, "picklist", length=length, picklist=values, **flags)


def multipicklist(name: str, values: tuple[str, ...], length: int = 4099, **flags: Any) -> Field:
    return Field(name, "multipicklist", length=length, picklist=values, **flags)


def boolean(name: str, *, default: bool = False, **flags: Any) -> Field:
    return Field(name, "boolean", nillable=False, default=default, **flags)


def number(name: str, digits: int = 8, **flags: Any) -> Field:
    return Field(name, "int", precision=digits, **flags)


def double(name: str, precision: int = 18, scale: int = 2, **flags: Any) -> Field:
    return Field(name, "double", precision=precision, scale=scale, **flags)


def currency(name: str, scale: int = 2, **flags: Any) -> Field:
    return Field(name, "currency", precision=18, scale=scale, **flags)


def percent(name: str, precision: int = 3, scale: int = 0, **flags: Any) -> Field:
    return Field(name, "percent", precision=precision, scale=scale, **flags)


def date(name: str, **flags: Any) -> Field:
    return Field(name, "date", **flags)


def moment(name: str, **flags: Any) -> Field:
    return Field(name, "datetime", **flags)


def reference(name: str, *refers_to: str, children: str = "", **flags: Any) -> Field:
    """A lookup; the relationship is called as the field without Id."""
    relationship = flags.pop("relationship", name.removesuffix("Id"))
    return Field(
        name, "reference", length=18, refers_to=refers_to, relationship=relationship, children=children, **flags
    )


def read_only(declared: Field, *, nillable: bool = True) -> Field:
    return replace(declared, createable=False, updateable=False, nillable=nillable)


def create_only(declared: Field) -> Field:
    return replace(declared, updateable=False)


_ACCURACIES = (
    "Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip", "Neighborhood", "City", "County", "State",
    "Unknown",
)  # fmt: skip


def address(prefix: str) -> tuple[Field, ...]:
    """The parts of an address and the read-only compound above them; a blank prefix is the lead's own."""
    compound = f"{prefix}Address"
    parts = (
        Field(f"{prefix}Street", "textarea", length=255, info="plaintextarea"),
        text(f"{prefix}City", 40),
        text(f"{prefix}State", 80),
        text(f"{prefix}PostalCode", 20),
        text(f"{prefix}Country", 80),
        double(f"{prefix}Latitude", 18, 15),
        double(f"{prefix}Longitude", 18, 15),
        picklist(f"{prefix}GeocodeAccuracy", _ACCURACIES, 40, restricted=True),
    )
    return (*(replace(part, compound=compound) for part in parts), whole_address(prefix, parts))


def whole_address(prefix: str, parts: tuple[Field, ...]) -> Field:
    """The compound that shows the parts in the order of their keys."""
    keys = sorted((part.name.removeprefix(prefix), part.name) for part in parts)
    inner = tuple((key[0].lower() + key[1:], name) for key, name in keys)
    return Field(f"{prefix}Address", "address", createable=False, updateable=False, parts=inner)


def audit(*, owner: tuple[str, ...] = (), deletable: bool = True) -> tuple[Field, ...]:
    """What the platform keeps on every record, with the owner where the object has one."""
    owners = (reference("OwnerId", *owner, nillable=False, default="", permissionable=False),) if owner else ()
    return (*((IS_DELETED,) if deletable else ()), *owners, *CREATED, *MODIFIED, STAMP)


def viewed() -> tuple[Field, ...]:
    """When the API user last saw the record."""
    return read_only(moment("LastViewedDate")), read_only(moment("LastReferencedDate"))


def kept(declared: Field) -> Field:
    """A field that the platform fills in by itself."""
    return replace(read_only(declared, nillable=False), defaulted=True)


IS_DELETED = read_only(boolean("IsDeleted", label="Deleted"), nillable=False)
CREATED = (kept(moment("CreatedDate")), kept(reference("CreatedById", "User")))
MODIFIED = (kept(moment("LastModifiedDate")), kept(reference("LastModifiedById", "User")))
STAMP = kept(moment("SystemModstamp"))
TRUELINE_ID = Field("Trueline_Id__c", "string", length=64, external_id=True, unique=True, id_lookup=True)


def looked_up(declared: Field, sql: str) -> Field:
    """A read-only field whose value belongs to other records."""
    return replace(declared, createable=False, updateable=False, read=sql, permissionable=False)


@dataclass(frozen=True, slots=True)
class SObject:
    """One kind of record; `fields` keeps the order of declaration, by lower-case name.

    `prefix` begins its ids; the describe of a history does not tell it (`tells_prefix`).
    """

    name: str
    prefix: str
    plural: str
    fields: dict[str, Field] = field(default_factory=dict)
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    restored: bool = True  # comes back with the parent that took it into the recycle bin
    mergeable: bool = False
    replicateable: bool = True
    searchable: bool = True
    layoutable: bool = True
    triggerable: bool = True
    recent: bool = True  # in the list of records recently used
    feeds: bool = False
    tells_prefix: bool = True
    name_field: str = "Name"
    stored: tuple[Field, ...] = field(init=False, repr=False)  # the fields that have a column

    @property
    def label(self) -> str:
        return _label(self.name)

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    def __post_init__(self) -> None:
        object.__setattr__(self, "stored", tuple(one for one in self.fields.values() if one.stored))

    def has(self, name: str) -> bool:
        return name.lower() in self.fields

    def stamps(self, now: str, user_id: str) -> dict[str, str]:
        """What every write puts into the record, as far as it has such fields."""
        stamps = {"LastModifiedDate": now, "LastModifiedById": user_id, "SystemModstamp": now}
        return {name: value for name, value in stamps.items() if self.has(name)}

    def with_field(self, added: Field) -> SObject:
        return replace(self, fields={**self.fields, added.name.lower(): added.with_label()})


# Flags of the less ordinary kinds: rows of another record, set-up that the API changes, and what it only shows.
PART: dict[str, Any] = {"searchable": False, "recent": False, "undeletable": False}
SETUP: dict[str, Any] = {"undeletable": False, "layoutable": False, "triggerable": False, "recent": False}
SHOWN: dict[str, Any] = {
    **SETUP,
    "createable": False,
    "updateable": False,
    "deletable": False,
    "searchable": False,
    "replicateable": False,
}


def sobject(name: str, prefix: str, plural: str, *fields: Field, **flags: Any) -> SObject:
    """An sObject whose fields are Id and the ones given."""
    identity = Field(
        "Id",
        "id",
        label=f"{_label(name)} ID",
        length=18,
        nillable=False,
        createable=False,
        updateable=False,
        id_lookup=True,
        default="",
    )
    declared = {f.name.lower(): f.with_label() for f in (identity, *fields)}
    return SObject(name, prefix, plural, declared, **flags)
