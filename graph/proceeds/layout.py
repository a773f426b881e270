"""How the kernel of graph.proceeds holds movements, accounts and money: columns, codes, arrays.

Money on an account is told apart by a label: 0 is clean (not the loan's), 1 + part * (hops + 1) + hop that of a
disbursement.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Int8 = npt.NDArray[np.int8]
UInt64 = npt.NDArray[np.uint64]

# Where a cent can be in the end (rows of the sums) or, for MOVED, that a flow went on.
HELD, HOME, REPAID, BEYOND, SMALL, MOVED = range(6)
PLACES = ("held", "home", "repaid", "beyond", "small")

# Who holds an account, seen from the borrower (columns of the sums). The last three are loans, reached by a repayment:
# anybody's, the traced loan itself, another loan of the borrower's group.
OTHER, BORROWER, OWNER, GUARANTOR, BUYER, LOAN, OWN_LOAN, GROUP_LOAN = range(8)
CLASSES = 8

# Columns of a recorded flow; PART is the disbursement.
EVENT, FROM_HOP, TO_HOP, AMOUNT, WHERE, PART = range(6)

# Columns of a lot: whose money, when it came, the next lot.
L_AMOUNT, L_LABEL, L_TS, L_NEXT = range(4)
CLEAN = 0

# Columns of a disbursement: its row among the movements (-1: none), the movement before which it is there, account,
# amount, time, when following ends, the least part that opens an account.
D_EVENT, D_PLACE, D_NODE, D_AMOUNT, D_TS, D_UNTIL, D_SMALL = range(7)

# Limits reached, as bits.
TOO_MANY_ACCOUNTS, TOO_MANY_LOTS, TOO_MANY_FLOWS = 1, 2, 4


class Moves(NamedTuple):
    """All movements of one currency in order of time; nodes are accounts, then loans."""

    src: Int32
    dst: Int32
    ts: Int64
    amount: Int64


class Touching(NamedTuple):
    """The movements from or to each node, in order of time; those of a node to itself are left out."""

    ptr: Int64  # [nodes + 1]
    events: Int32


class Book(NamedTuple):
    """Scratch of one trace: the accounts it has reached (slots) and the money on them."""

    marks: UInt64  # [movements / 64 + 1] a bit for each movement still to come that touches an account reached
    marked: UInt64  # [words of marks / 64 + 1] a bit for each word of marks that has one
    slot_of: Int64  # [nodes, 2] trace, slot
    node_of: Int64  # [slots]
    pool: Int64  # [slots, labels] proportional: money by label
    fresh: Int64  # [slots, 1 + labels] proportional: when money came last, and that money
    kept: Int64  # [slots, labels] what lay there when following of its disbursement ended
    first: Int64  # [slots] fifo: first lot, last lot
    last: Int64
    lots: Int64  # [lots, 4]
    free: Int64  # [2] first free lot (chained), lots never used yet
    parts: Int64  # [labels] what a movement consists of
    flows: Int64  # [flows, 6]
    sums: Int64  # [disbursements, places, classes, hops + 1]
