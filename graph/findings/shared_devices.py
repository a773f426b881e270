"""Shared devices: shops, people, buyers and accounts that sit behind the same devices, phones and addresses.

Subjects that OWNS joins are one party (an owner and the own shop share everything, and no finding comes of it).
Parties are joined into clusters by graph.identity.clusters. A cluster is a finding when one of its devices or phones
is shared by three parties, or by two that have shops; an account of several holders counts as a device. What people
said on pairs of subjects (``told``) is obeyed. Numbers:

* ``devices``, ``phones``, ``addresses``, ``shared_accounts`` (of several holders): identifiers shared by two parties of
  the cluster or more
* ``merchants``, ``persons``, ``buyers``, ``accounts``: members by kind; ``parties``: how many different hands
* ``parties_with_shops``; ``busiest_users``: parties behind the most shared device or phone
* ``orders``: of its buyers; ``same_shop_share``: share of them at shops where two parties of the cluster bought
* ``pairs``: joined pairs; ``pairs_of_two_kinds``: those joined by two kinds of identifier and more
* ``first_shared_ts``: when a second party came to a shared identifier for the first time; 0 when not known
* ``place``: ``none``, ``family``, ``crowd`` (all at one dormitory, office, parcel locker ...) or ``agency`` (shops
  without buyers among them, most of which openly work from common premises); ``farm``: 1 when an identifier
  with more users than the hub cap is in it

Score = place x (1 - (1 - 0.6 users)(1 - 0.5 shops)(1 - 0.5 trade)(1 - 0.3 kinds)), with users = (busiest_users - 2) /
6, shops = (parties_with_shops - 1) / 3, trade = (same_shop_share - 0.2) / 0.5, kinds = pairs_of_two_kinds / pairs,
all within 0..1; place 0.15 for a family, 0.3 for a crowd, 0.5 for an agency, else 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from graph.findings.figures import count_en, percent
from graph.findings.finding import EdgeRef, Finding, Member, fresh_id
from graph.identity.clusters import Clusters, identity_clusters
from graph.identity.links import SUBJECTS, TOKENS
from graph.identity.told import Told
from graph.snapshot import NULL, Int64, Snapshot

_FAMILY = 8
_PLACE = {"none": 1.0, "family": 0.15, "crowd": 0.3, "agency": 0.5}


@dataclass(frozen=True)
class SharedDeviceParams:
    """``hub``: an identifier of more parties joins nobody, unless it looks like a farm. The rest limits what is listed.

    ``min_family_users``: families in which fewer share one device or phone are left out altogether.
    """

    told: Told = field(default_factory=Told)
    hub: int = 12
    min_family_users: int = 5
    max_members: int = 2_000
    max_edges: int = 400


@dataclass(frozen=True)
class SharedDevices:
    """The findings, and how much was seen and not listed: ``families`` left out, ``crowds`` (identifiers over the cap
    that join nobody) by kind of identifier.
    """

    findings: list[Finding]
    families: int
    crowds: dict[str, int]


def find_shared_devices(
    snapshot: Snapshot,
    params: SharedDeviceParams = SharedDeviceParams(),
    clusters: Clusters | None = None,
) -> list[Finding]:
    """Clusters behind shared devices and phones, highest score first."""
    return shared_devices(snapshot, params, clusters).findings


def shared_devices(snapshot: Snapshot, params: SharedDeviceParams, clusters: Clusters | None = None) -> SharedDevices:
    """The findings, with an account of what was told apart and left out. ``clusters``: if they are there already."""
    clusters = clusters or identity_clusters(snapshot, params.hub, params.told)
    reader = _Reader(snapshot, clusters, params)
    findings, families = [], 0
    for cluster in reader.qualified():
        finding = reader.finding(cluster)
        if finding is None:
            families += 1
        else:
            findings.append(finding)
    joins_nobody = np.flatnonzero(clusters.crowd & ~clusters.farm & (np.diff(clusters.uses.ptr) > 1))
    kinds = np.bincount(clusters.links.token_kind(joins_nobody), minlength=len(TOKENS))
    crowds = {name: int(n) for name, n in zip(TOKENS, kinds, strict=True) if n}
    return SharedDevices(sorted(findings, key=lambda f: (-f.score, f.id)), families, crowds)


class _Reader:
    """Turns clusters into findings; tables over all clusters are made once."""

    def __init__(self, snapshot: Snapshot, clusters: Clusters, params: SharedDeviceParams) -> None:
        self._snapshot = snapshot
        self._c = clusters
        self._params = params
        links, uses = clusters.links, clusters.uses
        # rows of uses that count inside a cluster, sorted by (cluster, token)
        counts = ~clusters.crowd[uses.token] | clusters.farm[uses.token]
        rows = np.flatnonzero(counts)
        cluster = clusters.of_party[uses.party[rows]]
        rows = rows[np.lexsort((uses.party[rows], uses.token[rows], cluster))]
        self._cluster = clusters.of_party[uses.party[rows]]
        token = uses.token[rows]
        starts = (
            np.flatnonzero(np.r_[True, (token[1:] != token[:-1]) | (self._cluster[1:] != self._cluster[:-1])])
            if len(rows)
            else np.empty(0, np.int64)
        )
        size = np.diff(np.r_[starts, len(rows)])
        with_shops = (
            np.add.reduceat((clusters.shops[uses.party[rows]] > 0).astype(np.int64), starts) if len(rows) else size
        )
        self._rows = rows
        kept = size >= 2
        self._token_start, self._token_size = starts[kept], size[kept]
        self._token = token[starts[kept]] if len(rows) else starts
        self._token_cluster = self._cluster[starts[kept]] if len(rows) else starts
        self._token_shops = with_shops[kept]
        self._token_kind = links.token_kind(self._token)
        self._party_order = np.argsort(clusters.of_party, kind="stable")
        self._sorted_parties = clusters.of_party[self._party_order]
        self._subject_order = np.argsort(clusters.party, kind="stable")
        self._sorted_subjects = clusters.party[self._subject_order]
        self._link_order = np.lexsort((links.token, links.subject))
        self._sorted_links = links.subject[self._link_order]
        self._pair_order = np.argsort(clusters.of_party[clusters.pairs.a], kind="stable")
        self._sorted_pairs = clusters.of_party[clusters.pairs.a][self._pair_order]

    def qualified(self) -> Int64:
        """Clusters with a device, phone or account of three parties, or of two with shops; ascending."""
        enough = (self._token_size >= 3) | (self._token_shops >= 2)
        return np.unique(self._token_cluster[enough & (self._token_kind != TOKENS.index("Address"))])

    def finding(self, cluster: int) -> Finding | None:
        """The finding of a cluster; None for a small family."""
        c, links = self._c, self._c.links
        parties = _gather(self._sorted_parties, self._party_order, np.array([cluster]))
        low, high = np.searchsorted(self._token_cluster, [cluster, cluster + 1])
        tokens, kinds = self._token[low:high], self._token_kind[low:high]
        users = self._token_size[low:high]
        tool = kinds != TOKENS.index("Address")
        busiest = int(users[tool].max())
        orders, same_shop = self._trade(parties)
        with_shops = int((c.shops[parties] > 0).sum())
        place = self._place(parties, with_shops, same_shop)
        if place == "family" and busiest < self._params.min_family_users:
            return None
        pairs = _gather(self._sorted_pairs, self._pair_order, np.array([cluster]))
        two_kinds = int((c.pairs.kinds[pairs] >= 2).sum())
        score = _PLACE[place] * _suspicion(busiest, with_shops, same_shop, two_kinds / max(len(pairs), 1))
        subjects = np.sort(_gather(self._sorted_subjects, self._subject_order, parties))
        edges, subjects, all_edges = self._edges(subjects, tokens)  # who never touched a shared one is no member
        of_kind = np.bincount(links.subject_kind(subjects), minlength=len(SUBJECTS))
        token_counts = np.bincount(kinds, minlength=len(TOKENS))
        first_shared, first, last = self._times(low, high)
        members = [self._member(SUBJECTS, links.subject_base, links.subject_kind, s) for s in subjects]
        members += [self._member(TOKENS, links.token_base, links.token_kind, t) for t in tokens]
        members = list(dict.fromkeys(members))  # a shared account may be seen as one who uses, too
        id_ = fresh_id("shared_device", [m.node for m in members])
        why = []
        if len(members) > self._params.max_members:
            why.append(f"{self._params.max_members} of {len(members)} members listed")
            members = members[: self._params.max_members]
        if all_edges > len(edges):
            why.append(f"{len(edges)} of {all_edges} edges listed")
        numbers: dict[str, float | int | str] = {
            **{f"{k.lower()}s": int(n) for k, n in zip(SUBJECTS, of_kind, strict=True)},
            "devices": int(token_counts[0]),
            "phones": int(token_counts[1]),
            "addresses": int(token_counts[2]),
            "shared_accounts": int(token_counts[3]),
            "parties": len(parties),
            "parties_with_shops": with_shops,
            "busiest_users": busiest,
            "orders": orders,
            "same_shop_share": round(same_shop, 6),
            "pairs": len(pairs),
            "pairs_of_two_kinds": two_kinds,
            "first_shared_ts": first_shared or 0,
            "place": place,
            "farm": int(bool(c.farm[tokens].any())),
        }
        en, zh = _sentences(numbers)
        return Finding(
            kind="shared_device",
            id=id_,
            score=round(score, 6),
            members=tuple(members),
            edges=tuple(edges),
            numbers=numbers,
            first_ts=first,
            last_ts=last,
            text_en=en,
            text_zh=zh,
            complete=not why,
            truncated_why="; ".join(why) or None,
            evidence={"hub_cap": self._params.hub},
        )

    def _trade(self, parties: Int64) -> tuple[int, float]:
        """Orders of the parties' buyers, and the share of them at shops where two of the parties bought."""
        trade = self._c.trade
        rows = _gather(trade.party, None, parties)
        if not len(rows):
            return 0, 0.0
        _, place, buyers = np.unique(trade.shop[rows], return_inverse=True, return_counts=True)
        orders = int(trade.orders[rows].sum())
        return orders, float(trade.orders[rows][buyers[place] >= 2].sum() / orders)

    def _place(self, parties: Int64, with_shops: int, same_shop: float) -> str:
        """Whether the parties meet at an address, and what sort of place it is."""
        if same_shop >= 0.5 or 2 <= with_shops < len(parties):
            return "none"
        c = self._c
        subjects = _gather(self._sorted_subjects, self._subject_order, parties)
        rows = _gather(self._sorted_links, self._link_order, subjects)
        tokens = c.links.token[rows]
        at = c.links.token_kind(tokens) == TOKENS.index("Address")
        pairs = np.unique(tokens[at] << 32 | c.party[c.links.subject[rows[at]]])
        addresses, met = np.unique(pairs >> 32, return_counts=True)
        if with_shops >= 2:
            housed = np.unique(pairs[np.isin(pairs >> 32, addresses[met >= 2])] & 0xFFFFFFFF)
            return "agency" if len(housed) >= 0.8 * len(parties) else "none"
        home = addresses[met >= len(parties)]
        if not len(home):
            return "none"
        if c.crowd[home].all():
            return "crowd"
        return "family" if len(parties) <= _FAMILY else "none"

    def _edges(self, subjects: Int64, tokens: Int64) -> tuple[list[EdgeRef], Int64, int]:
        """Edges between the cluster's subjects and its shared identifiers (capped), the subjects on one, all edges."""
        links = self._c.links
        rows = _gather(self._sorted_links, self._link_order, subjects)
        rows = rows[np.isin(links.token[rows], tokens)]
        subjects = np.unique(links.subject[rows])
        edges = []
        for row in rows[: self._params.max_edges]:
            relation = links.relations[links.relation[row]]
            at = int(links.edge[row])
            src = self._snapshot.nodes[relation.src_kind].id(int(relation.src[at]))
            dst = self._snapshot.nodes[relation.dst_kind].id(int(relation.dst[at]))
            ts = int(links.first_ts[row])
            edges.append(
                EdgeRef(
                    relation.type,
                    relation.edge_id(at),
                    f"{relation.src_kind}:{src}",
                    f"{relation.dst_kind}:{dst}",
                    None if ts == NULL else ts,
                )
            )
        return edges, subjects, len(rows)

    def _times(self, low: int, high: int) -> tuple[int | None, int | None, int | None]:
        """When the second party came to a shared identifier for the first time; first and last time seen on one."""
        uses = self._c.uses
        second, seen = [], []
        for start, size in zip(self._token_start[low:high], self._token_size[low:high], strict=True):
            rows = self._rows[start : start + size]
            first = np.sort(uses.first_ts[rows][uses.first_ts[rows] != NULL])
            second += first[1:2].tolist()
            seen += [*first.tolist(), *uses.last_ts[rows][uses.last_ts[rows] != NULL].tolist()]
        return min(second, default=None), min(seen, default=None), max(seen, default=None)

    def _member(self, kinds: tuple[str, ...], base: dict[str, int], kind_of: object, number: int) -> Member:
        at = np.array([number], np.int64)
        kind = kinds[int(kind_of(at)[0])]  # type: ignore[operator]  # one of the two methods of IdentityLinks
        return Member(kind, self._snapshot.nodes[kind].id(number - base[kind]), kind.lower())


