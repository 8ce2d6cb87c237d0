"""CSV answers: compressed when the client asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sandbox.salesforce.bulk.pieces import Piece, gzipped
from sandbox.salesforce.org import Call
from sandbox.wire import Response


def csv_answer(call: Call, pieces: Sequence[Piece], headers: Mapping[str, str]) -> Response:
    """All pieces, joined. The type names no charset, so a client that guesses one from it guesses wrong."""
    typed = {"Content-Type": "text/csv", **headers}
    if _accepts_gzip(call):
        return Response(200, gzipped(pieces), {**typed, "Content-Encoding": "gzip"})
    return Response(200, b"".join(piece.data() for piece in pieces), typed)


def _accepts_gzip(call: Call) -> bool:
    for part in (call.header("Accept-Encoding") or "").split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == "gzip":
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False
