"""Cells as text: one Unicode form, no invisible characters, empty means null."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.faults import Faults, Mask

ID_LENGTH = 128
TEXT_LENGTH = 512

# Control, format (bidirectional, zero-width, soft hyphen), line and paragraph separators, private use, and letters
# that are drawn as nothing at all: two ids that differ in these look the same to a person.
_INVISIBLE = (
    r"[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\x{034F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{3164}"
    r"\x{FFA0}\x{FE00}-\x{FE0F}\x{FFF0}-\x{FFFC}\x{FFFE}\x{FFFF}\x{E0000}-\x{E0FFF}]"
)
_NOT_DECODED = "\N{REPLACEMENT CHARACTER}"


def mask_of(values: pa.Array) -> Mask:
    """A boolean Arrow array as a numpy mask, null meaning false."""
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def is_plain_ascii(values: pa.Array) -> bool:
    """Whether every byte of the column is a printable ASCII character, so that nothing needs normalising."""
    data = values.buffers()[2]
    if data is None or len(values) == 0:
        return True
    ends = np.frombuffer(values.buffers()[1], dtype=np.int32)[values.offset : values.offset + len(values) + 1]
    codes = np.frombuffer(data, dtype=np.uint8)[ends[0] : ends[-1]]
    return bool(codes.size == 0 or (codes.min() >= 0x20 and codes.max() < 0x7F))


def clean(values: pa.Array, column: str, limit: int, faults: Faults) -> pa.Array:
    """Bring a column of text to NFKC without outer spaces; empty cells become null, refused ones too (and are noted).

    ``limit`` is in characters.
    """
    if is_plain_ascii(values):
        values = pc.ascii_trim_whitespace(values)
    else:
        values = pc.utf8_trim_whitespace(pc.utf8_normalize(values, form="NFKC"))
        not_decoded = mask_of(pc.match_substring(values, _NOT_DECODED))
        faults.note(not_decoded, column, "encoding")
        invisible = mask_of(pc.match_substring_regex(values, _INVISIBLE))
        faults.note(invisible, column, "characters")
        values = null_where(values, not_decoded | invisible)
    size = pc.utf8_length(values)
    long = mask_of(pc.greater(size, limit))
    if long.any():
        faults.note(long, column, "too_long")
    return null_where(values, long | mask_of(pc.equal(size, 0)))


def invisible(text: str) -> bool:
    """Whether a text holds a character that columns of text are refused for."""
    return bool(pc.match_substring_regex(pa.scalar(text), _INVISIBLE).as_py()) or _NOT_DECODED in text


def null_where(values: pa.Array, where: Mask) -> pa.Array:
    """The same column with null where the mask is true."""
    if not where.any():
        return values
    return pc.if_else(pa.array(~where), values, pa.scalar(None, values.type))
