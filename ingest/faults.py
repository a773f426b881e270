"""What is wrong with the rows of a chunk: (row, column, code), gathered array by array."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

CODES: dict[str, str] = {
    "fields": "the row has more or fewer cells than the header",
    "encoding": "the cell is not text in the file's encoding",
    "required": "the cell is empty and may not be",
    "too_long": "more characters than the column takes (ids 128, text 512)",
    "characters": "holds control, bidirectional, zero-width or other invisible characters",
    "number": "not a plain decimal number (1234.50)",
    "decimals": "more decimals than the currency has",
    "overflow": "a number too large to hold exactly",
    "integer": "not a whole number",
    "boolean": "none of true/false, 1/0, yes/no, 是/否",
    "time": "not a time of the announced form (ISO 8601, or epoch with --time-unit)",
    "time_ambiguous": "this local time happened twice (clocks went back); give the offset",
    "time_nonexistent": "this local time never was (clocks went forward)",
    "range": "outside the limits of the column; times: 1990 to 2100",
    "choice": "none of the values the column takes",
    "currency": "no currency code of ISO 4217",
    "personal": "nothing is left of the value once brought to its one form",
    "kind": "the kind in the kind column cannot have its id in this column, or is missing",
    "incomplete": "the row names nothing: the ids that would make an entity, a link or a fact of it are all empty",
    "ambiguous": "the row names two different ends for one link",
    "known_before": "came to be more than a day after we are said to have learnt it",
    "conflict": "a record with this key and version but other content was stored before",
    "file_refused": "nothing wrong with the row itself; its file was refused whole",
}
"""Code of a rejected row -> what it means."""


class Faults:
    """Faults of one chunk. At most one code is kept for a cell: the first that was noted."""

    def __init__(self, rows: int) -> None:
        self.bad: Mask = np.zeros(rows, dtype=np.bool_)
        self.notes: list[tuple[npt.NDArray[np.int64], str, str]] = []
        self._cells: dict[str, Mask] = {}
        self._closed: Mask | None = None

    def note(self, where: Mask, column: str, code: str) -> None:
        """Note a code for the rows where the mask is true; cells that already have one keep it."""
        if not where.any():
            return
        seen = self._cells.setdefault(column, np.zeros(len(self.bad), dtype=np.bool_))
        fresh = where & ~seen
        if self._closed is not None:
            fresh &= ~self._closed
        rows = np.flatnonzero(fresh)
        if rows.size:
            seen |= fresh
            self.bad |= fresh
            self.notes.append((rows, column, code))

    def excuse(self, where: Mask, column: str) -> None:
        """Take no notes on these cells: they are empty because of what is noted elsewhere in their row."""
        seen = self._cells.setdefault(column, np.zeros(len(self.bad), dtype=np.bool_))
        seen |= where

    def close_rows(self) -> None:
        """Take no further notes on the rows that are bad by now."""
        self._closed = self.bad.copy()
