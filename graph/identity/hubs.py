"""What kind of place or tool an identifier of many people is, read from its own pattern: who, when, which shops.

The answer is an opinion with its numbers, for people; whether an identifier joins anybody does not depend on it (see
graph.identity.clusters). What the source calls the place is told beside it and decides nothing here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from graph.identity.clusters import Clusters
from graph.identity.hub_words import hub_sentences
from graph.identity.links import TOKENS
from graph.identity.parties import party_kinds
from graph.snapshot import NULL, Int64, Snapshot

DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
HOUSEHOLD = 6
RESOLD_GAP_MS = 90 * DAY_MS
_MORE = np.iinfo(np.int64).max


class NoHubError(Exception):
    """A node that is no device, phone, address or shared account of the snapshot, or that nobody uses."""


@dataclass(frozen=True)
class HubPattern:
    """Figures of one identifier; shares 0..1, None where nothing is known.

    ``users``: parties. ``shops_of_users``: shops that they own. ``shipping``, ``registered``: shops that ship from it,
    shops and companies registered at it. ``orders``: that went to it or were placed on it, at ``shops`` shops, of them
    ``top_shops_share`` at the busiest three. ``work_hours_share``: placed Monday to Friday, 9 to 18 o'clock.
    ``orders_per_user``: mean. ``own_share``: median share of a user's orders that are here. ``stay_days``: median time
    from a user's first to last use. ``most_at_once``: the most users whose times overlap. ``gap_days``: the shortest
    time from one user's last use to another's first, where no two overlap.
    """

    users: int
    shops_of_users: int
    shipping: int
    registered: int
    orders: int
    shops: int
    top_shops_share: float | None
    work_hours_share: float | None
    orders_per_user: float
    own_share: float | None
    stay_days: float | None
    most_at_once: int
    gap_days: float | None


@dataclass(frozen=True)
class Hub:
    """``kind``: family, resold_phone, warehouse, office, parcel_locker, dormitory, kiosk, farm, or unclear.

    ``source_says``: the place type its source gives, empty where none.
    """

    node: str
    kind: str
    pattern: HubPattern
    source_says: str
    text_en: str
    text_zh: str

    def numbers(self) -> dict[str, float | int]:
        """The figures that are known."""
        return {name: value for name, value in asdict(self.pattern).items() if value is not None}


def hub_of(snapshot: Snapshot, clusters: Clusters, node: str, utc_offset_h: int = 8) -> Hub:
    """What ``node`` (``Kind:id``) is. ``utc_offset_h``: of the clocks of its users. Raises NoHubError."""
    kind, _, id_ = node.partition(":")
    number = snapshot.nodes[kind].number(id_) if kind in TOKENS else None
    if number is None:
        raise NoHubError(f"{node}: no such {', '.join(TOKENS[:-1])} or {TOKENS[-1]} in the graph")
    pattern = _pattern(snapshot, clusters, kind, number, utc_offset_h)
    if pattern.users == 0:
        raise NoHubError(f"{node}: nobody is known to use it")
    what = kind_of(kind, pattern)
    says = ""
    if kind == "Address":
        code, names = snapshot.nodes[kind].codes("place_type")
        says = names[code[number]] if code[number] >= 0 else ""
    en, zh = hub_sentences(node, what, pattern.users, {k: v for k, v in asdict(pattern).items() if v is not None}, says)
    return Hub(node, what, pattern, says, en, zh)


def kind_of(token: str, p: HubPattern) -> str:
    """The kind by the pattern: a fixed list of rules, the first that fits."""
    concentrated = p.orders >= 2 * p.users and (p.top_shops_share or 0.0) >= 0.5 and p.shops > 0
    one_after_another = p.users > 1 and p.most_at_once == 1 and (p.gap_days or 0.0) * DAY_MS >= RESOLD_GAP_MS
    if token == "Phone" and one_after_another:  # noqa: S105 - a kind of node
        return "resold_phone"
    if p.shipping >= 2 and p.orders <= 5 * p.shipping:
        return "warehouse"
    if p.registered >= 3:
        return "office"
    if p.users <= HOUSEHOLD:
        return "family" if p.shops_of_users <= 1 else "unclear"
    if token != "Address":  # noqa: S105 - a kind of node
        if p.shops_of_users >= 3 or concentrated:
            return "farm"
        return "kiosk" if p.orders_per_user <= 3 and p.shops >= 3 else "unclear"
    if (p.work_hours_share or 0.0) >= 0.6 and p.orders >= 20:
        return "office"
    if p.own_share is None:
        return "unclear"
    if p.own_share < 0.75:
        return "parcel_locker"
    return "dormitory" if (p.stay_days or 0.0) >= 14 or p.orders_per_user >= 2 else "unclear"


def _pattern(snapshot: Snapshot, c: Clusters, kind: str, number: int, utc_offset_h: int) -> HubPattern:
    token = number + c.links.token_base[kind]
    low, high = int(c.uses.ptr[token]), int(c.uses.ptr[token + 1])
    users = c.uses.party[low:high]
    here = _orders_here(snapshot, kind, number)
    sold = snapshot.relation("Orders", "SOLD_BY", "Merchant")
    placed = snapshot.relation("Buyer", "PLACED", "Orders")
    mark = np.zeros(len(snapshot.nodes["Orders"]), np.bool_)
    mark[here] = True
    by_shop = np.sort(np.unique(sold.dst[mark[sold.src]], return_counts=True)[1])
    who = c.party[placed.src + c.links.subject_base["Buyer"]]
    mine = np.isin(who, users)
    everywhere = np.bincount(np.searchsorted(users, who[mine]), minlength=len(users))
    at_hub = np.bincount(np.searchsorted(users, who[mine & mark[placed.dst]]), minlength=len(users))
    buys = at_hub > 0
    ts = snapshot.nodes["Orders"].int64("ts")[here]
    local = ts[ts != NULL] + utc_offset_h * _HOUR_MS
    hour, day = (local // _HOUR_MS) % 24, (local // DAY_MS + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
    first, last = c.uses.first_ts[low:high], c.uses.last_ts[low:high]
    timed = (first != NULL) & (last != NULL)
    most, gap = _overlap(first[first != NULL], np.where(last == NULL, first, last)[first != NULL])
    shops = party_kinds(c.links, c.party)["Merchant"]
    return HubPattern(
        users=len(users),
        shops_of_users=int(shops[users].sum()),
        shipping=_ends(snapshot, "SHIPS_FROM", kind, number),
        registered=_ends(snapshot, "REGISTERED_AT", kind, number),
        orders=len(here),
        shops=len(by_shop),
        top_shops_share=round(float(by_shop[-3:].sum() / by_shop.sum()), 6) if len(by_shop) else None,
        work_hours_share=round(float(((hour >= 9) & (hour < 18) & (day < 5)).mean()), 6) if len(local) else None,
        orders_per_user=round(len(here) / max(len(users), 1), 6),
        own_share=round(float(np.median(at_hub[buys] / everywhere[buys])), 6) if buys.any() else None,
        stay_days=round(float(np.median((last - first)[timed]) / DAY_MS), 6) if timed.any() else None,
        most_at_once=most,
        gap_days=None if gap is None else round(gap / DAY_MS, 6),
    )


def _orders_here(snapshot: Snapshot, kind: str, number: int) -> Int64:
    type_ = {"Address": "SHIPPED_TO", "Device": "USED_DEVICE"}.get(kind)
    relation = snapshot.relations.get(("Orders", type_, kind)) if type_ else None
    if relation is None:
        return np.empty(0, np.int64)
    return np.unique(relation.src[relation.dst == number]).astype(np.int64)


def _ends(snapshot: Snapshot, type_: str, kind: str, number: int) -> int:
    """Shops and companies that are tied to the address by an edge of a type."""
    found = 0
    for subject in ("Merchant", "Company"):
        relation = snapshot.relations.get((subject, type_, kind))
        if relation is not None:
            found += len(np.unique(relation.src[relation.dst == number]))
    return found


def _overlap(first: Int64, last: Int64) -> tuple[int, int | None]:
    """The most intervals that hold one moment, and, where no two overlap, the shortest gap between neighbours."""
    if not len(first):
        return 0, None
    order = np.argsort(first, kind="stable")
    first, last = first[order], last[order]
    moments = np.concatenate([first, last])
    step = np.concatenate([np.ones(len(first), np.int64), -np.ones(len(last), np.int64)])
    at = np.lexsort((-step, moments))  # an interval that begins when another ends overlaps it
    most = int(np.cumsum(step[at]).max())
    gap = int((first[1:] - last[:-1]).min()) if most == 1 and len(first) > 1 else None
    return most, gap
