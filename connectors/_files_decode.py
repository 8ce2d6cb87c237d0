"""The bytes of a delimited file as clean UTF-8: encoding found, byte order mark and NUL bytes gone."""

from __future__ import annotations

import codecs
import mmap
from dataclasses import dataclass
from pathlib import Path

from model.errors import InputError

HEAD = 1 << 16
CHUNK = 1 << 22
# The longer mark first: UTF-32's little-endian mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NAMES = {"cp1252": "Windows-1252", "latin-1": "Latin-1"}
# Beginnings of files that are not text, and what to do about each.
_FOREIGN = (
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (b"PK\x03\x04", "is a ZIP archive; unpack it first"),
    (b"BZh", "is compressed with bzip2; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed with Zstandard; unpack it first"),
    (b"%PDF", "is a PDF document; export the data as CSV, XLSX or Parquet"),
    (b"\x89PNG", "is a picture; name an export instead"),
    (b"\xff\xd8\xff", "is a picture; name an export instead"),
    (b"SQLite format 3", "is a SQLite database; export its tables as CSV"),
)
_ASCII = bytes(range(0x80))
# A byte that is no UTF-8 comes out of "surrogateescape" as U+DC00 plus its value.
_DROP_BROKEN = dict.fromkeys(range(0xDC80, 0xDD00))
_BROKEN_AS_CP1252 = {0xDC00 + code: bytes([code]).decode("cp1252", "replace") for code in range(0x80, 0x100)}
_TEXT_CONTROLS = frozenset(b"\t\n\r\x0b\x0c\x1a\x1b\x00")


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text: `data` is UTF-8 without mark or NUL; `encoding` is what it was; `notes` are sentences.

    `is_cut` says that only the file's beginning is here, which may end within a quoted cell.
    """

    data: bytes | mmap.mmap
    encoding: str
    notes: tuple[str, ...] = ()
    is_cut: bool = False


def decode(path: Path, *, limit: int | None = None) -> Text:
    """The text of a file, or of its whole lines within the first `limit` bytes; InputError when it is not text."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD)
        _refuse_binary(path, head)
        if limit is not None and size > limit:
            data: bytes | mmap.mmap = head + file.read(max(limit - len(head), 0))
            is_cut = True
        elif size > HEAD:
            data, is_cut = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), False
        else:
            data, is_cut = head, False
    encoding, mark = _encoding(head)
    is_utf8 = encoding in (None, "utf-8") and _is_utf8(data, is_cut=is_cut)
    if encoding is None:
        encoding = "utf-8" if is_utf8 else _single_byte(data)
    text = _transcoded(data, encoding, mark, is_clean=is_utf8 and data.find(b"\0") < 0)
    if not is_cut:
        return text
    end = max(text.data.rfind(b"\n"), text.data.rfind(b"\r"))
    return Text(text.data[: end + 1] if end > 0 else text.data[:], text.encoding, text.notes, is_cut=True)


def _refuse_binary(path: Path, head: bytes) -> None:
    for magic, advice in _FOREIGN:
        if head.startswith(magic):
            raise InputError(f"{path} {advice}.")
    if _encoding(head)[0] is not None:
        return
    odd = sum(head.count(bytes([code])) for code in range(32) if code not in _TEXT_CONTROLS)
    # Text may hold many a control character, but then it is UTF-8 all the same.
    most = 4 if _is_utf8(head, is_cut=True) else 50
    if odd * most > len(head) or head.count(0) * 4 > len(head):
        raise InputError(f"{path} is not a table of text but a binary file; export it as CSV, XLSX or Parquet.")


def _encoding(head: bytes) -> tuple[str | None, int]:
    """Encoding by mark, or UTF-16 by its pattern of NULs; with the length of the mark."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark)
    even, odd = head[0::2], head[1::2]
    half = max(len(odd), 1)
    if odd.count(0) * 10 > half * 7 and even.count(0) * 20 < half:
        return "utf-16-le", 0
    if even.count(0) * 10 > half * 7 and odd.count(0) * 20 < half:
        return "utf-16-be", 0
    return None, 0


def _is_utf8(data: bytes | mmap.mmap, *, is_cut: bool) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), CHUNK):
            decoder.decode(data[start : start + CHUNK], final=False)
        decoder.decode(b"", final=not is_cut)
    except UnicodeDecodeError:
        return False
    return True


def _single_byte(data: bytes | mmap.mmap) -> str:
    """UTF-8 with a few broken bytes, else Windows-1252, else Latin-1 (which has a meaning for every byte)."""
    broken = multibyte = 0
    cp1252 = True
    for start in range(0, len(data), CHUNK):
        piece = data[start : start + CHUNK]
        text = piece.decode("utf-8", "surrogateescape")
        bad = len(text) - len(text.translate(_DROP_BROKEN))
        broken += bad
        multibyte += len(text) - bad - (len(piece) - len(piece.translate(None, _ASCII)))
        cp1252 = cp1252 and not any(code in piece for code in b"\x81\x8d\x8f\x90\x9d")
    if multibyte > 5 * broken:
        return "utf-8"
    return "cp1252" if cp1252 else "latin-1"


def _transcoded(data: bytes | mmap.mmap, encoding: str, mark: int, *, is_clean: bool) -> Text:
    notes: list[str] = []
    name = _NAMES.get(encoding, encoding.upper())
    if is_clean:
        clean: bytes | mmap.mmap = data if not mark else data[mark:]
    else:
        clean, broken, nuls = _recoded(data[mark:], encoding)
        if encoding in _NAMES:
            notes.append(f"it is not UTF-8; it was read as {name}")
        if broken:
            notes.append(f"{broken:,} bytes are no {name}; they were read as Windows-1252")
        if nuls:
            notes.append(f"{nuls:,} NUL characters were removed")
    if clean.find(b"\n") < 0 and clean.find(b"\r") >= 0:
        clean = clean[:].replace(b"\r", b"\n")
    return Text(clean, name, tuple(notes))


def _recoded(data: bytes, encoding: str) -> tuple[bytes, int, int]:
    """UTF-8 bytes without NULs, with the numbers of broken bytes and of NULs."""
    out: list[bytes] = []
    broken = nuls = 0
    errors = "surrogateescape" if encoding == "utf-8" else "replace"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for start in range(0, len(data) + 1, CHUNK):
        piece = data[start : start + CHUNK]
        text = decoder.decode(piece, final=start + CHUNK > len(data))
        if encoding == "utf-8":
            escaped = len(text) - len(text.translate(_DROP_BROKEN))
            broken += escaped
            text = text.translate(_BROKEN_AS_CP1252) if escaped else text
        nuls += text.count("\0")
        out.append(text.replace("\0", "").encode("utf-8", "replace"))
    return b"".join(out), broken, nuls
