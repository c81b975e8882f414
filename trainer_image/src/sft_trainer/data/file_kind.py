"""What a file is that was given as JSONL and is none: a name for it, and what its owner can do."""

from __future__ import annotations

MARKS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "gzip", "unpack it (gunzip)"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unpack it (zstd -d)"),
    (b"PK\x03\x04", "a zip archive or an Office file", "export its rows as JSONL"),
    (b"PAR1", "parquet", "export its rows as JSONL"),
    (b"%PDF", "a PDF", "export its text as JSONL"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
    (b"<", "HTML or XML, perhaps a web server's error page", "download the file itself and upload that"),
    (b"[", "one JSON array", "write one object a line (jq -c '.[]')"),
    (b"{", "JSON objects over several lines", "write one object a line (jq -c .)"),
)
"""How such files begin, magic numbers first; the last two are JSON, but not by line."""


def looks_like(beginning: bytes) -> tuple[str, str]:
    """(what it looks like, what to do), by the first bytes of a file; both empty when nothing is recognised."""
    stripped = beginning.lstrip()
    for mark, kind, remedy in MARKS:
        if stripped.startswith(mark):
            return kind, remedy
    if not _is_utf8(beginning):
        return "text in another encoding than UTF-8", "save it as UTF-8 (for Chinese text often: iconv -f GB18030 -t UTF-8)"
    if any(separator in stripped for separator in (b",", b"\t", b";")):
        return "CSV", "export its rows as JSONL"
    return "", ""


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"  # a character that the reader cut in two
    return True