def _gather(keys: Int64, order: Int64 | None, wanted: Int64) -> Int64:
    """Places (through ``order``) of all rows whose sorted key is one of ``wanted``."""
    low = np.searchsorted(keys, wanted)
    count = np.searchsorted(keys, wanted, side="right") - low
    rows = np.repeat(low - (np.cumsum(count) - count), count) + np.arange(count.sum())
    return rows if order is None else order[rows]


def _suspicion(busiest: int, with_shops: int, same_shop: float, two_kinds: float) -> float:
    users = min(1.0, (busiest - 2) / 6)
    shops = min(1.0, max(0.0, (with_shops - 1) / 3))
    trade = min(1.0, max(0.0, (same_shop - 0.2) / 0.5))
    return 1 - (1 - 0.6 * users) * (1 - 0.5 * shops) * (1 - 0.5 * trade) * (1 - 0.3 * two_kinds)


_WORDS = (
    ("merchants", "shop", "家店铺"),
    ("persons", "person", "个自然人"),
    ("buyers", "buyer", "个买家"),
    ("accounts", "account", "个账户"),
)
_TOKEN_WORDS = (
    ("devices", "device", "台设备"),
    ("phones", "phone number", "个电话"),
    ("addresses", "address", "个地址"),
    ("shared_accounts", "account of several holders", "个共有账户"),
)


