"""What an org tells about its objects: describe global and describe of one object."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.fields import NUMBERS, Field, SObject
from sandbox.salesforce.picklists import Picklists
from sandbox.salesforce.schema import Child, Schema

_FULL_NAME = ("Contact", "Lead", "User")


def describe_global(schema: Schema, version: str) -> dict[str, Any]:
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [summary(one, version) for one in schema]}


def summary(declared: SObject, version: str) -> dict[str, Any]:
    """The entry of an object in the global list."""
    base = f"/services/data/v{version}/sobjects/{declared.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": declared.createable,
        "custom": declared.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": declared.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": declared.mergeable,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": declared.prefix,
        "label": declared.label,
        "labelPlural": declared.plural,
        "layoutable": declared.createable,
        "mergeable": declared.mergeable,
        "mruEnabled": declared.createable,
        "name": declared.name,
        "queryable": True,
        "replicateable": declared.replicateable,
        "retrieveable": True,
        "searchable": declared.createable,
        "triggerable": declared.createable,
        "undeletable": declared.undeletable,
        "updateable": declared.updateable,
        "urls": {
            "sobject": base,
            "describe": f"{base}/describe",
            "rowTemplate": f"{base}/{{ID}}",
        },
    }


def describe(schema: Schema, declared: SObject, picklists: Picklists, version: str) -> dict[str, Any]:
    """All that the API user may see of an object: hidden fields are not there at all."""
    fields = [_field(declared, f, picklists) for f in schema.visible(declared)]
    record_type = {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": "012000000000000AAA",
        "urls": {},
    }
    return {
        **summary(declared, version),
        "actionOverrides": [],
        "childRelationships": [_child(child) for child in schema.children(declared)],
        "compactLayoutable": declared.createable,
        "fields": fields,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [record_type],
        "searchLayoutable": declared.createable,
        "supportedScopes": [{"label": "All", "name": "everything"}],
    }


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
    named = f.name == declared.name_field
    return {
        "aggregatable": f.type not in ("address", "boolean"),
        "aiPredictionField": False,
        "autoNumber": False,
        "byteLength": f.length * 3 if f.type not in ("id", "reference") else f.length,
        "calculated": False,
        "calculatedFormula": None,
        "cascadeDelete": f.on_delete == "cascade",
        "caseSensitive": False,
        "compoundFieldName": f.compound or None,
        "controllerName": None,
        "createable": f.createable,
        "custom": f.custom,
        "defaultValue": f.default if f.type == "boolean" else None,
        "defaultValueFormula": None,
        "defaultedOnCreate": f.default is not None or f.type == "boolean",
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": f.precision if f.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": f.external_id,
        "extraTypeInfo": "personname" if f.name == "Name" and declared.name in _FULL_NAME else None,
        "filterable": f.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": (f.filterable and f.type not in NUMBERS | {"datetime", "address"}) or f.type == "int",
        "highScaleNumber": False,
        "htmlFormatted": f.html,
        "idLookup": f.id_lookup,
        "inlineHelpText": None,
        "label": f.label,
        "length": f.length,
        "mask": None,
        "maskType": None,
        "name": f.name,
        "nameField": named,
        "namePointing": len(f.refers_to) > 1,
        "nillable": f.nillable,
        "permissionable": f.nillable and f.createable,
        "picklistValues": _values(declared, f, picklists),
        "polymorphicForeignKey": len(f.refers_to) > 1,
        "precision": f.precision if f.type != "int" else 0,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(f.refers_to),
        "relationshipName": f.relationship or None,
        "relationshipOrder": None,
        "restrictedDelete": f.on_delete == "restrict",
        "restrictedPicklist": f.restricted,
        "scale": f.scale,
        "searchPrefilterable": f.type == "reference",
        "soapType": f.soap_type,
        "sortable": f.sortable,
        "type": f.type,
        "unique": f.unique,
        "updateable": f.updateable,
        "writeRequiresMasterRead": False,
    }


def _values(declared: SObject, f: Field, picklists: Picklists) -> list[dict[str, Any]]:
    return [
        {"active": True, "defaultValue": value == f.default, "label": value, "validFor": None, "value": value}
        for value in picklists.values(declared, f)
    ]
