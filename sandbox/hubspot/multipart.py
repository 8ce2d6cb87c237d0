"""The parts of a multipart/form-data body."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message

_DISPOSITION = re.compile(rb"content-disposition:([^\r\n]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """`file_name` is blank for a plain field."""

    name: str
    file_name: str
    content: bytes


def parts(content_type: str, body: bytes) -> list[Part]:
    """The named parts in their order; ValueError for a body that is no multipart/form-data."""
    boundary = _parameter(content_type, "boundary")
    if not content_type.lower().startswith("multipart/form-data") or not boundary:
        raise ValueError("the body is no multipart/form-data with a boundary")
    found = []
    for piece in body.split(b"--" + boundary.encode("latin-1", "replace"))[1:]:
        head, gap, content = piece.lstrip(b"\r\n").partition(b"\r\n\r\n")
        disposition = _DISPOSITION.search(head)
        if not gap or disposition is None:
            continue
        said = "form-data" + disposition[1].decode("utf-8", "replace").partition("form-data")[2]
        found.append(Part(_parameter(said, "name"), _parameter(said, "filename"), content.removesuffix(b"\r\n")))
    return found


def _parameter(header: str, name: str) -> str:
    """A parameter of a header value; blank where there is none."""
    message = Message()
    message["x"] = header
    value = message.get_param(name, header="x")
    if isinstance(value, tuple):
        return value[2]
    return str(value or "")
