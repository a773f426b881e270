"""How sure we may be that two parties are one hand, from the identifiers they share.

An identifier of n parties is evidence of base / log2(n) for each pair of them: two behind one phone say more than
twelve do. The evidence of several identifiers adds up; from ``JOIN`` on the two are joined. A device or a phone does
that alone up to the hub cap; an address does it for two shops when few share it, for buyers only together with another
identifier (people who live together are not one hand). Identifiers above the hub
cap are places or tools of a crowd (see graph.identity.places) and join nobody: without that, one cluster would swallow
everything. A device that was used by one party and, more than ``RESOLD_MS`` later, by another counts a fifth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from graph.snapshot import NULL, Float64, Int32, Int64

JOIN = 0.25
BASE_DEVICE = 1.0
BASE_PHONE = 1.0
BASE_ACCOUNT = 1.0  # a card of several holders
BASE_ADDRESS_SHOPS = 0.6  # between two parties that both have shops
BASE_ADDRESS = 0.2
RESOLD_MS = 90 * 86_400_000
RESOLD = 0.2


@dataclass(frozen=True)
class PairEvidence:
    """Pairs a < b of parties with what speaks for their being one, and how many kinds of identifier do."""

    a: Int64
    b: Int64
    weight: Float64
    kinds: Int32


def pair_evidence(
    party: Int64, token: Int64, kind: Int32, first_ts: Int64, last_ts: Int64, has_shops: Int64, hub: int
) -> PairEvidence:
    """Evidence for every pair of parties that share an identifier of at most ``hub`` parties.

    Rows: distinct (token, party), sorted by token; ``kind``: 0 device, 1 phone, 2 address, 3 account. ``has_shops``:
    shops of each party. Work is at most hub / 2 pairs a row.
    """
    starts = np.flatnonzero(np.r_[True, token[1:] != token[:-1]]) if len(token) else np.empty(0, np.int64)
    ptr = np.r_[starts, len(token)].astype(np.int64)
    size = np.diff(ptr)
    room = int((size * (size - 1) // 2)[size <= hub].sum()) if len(size) else 0
    a, b, weight, of_kind = _pairs(ptr, party, kind, first_ts, last_ts, has_shops, hub, room)
    order = np.lexsort((weight, of_kind, b, a))
    a, b, weight, of_kind = a[order], b[order], weight[order], of_kind[order]
    if room == 0:
        return PairEvidence(a, b, weight, of_kind)
    new_pair = np.r_[True, (a[1:] != a[:-1]) | (b[1:] != b[:-1])]
    new_kind = new_pair | np.r_[True, of_kind[1:] != of_kind[:-1]]
    first = np.flatnonzero(new_pair)
    return PairEvidence(
        a[first],
        b[first],
        np.add.reduceat(weight, first),
        np.add.reduceat(new_kind.astype(np.int32), first),
    )


@njit(cache=True, nogil=True)
def base_weight(kind: int, both_shops: bool, first_a: int, first_b: int, last_a: int, last_b: int) -> float:
    """What an identifier of a kind says on two of its users before its rarity; times as in ``Uses``."""
    if kind == 1:
        return BASE_PHONE
    if kind == 2:
        return BASE_ADDRESS_SHOPS if both_shops else BASE_ADDRESS
    if kind == 3:
        return BASE_ACCOUNT
    until = min(last_a, last_b)
    if first_a != NULL and first_b != NULL and until != NULL and max(first_a, first_b) - until > RESOLD_MS:
        return BASE_DEVICE * RESOLD
    return BASE_DEVICE


@njit(cache=True, nogil=True)
def _pairs(
    ptr: Int64,
    party: Int64,
    kind: Int32,
    first_ts: Int64,
    last_ts: Int64,
    has_shops: Int64,
    hub: int,
    room: int,
) -> tuple[Int64, Int64, Float64, Int32]:
    a, b = np.empty(room, np.int64), np.empty(room, np.int64)
    weight, of_kind = np.empty(room, np.float64), np.empty(room, np.int32)
    w = 0
    for t in range(len(ptr) - 1):
        low, high = ptr[t], ptr[t + 1]
        if high - low < 2 or high - low > hub:
            continue
        rarity = 1.0 / np.log2(high - low)
        for x in range(low, high):
            for y in range(x + 1, high):
                p, q = party[x], party[y]
                both = has_shops[p] > 0 and has_shops[q] > 0
                base = base_weight(kind[x], both, first_ts[x], first_ts[y], last_ts[x], last_ts[y])
                a[w], b[w] = min(p, q), max(p, q)
                weight[w], of_kind[w] = base * rarity, kind[x]
                w += 1
    return a, b, weight, of_kind
