"""XML that a stranger sent, read without entities or document types, its prefixes resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

XSI = "http://www.w3.org/2001/XMLSchema-instance"
MAX_DEPTH = 40
_BETWEEN = "\n"  # stands between namespace and name; neither can hold it


class BadXml(Exception):
    """The text is no XML, or has what a SOAP message must not have."""


@dataclass(slots=True)
class Element:
    """One element: its name without prefix, its own text and its children in their order."""

    name: str
    namespace: str = ""
    nil: bool = False
    type_name: str = ""  # xsi:type without prefix
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def child(self, name: str) -> Element | None:
        """The first child of that name, in whatever namespace."""
        return next(self.all(name), None)

    def all(self, name: str) -> Iterator[Element]:
        return (child for child in self.children if child.name == name)

    def value(self, name: str) -> str | None:
        """The trimmed text of the first child of that name; None when it is missing, nil or blank."""
        found = self.child(name)
        return found.text.strip() or None if found is not None and not found.nil else None

    def values(self, name: str) -> list[str]:
        return [child.text.strip() for child in self.all(name) if not child.nil]

    def flag(self, name: str) -> bool:
        return (self.value(name) or "").lower() in ("true", "1")


def parse(body: bytes) -> Element:
    """The root element; BadXml for a document type (and so for every entity), for nesting too deep and for no XML."""
    parser = expat.ParserCreate(namespace_separator=_BETWEEN)
    parser.buffer_text = True
    builder = _Builder()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # the last two: an encoding nobody knows
        raise BadXml(f"The request is not well-formed XML: {error}") from None
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self._top = Element("")
        self._open = [(self._top, [""])]

    @property
    def root(self) -> Element:
        return self._top.children[0]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > MAX_DEPTH:
            raise BadXml("The request is nested too deeply.")
        namespace, _, local = name.rpartition(_BETWEEN)
        nil = attributes.get(f"{XSI}{_BETWEEN}nil", "").strip() in ("true", "1")
        kind = attributes.get(f"{XSI}{_BETWEEN}type", "").strip().rpartition(":")[2]
        element = Element(local, namespace, nil, kind)
        self._open[-1][0].children.append(element)
        self._open.append((element, []))

    def end(self, name: str) -> None:
        element, pieces = self._open.pop()
        element.text = "".join(pieces)

    def text(self, piece: str) -> None:
        self._open[-1][1].append(piece)


def _refuse_doctype(*_: Any) -> None:
    raise BadXml("A document type declaration is not allowed in a SOAP message.")
