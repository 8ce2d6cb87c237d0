"""What an org tells about its objects: describe global, describe of one object, and its layouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.salesforce.database import Row
from sandbox.salesforce.fields import IDS, Field, SObject
from sandbox.salesforce.picklists import Picklists
from sandbox.salesforce.schema import Child, Schema

MASTER = "012000000000000AAA"
_NEVER = (
    "activateable", "customSetting", "deepCloneable", "deprecatedAndHidden", "hasSubtypes", "isInterface", "isSubtype",
)  # fmt: skip
_UNSEARCHED = frozenset({"OwnerId", "CreatedById", "LastModifiedById", "RecordTypeId", "MasterRecordId"})


def describe_global(schema: Schema, version: str) -> dict[str, Any]:
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [summary(one, version) for one in schema]}


def summary(declared: SObject, version: str) -> dict[str, Any]:
    """The entry of an object in the global list."""
    return {
        **dict.fromkeys(_NEVER, False),
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": declared.createable,
        "custom": declared.custom,
        "deletable": declared.deletable,
        "feedEnabled": declared.feeds,
        "keyPrefix": declared.prefix if declared.tells_prefix else None,
        "label": declared.label,
        "labelPlural": declared.plural,
        "layoutable": declared.layoutable,
        "mergeable": declared.mergeable,
        "mruEnabled": declared.recent,
        "name": declared.name,
        "queryable": True,
        "replicateable": declared.replicateable,
        "retrieveable": True,
        "searchable": declared.searchable,
        "triggerable": declared.triggerable,
        "undeletable": declared.undeletable,
        "updateable": declared.updateable,
        "urls": _urls(declared, version),
    }


def _urls(declared: SObject, version: str) -> dict[str, str]:
    base = f"/services/data/v{version}/sobjects/{declared.name}"
    urls = {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"}
    return {**urls, "layouts": f"{base}/describe/layouts"} if declared.layoutable else urls


def describe(
    schema: Schema, declared: SObject, picklists: Picklists, record_types: Sequence[Row], version: str
) -> dict[str, Any]:
    """All that the API user may see of an object: hidden fields are not there at all."""
    return {
        **summary(declared, version),
        "actionOverrides": [],
        "childRelationships": [_child(child) for child in schema.children(declared) if _is_listed(child)],
        "compactLayoutable": declared.layoutable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [_field(declared, f, picklists) for f in schema.visible(declared)],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(declared, record_types, version),
        "searchLayoutable": declared.searchable and declared.layoutable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": label, "name": name} for name, label in scopes(declared)],
    }


def layouts(declared: SObject, fields: Sequence[Field], record_types: Sequence[Row], version: str) -> dict[str, Any]:
    """The layout that all record types share."""
    infos = _record_types(declared, record_types, version)
    mappings = [{**info, "layoutId": None, "picklistsForRecordType": []} for info in infos]
    return {
        "layouts": [layout(declared, fields)],
        "recordTypeMappings": mappings,
        "recordTypeSelectorRequired": [bool(record_types)],
    }


def layout(declared: SObject, fields: Sequence[Field]) -> dict[str, Any]:
    """One section with every field the API user sees."""
    rows = [
        {"layoutItems": [{"label": f.label, "layoutComponents": [_component(f)], **_layout_flags(f)}], "numItems": 1}
        for f in fields
        if f.name != "Id"
    ]
    section = {"columns": 1, "heading": f"{declared.label} Information", "layoutRows": rows, "rows": len(rows)}
    return {
        "buttonLayoutSection": None,
        "detailLayoutSections": [section],
        "editLayoutSections": [section],
        "id": None,
        "relatedLists": [],
    }


def _component(f: Field) -> dict[str, Any]:
    return {"details": {"name": f.name, "type": f.type}, "displayLines": 1, "type": "Field", "value": f.name}


def _layout_flags(f: Field) -> dict[str, bool]:
    return {
        "editableForNew": f.createable,
        "editableForUpdate": f.updateable,
        "placeholder": False,
        "required": f.required,
    }


def scopes(declared: SObject) -> list[tuple[str, str]]:
    """What USING SCOPE may narrow a query to: name and label."""
    noun = declared.plural.lower()
    found = [("everything", f"All {noun}")]
    owner = declared.fields.get("ownerid")
    if owner is None or not declared.recent:
        return found
    found += [("mine", f"My {noun}"), ("team", f"My team's {noun}")]
    if "Group" in owner.refers_to:
        found += [("queue_owned", f"Queue owned {noun}"), ("user_owned", f"User owned {noun}")]
    return sorted(found)


def _record_types(declared: SObject, rows: Sequence[Row], version: str) -> list[dict[str, Any]]:
    """The org's own record types and, after them, the master that every object has."""
    if not declared.layoutable or not declared.recent:
        return []
    base = f"/services/data/v{version}/sobjects/{declared.name}/describe/layouts"
    listed = [(row["Id"], row["Name"], row["DeveloperName"], bool(row["IsActive"])) for row in rows]
    infos = []
    for place, (identity, name, developer_name, active) in enumerate([*listed, (MASTER, "Master", "Master", True)]):
        infos.append(
            {
                "active": active,
                "available": active,
                "defaultRecordTypeMapping": place == 0,
                "developerName": developer_name,
                "master": identity == MASTER,
                "name": name,
                "recordTypeId": identity,
                "urls": {"layout": f"{base}/{identity}"},
            }
        )
    return infos


