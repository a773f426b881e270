"""What the orders inside a group look like: each sign of fake orders as its own number, beside the market's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from numba import njit

from graph.rings.gaps import clock_tick, even_gap_share
from graph.rings.group import Group
from graph.rings.groups import Mined
from graph.rings.orders import NULL, OrderBook
from graph.rings.params import DAY_S, RingParams
from graph.rings.seeds import reused_waybills
from graph.snapshot import Int32, Int64

WEIGHTLESS_G = 50
"""An envelope with nothing in it, or a trinket: parcels up to this weight count as weightless."""

_EVENT_S = 7_200
_BURST_S = 4 * DAY_S
_SIGNED_S = 3_600  # signed for sooner after pick-up than any parcel travels
_FAR_SIGNED_S = 12 * 3_600  # no parcel goes from one province to another in less
_MARKET = 50  # known orders outside the groups that make a market share
_LEAN = 20
_PLACE_SHARE = 0.25
_TIED = 0.3
_PAYER_MEMBERS = 3  # an account that is not a shop's counts as payer of a group once it paid this many members
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Signals:
    """Figures of a group; shares are of its inside orders (members' orders at its shops) or of its buyers.

    Shares that the source says nothing about are None. ``*_market``: the same share over the orders outside all groups
    (0 where too few of those are known to say); for what depends on the goods and the clock (night, weightless, early
    or impossible signatures, refunds, stars) over the other orders of the same shops, leaning on the market where those
    are few.
    """

    buyers: int
    shops: int
    orders: int
    shop_orders: int  # of all buyers, at the group's shops
    share_of_shop_orders: float
    orders_per_buyer: float
    shops_per_buyer: float  # different shops of the group that a buyer ordered at, mean
    repeat_share: float  # orders beyond the first of a buyer at a shop
    burst_share: float  # orders inside the densest four days
    event_share: float  # orders inside the densest two hours
    night_share: float
    night_share_market: float
    even_gap_share: float | None  # gaps from one order to the next that are the same, at the shop where most are
    one_place_share: float  # buyers at the one address that most of them have
    crowd_place_share: float  # the same, of addresses that more people use than the hub cap
    shared_identity_share: float | None  # buyers on a device, phone, account or address of three members or more
    shared_device_share: float | None
    shared_address_share: float | None
    weightless_share: float | None
    weightless_share_market: float | None
    waybill_reuse_share: float | None  # orders whose waybill another buyer's order carries too
    waybill_reuse_share_market: float | None
    signed_early_share: float | None
    signed_early_share_market: float | None
    sent_elsewhere_share: float | None  # signed for far away sooner than a parcel comes from where the shop ships
    sent_elsewhere_share_market: float | None
    refund_share: float | None
    refund_share_market: float | None
    five_star_share: float | None
    five_star_share_market: float | None
    paid_back_share: float | None
    paid_back_share_market: float | None
    money_seen_share: float | None  # orders of which it would be known if they had been paid back

    def numbers(self) -> dict[str, float | int]:
        """All that is known, by name, shares rounded to six digits."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: round(v, 6) if isinstance(v, float) else v for k, v in known.items() if v is not None}


class SignalReader:
    """Computes signals of groups of one order book; market figures are computed once."""

    def __init__(self, mined: Mined, params: RingParams) -> None:
        self._mined = mined
        self._book = mined.book
        self._params = params
        book = mined.book
        self._tick = clock_tick(book.ts)
        self._in_group = np.zeros(book.n_buyers, np.bool_)
        self._marks = {**_marks(book), "night": (((book.ts // 3_600_000 + params.zone_h) % 24) < 6, None)}
        outside = np.ones(len(book), np.bool_)
        for group in mined.groups:
            outside[self.rows(group)[0]] = False
        rest = np.flatnonzero(outside)
        self._market = {name: _market_share(mark, rest) for name, mark in self._marks.items()}
        links = book.identity
        self._token_ptr = np.r_[0, np.cumsum(np.bincount(links.user, minlength=book.n_buyers))]
        self._token_users = links.users_of()
        self._is_address = np.array([k == "address" for k in links.kinds], np.bool_)

    def rows(self, group: Group) -> tuple[Int64, Int64]:
        """Places in the book of the group's inside orders (by time), and of all orders of its shops."""
        inc = self._mined.inc
        all_rows = np.concatenate([inc.order_row[inc.order_ptr[s] : inc.order_ptr[s + 1]] for s in group.shops])
        self._in_group[group.buyers] = True
        inside = all_rows[self._in_group[self._book.buyer[all_rows]]]
        self._in_group[group.buyers] = False
        inside.sort()
        return inside, all_rows

    def read(self, group: Group) -> Signals:
        """The group's signals."""
        book = self._book
        inside, all_rows = self.rows(group)
        n = max(len(inside), 1)
        pairs = len(np.unique(book.buyer[inside].astype(np.int64) << 32 | book.shop[inside]))
        seconds = book.ts[inside] // 1000
        identity = self._identity(group.buyers)
        marked = {name: None if mark is None else _share(_take(mark, inside)) for name, mark in self._marks.items()}
        others = np.setdiff1d(all_rows, inside, assume_unique=True)
        near = {name: _leaning(mark, others, self._market[name]) for name, mark in self._marks.items()}
        return Signals(
            buyers=len(group.buyers),
            shops=len(group.shops),
            orders=len(inside),
            shop_orders=len(all_rows),
            share_of_shop_orders=len(inside) / max(len(all_rows), 1),
            orders_per_buyer=n / len(group.buyers),
            shops_per_buyer=pairs / len(group.buyers),
            repeat_share=1.0 - pairs / n,
            burst_share=_most_within(seconds, _BURST_S) / n,
            event_share=_most_within(seconds, _EVENT_S) / n,
            night_share=marked["night"] or 0.0,
            night_share_market=near["night"] or 0.0,
            even_gap_share=even_gap_share(book.shop[inside], book.ts[inside], self._tick),
            one_place_share=identity[0],
            crowd_place_share=identity[1],
            shared_identity_share=identity[2],
            shared_device_share=identity[3],
            shared_address_share=identity[4],
            weightless_share=marked["weightless"],
            weightless_share_market=near["weightless"],
            waybill_reuse_share=marked["waybill"],
            waybill_reuse_share_market=self._market["waybill"],
            signed_early_share=marked["signed"],
            signed_early_share_market=near["signed"],
            sent_elsewhere_share=marked["elsewhere"],
            sent_elsewhere_share_market=near["elsewhere"],
            refund_share=marked["refunded"],
            refund_share_market=near["refunded"],
            five_star_share=marked["stars"],
            five_star_share_market=near["stars"],
            paid_back_share=_share((self.paid_back(inside), None)) if book.paid_back is not None else None,
            paid_back_share_market=self._market["paid_back"],
            money_seen_share=None if book.money_seen is None else float(book.money_seen[inside].sum() / n),
        )

    def paid_back(self, inside: Int64) -> Bool:
        """Which of a group's orders were paid back: by the shop's side, or by one account that paid several members."""
        book = self._book
        if book.paid_back is None:
            return np.zeros(len(inside), np.bool_)
        direct = book.paid_back[inside]
        if book.payer is None:
            return direct
        payer = book.payer[inside]
        paid = np.unique(payer[payer >= 0].astype(np.int64) << 32 | book.buyer[inside][payer >= 0])
        accounts, members = np.unique(paid >> 32, return_counts=True)
        return direct | np.isin(payer, accounts[members >= _PAYER_MEMBERS])

    def _identity(self, buyers: Int32) -> tuple[float, float, float | None, float | None, float | None]:
        """(one place, one crowded place, any identifier, device or phone or account, address): shares of the buyers.

        Two on one identifier are a couple, three or more count. An identifier of a crowd (more users than the hub cap)
        shows no one identity, nor does the one address of half of the group; devices that pass round among people at
        one crowded address (a dormitory, an office, a pick-up point) show the place, not a ring. An address of a
        quarter of the group counts only where its people share devices, phones or accounts too, if any are known: by
        itself it is where a shop's own people work.
        """
        links = self._book.identity
        if not links.kinds:
            return 0.0, 0.0, None, None, None
        spans = [np.arange(self._token_ptr[b], self._token_ptr[b + 1]) for b in buyers]
        who = np.repeat(np.arange(len(buyers)), [len(s) for s in spans])
        token = links.token[np.concatenate(spans)]
        tokens, place, members = np.unique(token, return_inverse=True, return_counts=True)
        address = self._is_address[links.kind[tokens]]
        one_place = float(members[address].max() / len(buyers)) if address.any() else 0.0
        crowd = self._token_users[tokens] > self._params.hub
        crowded = float(members[address & crowd].max() / len(buyers)) if (address & crowd).any() else 0.0
        counts = (members > 2) & ~crowd & ~(address & (members >= 0.5 * len(buyers)))
        home = np.full(len(buyers), -1, np.int64)
        at_crowd = (address & crowd)[place]
        home[who[at_crowd]] = token[at_crowd]
        for t in np.flatnonzero(counts & ~address):
            homes = home[who[place == t]]
            if homes[0] >= 0 and (homes == homes[0]).all():
                counts[t] = False
        if (~address).any():
            for t in np.flatnonzero(counts & address & (members >= _PLACE_SHARE * len(buyers))):
                tied = counts[place] & ~address[place]
                at_home = np.unique(who[place == t])
                counts[t] = np.isin(at_home, who[tied]).mean() >= _TIED
        shared = counts[place]

        def share(which: Bool) -> float:
            return len(np.unique(who[shared & which[place]])) / len(buyers)

        return one_place, crowded, share(np.ones(len(tokens), np.bool_)), share(~address), share(address)


Mark = tuple[Bool, Bool | None]
"""Where something is so, and where it is known at all (None: everywhere)."""


def _marks(book: OrderBook) -> dict[str, Mark | None]:
    weight, waybill, rating = book.weight_g, book.waybill, book.rating
    early = elsewhere = None
    if book.signed_ts is not None and book.shipped_ts is not None:
        known = (book.signed_ts != NULL) & (book.shipped_ts != NULL)
        took = np.where(known, book.signed_ts - book.shipped_ts, 0)
        early = (known & (took < _SIGNED_S * 1000), known)
        if book.far is not None:
            elsewhere = (known & book.far & (took < _FAR_SIGNED_S * 1000), known)
    return {
        "weightless": None if weight is None else ((weight != NULL) & (weight <= WEIGHTLESS_G), weight != NULL),
        "waybill": None if waybill is None else (reused_waybills(waybill, book.buyer), waybill >= 0),
        "signed": early,
        "elsewhere": elsewhere,
        "refunded": None if book.refunded is None else (book.refunded, None),
        "stars": None if rating is None else (rating == 5, rating != NULL),
        "paid_back": None if book.paid_back is None else (book.paid_back, None),
    }


def _take(mark: Mark, rows: Int64) -> Mark:
    return mark[0][rows], None if mark[1] is None else mark[1][rows]


def _market_share(mark: Mark | None, rows: Int64) -> float | None:
    if mark is None:
        return None
    where, known = _take(mark, rows)
    n = len(where) if known is None else int(known.sum())
    return float(where.sum() / n) if n >= _MARKET else 0.0


def _leaning(mark: Mark | None, rows: Int64, market: float | None) -> float | None:
    """Share over ``rows``, as if a market's worth of orders had been seen besides."""
    if mark is None:
        return None
    where, known = _take(mark, rows)
    n = len(where) if known is None else int(known.sum())
    return (float(where.sum()) + _LEAN * (market or 0.0)) / (n + _LEAN)


def _share(mark: Mark | None) -> float | None:
    if mark is None:
        return None
    where, known = mark
    n = len(where) if known is None else int(known.sum())
    return float(where.sum() / n) if n else None


@njit(cache=True, nogil=True)
def _most_within(seconds: Int64, window: int) -> int:
    left, most = 0, 0
    for i in range(len(seconds)):
        while seconds[i] - seconds[left] > window:
            left += 1
        most = max(most, i - left + 1)
    return most


def all_signals(mined: Mined, params: RingParams, groups: Iterable[Group]) -> list[Signals]:
    """Signals of several groups."""
    reader = SignalReader(mined, params)
    return [reader.read(g) for g in groups]
