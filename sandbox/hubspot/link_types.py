"""Association types: ids, categories, labels and their inverses, as HubSpot defines them."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.hubspot.kinds import Kind, kind_named


@dataclass(frozen=True, slots=True)
class LinkType:
    """One type in one direction. `label` None: the unlabelled type, which every association has."""

    id: int
    source: str
    target: str
    label: str | None
    inverse: int
    name: str
    category: str = "HUBSPOT_DEFINED"

    def wire(self) -> dict[str, object]:
        return {"category": self.category, "typeId": self.id, "label": self.label}


# Where an object has a primary record of another type: (type of the flag, the property that shows the primary's id).
PRIMARY = {
    ("contacts", "companies"): (1, "associatedcompanyid"),
    ("deals", "companies"): (5, "hs_primary_associated_company"),
    ("tickets", "companies"): (26, "hs_primary_company_id"),
    ("leads", "contacts"): (578, "hs_primary_contact_id"),
    ("leads", "companies"): (580, "hs_primary_company_id"),
}
# Pairs of which some types have labels: there the unlabelled one is called `..._unlabeled`.
_LABELLED = frozenset([279, 341, 339, 608, 610])

# What else shows a record's associations: the other record's id under a type, and how many there are.
SHOWN = {("companies", "companies"): (14, "hs_parent_company_id")}
COUNTED = {
    ("contacts", "deals"): (None, "num_associated_deals"),
    ("companies", "contacts"): (None, "num_associated_contacts"),
    ("companies", "deals"): (None, "num_associated_deals"),
    ("companies", "companies"): (13, "hs_num_child_companies"),
    ("deals", "contacts"): (None, "num_associated_contacts"),
}


def _pair(source: str, target: str, there: int, back: int, label: str | None = None) -> list[LinkType]:
    """Both directions of a type; unlabelled ones that have a labelled sibling are called `..._unlabeled`."""
    tail = "_unlabeled" if label is None and there in _LABELLED else ""
    one, other = _singular(source), _singular(target)
    return [
        LinkType(there, source, target, label, back, f"{one}_to_{other}{tail}"),
        LinkType(back, target, source, label, there, f"{other}_to_{one}{tail}"),
    ]


def _singular(plural: str) -> str:
    kind = kind_named(plural)
    return kind.singular if kind else plural


def _activities(source: str, *first: int, messages: int, letters: int = 0) -> list[LinkType]:
    """Types to engagements, whose ids back are one more; those of messages and letters are one less
    (not from leads)."""
    targets = ("calls", "emails", "meetings", "notes", "tasks")
    types = [t for target, there in zip(targets, first, strict=True) for t in _pair(source, target, there, there + 1)]
    back = messages + 1 if source == "leads" else messages - 1
    types += _pair(source, "communications", messages, back)
    return types + (_pair(source, "postal_mail", letters, letters - 1) if letters else [])


_TYPES = [
    *_pair("contacts", "companies", 279, 280),
    *_pair("contacts", "companies", 1, 2, "Primary"),
    *_pair("deals", "contacts", 3, 4),
    *_pair("deals", "companies", 341, 342),
    *_pair("deals", "companies", 5, 6, "Primary"),
    *_pair("contacts", "tickets", 15, 16),
    *_pair("tickets", "companies", 339, 340),
    *_pair("tickets", "companies", 26, 25, "Primary"),
    *_pair("tickets", "deals", 28, 27),
    *_pair("leads", "contacts", 608, 609),
    *_pair("leads", "contacts", 578, 579, "Primary"),
    *_pair("leads", "companies", 610, 611),
    *_pair("leads", "companies", 580, 581, "Primary"),
    *_pair("leads", "deals", 1037, 1038),
    *_pair("deals", "line_items", 19, 20),
    *_pair("quotes", "line_items", 67, 68),
    *_pair("quotes", "contacts", 69, 70),
    *_pair("quotes", "companies", 71, 72),
    *_pair("quotes", "deals", 64, 63),
    *_pair("quotes", "tasks", 217, 218),
    *_activities("contacts", 193, 197, 199, 201, 203, messages=82, letters=454),
    *_activities("companies", 181, 185, 187, 189, 191, messages=88, letters=460),
    *_activities("deals", 205, 209, 211, 213, 215, messages=86, letters=458),
    *_activities("tickets", 219, 223, 225, 227, 229, messages=84, letters=456),
    *_activities("leads", 596, 598, 600, 854, 646, messages=602),
    LinkType(452, "tickets", "tickets", None, 452, "ticket_to_ticket"),
    LinkType(449, "contacts", "contacts", None, 449, "contact_to_contact"),
    LinkType(450, "companies", "companies", None, 450, "company_to_company"),
    LinkType(451, "deals", "deals", None, 451, "deal_to_deal"),
    LinkType(13, "companies", "companies", "Child Company", 14, "parent_to_child_company"),
    LinkType(14, "companies", "companies", "Parent Company", 13, "child_to_parent_company"),
]


class LinkTypes:
    """All types of the portal, HubSpot's and those that users defined."""

    def __init__(self, own: list[LinkType]) -> None:
        self._between: dict[tuple[str, str], dict[int, LinkType]] = {}
        for link_type in [*_TYPES, *own]:
            self._between.setdefault((link_type.source, link_type.target), {})[link_type.id] = link_type

    def between(self, source: Kind, target: Kind) -> dict[int, LinkType]:
        """The types of one direction by id; empty where HubSpot has no association of the two."""
        return self._between.get((source.plural, target.plural), {})

    def unlabelled(self, source: Kind, target: Kind) -> LinkType | None:
        """The type every association of the two has."""
        return next((t for t in self.between(source, target).values() if t.label is None), None)

    def inverse_of(self, link_type: LinkType) -> LinkType:
        """The same type as seen from the other end; itself where both ends read the same."""
        return self._between[link_type.target, link_type.source][link_type.inverse]

    def of(self, source: Kind) -> list[LinkType]:
        """All types that begin at an object type."""
        return [t for (one, _), types in self._between.items() if one == source.plural for t in types.values()]

    def named(self, source: Kind, target: Kind, name: str) -> LinkType | None:
        """A type by its v3 name or its id."""
        types = self.between(source, target).values()
        return next((t for t in types if name.lower() == t.name or name == str(t.id)), None)

    def target_of(self, source: Kind, ids: list[int]) -> str | None:
        """The plural name of the object type to which all these types lead from `source`."""
        for (one, other), types in self._between.items():
            if one == source.plural and ids and all(i in types for i in ids):
                return other
        return None

    def next_own(self) -> int:
        """The first free id for a label of the account's own and its inverse; small numbers are HubSpot's."""
        own = [i for types in self._between.values() for i, t in types.items() if t.category == "USER_DEFINED"]
        return max([999, *own]) + 1
