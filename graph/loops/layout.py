"""The arrays behind the loop engine, by name, so that its kernels read as sentences.

The edges in the window live in a ring of rows, 64 bytes each. Rows of one account are chained newest first, once as
payer and once as payee, ordered by (ts, order). A *key* below is that pair: ``order`` is 0 for all rows when ties are
strict, so that rows of one time never follow each other, and the row's place in the input when they may.

In a chain, rows of one time stand together: a *run*. ``ends`` names, for each row, a row of its run that is not nearer
the head (the last one, but for late rows of one time), so that a search steps past a run without reading all of it:
else a table in which all transfers carry one time would cost the square of its length.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

# The sides of a search, each over its own chains: from the payee forward in time, from the payer backward.
AHEAD, BEHIND = range(2)

# Columns of a row of the ring. The amount is a double kept in the same 8 bytes (see Ring.amounts).
TS, ORDER, SRC, DST, NEXT_OUT, NEXT_IN, AMOUNT, ROW = range(8)

# Columns of an account's label on one side of a search: the search it belongs to, the best key it was reached at, in
# how many steps, the level for which it is queued and where in that queue, and the span of amounts it was reached with.
STAMP, L_TS, L_ORDER, STEPS, QUEUED, PLACE, LEAST, MOST = range(8)

# Columns of a queue entry: look at the edges of an account with keys from (LO_TS, LO_ORDER) to (HI_TS, HI_ORDER).
WHO, LO_TS, LO_ORDER, HI_TS, HI_ORDER = range(5)

# Columns of a collected edge: where it is in the ring, next collected edge out of / into the same account.
SEQ, MORE_OUT, MORE_IN = range(3)

# Why a search was cut. Bits of the per-account flags, places in the counts.
BUDGET, DEGREE, CAPACITY, LOOPS, LATE = range(5)
REASONS = ("budget", "degree", "capacity", "loops", "late")

# Cells of the running state.
NEXT_SEQ, TAIL, SEARCH, NEWEST_TS, NEWEST_ORDER, PUSHED, SEARCHED, WORK, CUT_SHORT = range(9)
CELLS = 9

NONE = -1
FAR = np.iinfo(np.int64).max


class Ring(NamedTuple):
    """What the engine remembers: the edges in the window and, per account, where its chains begin."""

    rows: Int64  # [capacity, 8]
    amounts: Float64  # the same memory as rows, read as doubles
    first: Int64  # [2, accounts] newest row paid by (AHEAD) and paid to (BEHIND) the account, NONE
    degree: Int64  # [2, accounts] rows in the ring, likewise
    ends: Int64  # [2, capacity] of each row in its chain as payer's and as payee's: a row of its run further on
    flags: npt.NDArray[np.uint8]  # [accounts] bit per reason
    counts: Int64  # [reasons]
    state: Int64


class Scratch(NamedTuple):
    """Scratch of a search. Nothing here outlives the edge it was made for."""

    labels: Int64  # [2, accounts, 8] of each side
    spans: Float64  # the same memory as labels, read as doubles
    queue: Int64  # [2, 2, budget, 5] of each side, for this level and the next
    marks: Int64  # [capacity] search in which a ring slot was last collected
    found: Int64  # [budget, 3] collected edges
    chains: Int64  # [2, accounts, 2] search, first collected edge out of / into the account
    wave: Int64  # [2, budget]
    path: Int64  # [4, max_length + 2]


class Rule(NamedTuple):
    """What counts as a loop, and how much work one edge may cost."""

    window: int
    max_length: int
    by_amount: bool
    keep: float  # 1 - decay
    grow: float  # 1 + growth
    lateness: int
    budget: int
    degree_cap: int  # 0: none
    loops_per_edge: int


class Quest(NamedTuple):
    """One search: the edge that may be part of loops, and the keys and amounts its companions may have."""

    search: int
    payer: int
    payee: int
    ts: int
    order: int
    amount: float
    least: float
    most: float