def _sentences(n: dict[str, float | int | str]) -> tuple[str, str]:
    who_en = _and_en([count_en(int(n[k]), one) for k, one, _ in _WORDS if n[k]])
    who_zh = "、".join(f"{n[k]} {word}" for k, _, word in _WORDS if n[k])
    many = {"address": "addresses", "account of several holders": "accounts of several holders"}
    what_en = _and_en([count_en(int(n[k]), one, many.get(one)) for k, one, _ in _TOKEN_WORDS if n[k]])
    what_zh = "、".join(f"{n[k]} {word}" for k, _, word in _TOKEN_WORDS if n[k])
    en = f"{who_en} of {count_en(int(n['parties']), 'different hand')} share {what_en}"
    en = en[0].upper() + en[1:] + f"; the busiest is used by {n['busiest_users']} of them"
    zh = f"{who_zh}（分属 {n['parties']} 方）共用 {what_zh}；最繁忙的一个有 {n['busiest_users']} 方使用"
    if n["orders"] and float(n["same_shop_share"]) >= 0.2:
        share = percent(float(n["same_shop_share"]))
        en += f"; {share} of their {int(n['orders']):,} orders are at the same shops"
        zh += f"；{n['orders']} 笔订单中 {share} 在相同店铺"
    if n["place"] == "family":
        en += "; they live at one address, as a family does"
        zh += "；同住一个地址，像一家人"
    elif n["place"] == "crowd":
        en += "; all of them are at one address that many people share, a dormitory or an office"
        zh += "；都在同一个多人共用的地址（如宿舍、办公楼）"
    elif n["place"] == "agency":
        en += "; they work from common premises, as shops run by one agency do"
        zh += "；在同一处场所经营，像由同一代运营公司打理"
    return en + ".", zh + "。"


def _and_en(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