def _is_listed(child: Child) -> bool:
    return child.field.name not in ("MasterRecordId", "RecordTypeId")


def _child(child: Child) -> dict[str, Any]:
    return {
        "cascadeDelete": child.field.on_delete == "cascade",
        "childSObject": child.sobject,
        "deprecatedAndHidden": False,
        "field": child.field.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.field.children or None,
        "restrictedDelete": child.field.on_delete == "restrict",
    }


def _field(declared: SObject, f: Field, picklists: Picklists) -> dict[str, Any]:
    return {
        "aggregatable": f.aggregatable,
        "aiPredictionField": False,
        "autoNumber": f.name in ("CaseNumber", "ContractNumber") or (f.defaulted and f.name == "Name"),
        "byteLength": f.length if f.type in IDS or f.name == "Fiscal" else f.length * 3,
        "calculated": False,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "compoundFieldName": f.compound or None,
        "controllerName": None,
        "createable": f.createable,
        "custom": f.custom,
        "defaultValue": f.default if f.default != "" else None,
        "defaultValueFormula": None,
        "defaultedOnCreate": f.defaulted or f.default is not None or f.type == "boolean",
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": f.precision if f.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": f.external_id,
        "extraTypeInfo": f.info or None,
        "filterable": f.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": f.groupable,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": f.id_lookup,
        "inlineHelpText": None,
        "label": f.label,
        "length": f.length,
        "mask": None,
        "maskType": None,
        "name": f.name,
        "nameField": f.name == declared.name_field,
        "namePointing": f.polymorphic,
        "nillable": f.nillable,
        "permissionable": _is_permissionable(f),
        "picklistValues": _values(declared, f, picklists),
        "polymorphicForeignKey": f.polymorphic,
        "precision": f.precision if f.type != "int" else 0,
        "queryByDistance": f.type == "address",
        "referenceTargetField": None,
        "referenceTo": list(f.refers_to),
        "relationshipName": f.relationship or None,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": f.restricted,
        "scale": f.scale,
        "searchPrefilterable": f.type == "reference" and f.name not in _UNSEARCHED and f.createable == f.updateable,
        "soapType": f.soap_type,
        "sortable": f.sortable,
        "type": f.type,
        "unique": f.unique,
        "updateable": f.updateable,
        "writeRequiresMasterRead": False,
    }


def _is_permissionable(f: Field) -> bool:
    """Field-level security can be set on what may be blank and is not a part of a person's name."""
    written = f.createable or f.updateable or f.type == "address"
    return f.permissionable and written and f.compound != "Name" and (f.nillable or f.type == "boolean")


def _values(declared: SObject, f: Field, picklists: Picklists) -> list[dict[str, Any]]:
    return [
        {"active": True, "defaultValue": value == f.default, "label": value, "validFor": None, "value": value}
        for value in picklists.values(declared, f)
    ]
