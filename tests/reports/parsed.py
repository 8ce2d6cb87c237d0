"""A page as its elements, to be asked about."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = {"meta", "wbr"}


class Page(HTMLParser):
    """What a browser would build: elements with their attributes; complains about elements left open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handlers_and_references(self) -> list[str]:
        """Attributes that would run something or load something."""
        loading = ("href", "xlink:href", "src", "srcset", "style", "action", "formaction", "data", "background", "ping")
        return [name for _, given in self.elements for name in given if name.startswith("on") or name in loading]

    def named(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag in tags]
