"""What is kept for a rule set and where: the columns behind the window engine, by name.

Events live in a ring log of 64-byte rows, oldest first. Every key that the log mentions has a *block* of 64-byte lines
in one array; its *handle* is the number of its first line (0: nobody). A block begins with a header and goes on with
the cells of each window, only those that a rule of the key's kind needs. A *pointer* to a log row is its sequence
number cut to 30 bits, plus one; 0 points nowhere, so that memory full of zeros is a key without events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.conditions.formulas import WINDOW_MS, Cell, formula
from flow.facts import CLASSES, KINDS, Fact

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

ORDER, REFUND, TRANSFER_OUT, TRANSFER_IN, DISBURSEMENT, REPAYMENT = range(6)
LOGIN, SHIPPED, SIGNED, RETURNED, NOTICE, LOOP = range(6, 12)

LINE = 8
"""Cells of 8 bytes in a line."""
WINDOWS = len(WINDOW_MS)
LOG = WINDOWS
"""The place after the windows: what the log still remembers."""

# A row of the log: two 8-byte words, then 4-byte halves. OTHER is the payee of a transfer whether or not it is a key of
# its own here (in a transfer to oneself there is no PAYEE). CLASS holds the local hour of day above the class. LATER:
# for each slot and attribute, a newer row of the key has the same value; POPPED: for each slot, one has as much.
TS, AMOUNT = range(2)
MERCHANT, BUYER, DEVICE, ACCOUNT, PAYEE, OTHER, ADDRESS, CURRENCY, CLASS, LATER, POPPED = range(4, 15)
GIVEN = CLASS + 1 - MERCHANT
"""The columns from MERCHANT to CLASS come with the event."""
HOUR_SHIFT = 8

SLOTS = 5
"""A row belongs to at most five keys: those of MERCHANT..PAYEE."""
SLOT_KIND = (0, 1, 3, 2, 2)
"""Kind of key of each slot, as in KINDS."""

COLUMN_SORT = (0, 1, 3, 2, 2, 2, 4)
"""Kind of the ids in the columns MERCHANT..ADDRESS; 4 for addresses, which are no keys."""

POINTER = (1 << 30) - 1
"""Bits of a sequence number that a pointer keeps."""

# A block's header: the rules that are TRUE (but for those TRUE without events), the moment that last touched it and its
# place among the touched, the newest row that mentions it (its number + 1), a pointer to the newest of its events.
# After it come the tops of stacks of amounts.
TRUE, STAMP, PLACE, MENTION, NEWEST = range(5)
HEADER = 5

# Additive cells: what an event adds when it enters and takes away when it leaves. SUM: three cells in a row.
ONE, NIGHT, SUM = range(3)

# Other cells, by what keeps them. Tables of values know the first six by these numbers.
BUYERS, DEVICES, ADDRESSES, COUNTERPARTIES, MERCHANTS, EQUAL, GAP, PEAK, TOP5, MAX = range(10)
ATTRIBUTES = ("buyers", "devices", "addresses", "counterparties", "merchants")
NAMED = 5
"""As many attributes: the numbers below EQUAL."""
# What a new row learns of older ones is noted by these numbers too, and beside them:
LAST_BUT_ONE = GAP + 1
NOTES = LAST_BUT_ONE + 1
HOURS = 24
"""Counters by hour of day, behind that of the busiest."""

# Pointers of a row, for each slot: the next event of the key, the next and the last before with the same amount, the
# rows below and above on the key's stack of amounts.
NEXT, NEXT_EQUAL, LAST_EQUAL, BELOW, ABOVE = range(5)


@dataclass
class Layout:
    """Where everything is, for one rule set. Kinds, windows, classes by their places in KINDS, WINDOW_MS, CLASSES.

    ``columns``: per kind, cell -> place in the block. ``lines``: [kind] lines of a block;
    ``spans`` [kind, window, 2] those of a window, from and to. ``kept``: [kind, window]
    whether a rule reads it. ``adds`` [n, 3]: column, what is added, currency (-1: any), in runs ``adds_at`` [kind,
    window, class, 2]. ``other`` [kind, window, MAX + currencies]: first column of what is kept otherwise, 0 for none.
    ``tops`` [kind, currency]: column of the top of the stack, 0 for none. ``pointers``: first column of each sort of
    pointer in a row, -1 where none is kept.
    """

    currencies: tuple[str, ...]
    offset_ms: int
    columns: tuple[dict[Cell, int], ...]
    lines: Int64
    spans: Int32
    kept: Bool
    adds: Int32
    adds_at: Int32
    other: Int32
    tops: Int32
    pointers: Int32

    def covers(self, other: Layout) -> bool:
        """Whether all that another layout keeps is kept here, and means the same."""
        same = self.offset_ms == other.offset_ms
        return same and all(
            theirs.keys() <= mine.keys() for mine, theirs in zip(self.columns, other.columns, strict=True)
        )


def layout(facts: Mapping[str, Iterable[Fact]], currency: str, offset_ms: int) -> Layout:
    """The layout that keeps what these facts (by kind) need. ``offset_ms``: local time less UTC."""
    cells = [{c for f in facts.get(kind, ()) for c in formula(f, currency).cells} for kind in KINDS]
    codes = tuple(sorted({c.of for mine in cells for c in mine if c.role in ("amounts", "max_row")}))
    blocks = [_Block(codes, mine) for mine in cells]
    adds_at = np.zeros((len(KINDS), WINDOWS, len(CLASSES), 2), np.int32)
    adds: list[tuple[int, int, int]] = []
    for kind, block in enumerate(blocks):
        for window in range(WINDOWS):
            for number, name in enumerate(CLASSES):
                start = len(adds)
                adds += block.adds(window, name)
                adds_at[kind, window, number] = start, len(adds)
    other = np.stack([b.other for b in blocks])
    return Layout(
        currencies=codes,
        offset_ms=offset_ms,
        columns=tuple(b.columns for b in blocks),
        lines=np.array([b.lines for b in blocks], np.int64),
        spans=np.stack([b.spans for b in blocks]),
        kept=np.stack([b.kept for b in blocks]),
        adds=np.array(adds, np.int32).reshape(-1, 3),
        adds_at=adds_at,
        other=other,
        tops=np.stack([b.tops for b in blocks]),
        pointers=_pointers(np.any(other > 0, axis=(0, 1))),
    )


class _Block:
    """The block of one kind: header, then window after window; what fits into one line is not spread over two."""

    def __init__(self, codes: Sequence[str], cells: set[Cell]) -> None:
        self._codes = codes
        self.columns: dict[Cell, int] = {}
        self.kept = np.zeros(WINDOWS, np.bool_)
        self.spans = np.zeros((WINDOWS, 2), np.int32)
        self.other = np.zeros((WINDOWS, MAX + len(codes)), np.int32)
        self.tops = np.zeros(max(len(codes), 1), np.int32)
        at = HEADER
        for number, code in enumerate(codes):
            if any(c.role == "max_row" and c.of == code for c in cells):
                self.tops[number] = at
                at += 1
        for window in sorted({c.window for c in cells}):
            self.kept[window] = True
            groups = _groups({c for c in cells if c.window == window})
            size = sum(width for _, width in groups)
            at += -at % LINE if size <= LINE < at % LINE + size else 0
            self.spans[window] = at // LINE, -(-(at + size) // LINE)
            for group, width in groups:
                self._put(window, group, at)
                at += width
        self.lines = -(-at // LINE)

    def _put(self, window: int, group: Sequence[Cell], at: int) -> None:
        self.columns.update((cell, at + i) for i, cell in enumerate(group))
        first = group[0]
        if first.role == "distinct":
            self.other[window, ATTRIBUTES.index(first.of)] = at
        elif first.role == "max_row":
            self.other[window, MAX + self._codes.index(first.of)] = at
        elif first.role in _OTHER:
            self.other[window, _OTHER[first.role]] = at

    def adds(self, window: int, name: str) -> list[tuple[int, int, int]]:
        """What an event of a class adds to a window: column, what, currency."""
        mine = sorted(c for c in self.columns if c.window == window and c.role in _ADDS and name in c.classes)
        return [(self.columns[c], _ADDS[c.role], self._codes.index(c.of) if c.of else -1) for c in mine]


_ADDS = {"count": ONE, "night": NIGHT, "amounts": SUM}
_OTHER = {"equal": EQUAL, "gap_sum": GAP, "peak": PEAK, "top5": TOP5}


def _groups(cells: set[Cell]) -> list[tuple[list[Cell], int]]:
    """Cells of a window that lie side by side and the room they take, with cells behind them that no formula reads:
    the counters by hour of day; of the five most frequent values, the fifth's count and how many have more."""
    window = next(iter(cells)).window
    groups: list[tuple[list[Cell], int]] = []
    for cell in sorted(cells):
        if cell.role in ("count", "night", "distinct", "equal"):
            groups.append(([cell], 1))
        elif cell.role == "amounts":
            parts = [Cell(window, role, cell.classes, cell.of) for role in ("amounts", "high", "low")]
            groups.append((parts, 3))
        elif cell.role == "max_row":
            groups.append(([cell, Cell(window, "max_value", (), cell.of)], 2))
        elif cell.role == "gap_sum":
            groups.append(([cell, Cell(window, "gap_squares")], 2))
        elif cell.role == "top5":
            groups.append(([cell, Cell(window, "named")], 4))
        elif cell.role == "peak":
            groups.append(([cell], 1 + HOURS))
    return groups


def _pointers(keeps: Bool) -> Int32:
    """Room in a row for the pointers that something kept follows."""
    follows = {NEXT: keeps[GAP], NEXT_EQUAL: keeps[EQUAL], LAST_EQUAL: keeps[EQUAL]}
    follows |= {BELOW: keeps[MAX:].any(), ABOVE: keeps[MAX:].any()}
    found = np.full(5, -1, np.int32)
    for place, pointer in enumerate(p for p, there in follows.items() if there):
        found[pointer] = SLOTS * place
    return found
