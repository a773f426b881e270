"""What an intake may cost: caps that hold before and while a file is decoded, and the refusal of a whole file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Caps on one file. Sizes are bytes.

    A Parquet file may unpack to at most ``decoded_bytes`` and, once past ``ratio_floor_bytes``, to at most ``ratio``
    times its own size: honest tables stay far below it, decompression bombs do not.
    """

    file_bytes: int = 8 << 30
    decoded_bytes: int = 32 << 30
    ratio: int = 200
    ratio_floor_bytes: int = 64 << 20
    line_bytes: int = 1 << 20
    record_lines: int = 100
    columns: int = 512
    rows: int = 200_000_000
    chunk_rows: int = 100_000
    chunk_bytes: int = 16 << 20

    def decoded_cap(self, file_bytes: int) -> int:
        """How much a file of that size may unpack to."""
        return min(self.decoded_bytes, max(self.ratio_floor_bytes, self.ratio * file_bytes))


class FileRefusedError(Exception):
    """A file cannot be taken at all. ``code`` is stable; the message names what is wrong and what to do."""

    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
