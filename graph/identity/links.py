"""Who was seen with which device, phone, address and shared account: a snapshot's identity edges as one table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.snapshot import NULL, Int32, Int64, Relation, Snapshot

SUBJECTS = ("Merchant", "Person", "Buyer", "Account")
TOKENS = ("Device", "Phone", "Address", "Account")
_EDGES = {
    "Device": ("USED_DEVICE",),
    "Phone": ("HAS_PHONE",),
    "Address": ("SHIPS_FROM", "REGISTERED_AT"),
    "Account": ("OWNS",),  # a card of several holders: one holder's own is that holder (graph.identity.parties)
}


@dataclass(frozen=True)
class IdentityLinks:
    """One row per (subject, token), each once, sorted by (token, subject).

    Subjects and tokens of all kinds are numbered through: ``subject_base[kind] + node number`` and likewise tokens.
    ``first_ts`` / ``last_ts``: when the two were seen together, NULL where unknown. ``relation``, ``edge``: the first
    edge that says so (index into ``relations``, position).
    """

    subject: Int64
    token: Int64
    first_ts: Int64
    last_ts: Int64
    relation: Int32
    edge: Int64
    relations: tuple[Relation, ...]
    subject_base: dict[str, int]
    token_base: dict[str, int]
    n_subjects: int
    n_tokens: int

    def __len__(self) -> int:
        return len(self.subject)

    def token_kind(self, token: Int64) -> Int32:
        """Index into TOKENS of each token."""
        starts = np.array([self.token_base[k] for k in TOKENS], np.int64)
        return (np.searchsorted(starts, token, side="right") - 1).astype(np.int32)

    def subject_kind(self, subject: Int64) -> Int32:
        """Index into SUBJECTS of each subject."""
        starts = np.array([self.subject_base[k] for k in SUBJECTS], np.int64)
        return (np.searchsorted(starts, subject, side="right") - 1).astype(np.int32)


def identity_links(snapshot: Snapshot) -> IdentityLinks:
    """All identity edges; a buyer also has the devices and delivery addresses of the buyer's orders."""
    subject_base, n_subjects = _bases(snapshot, SUBJECTS)
    token_base, n_tokens = _bases(snapshot, TOKENS)
    placed = snapshot.relation("Buyer", "PLACED", "Orders")
    buyer_of = np.full(len(snapshot.nodes["Orders"]), -1, np.int64)
    buyer_of[placed.dst[::-1]] = placed.src[::-1]
    order_ts = snapshot.nodes["Orders"].int64("ts")

    relations: list[Relation] = []
    columns: list[tuple[Int64, Int64, Int64, Int64, Int32, Int64]] = []

    def add(relation: Relation, subject: Int64, token: Int64, first: Int64, last: Int64, edge: Int64) -> None:
        if len(edge):
            columns.append((subject, token, first, last, np.full(len(edge), len(relations), np.int32), edge))
            relations.append(relation)

    for token_kind, types in _EDGES.items():
        for type_ in types:
            for kind in SUBJECTS:
                own = snapshot.relations.get((kind, type_, token_kind))
                if own is None:
                    continue
                if type_ == "OWNS":
                    shared = np.flatnonzero(account_holders(snapshot)[own.dst] > 1)
                    since = own.int64("since")[shared]
                    who, card = own.src[shared].astype(np.int64), own.dst[shared].astype(np.int64)
                    base = subject_base[kind], token_base[token_kind]
                    add(own, who + base[0], card + base[1], since, np.full(len(shared), NULL), shared)
                    continue
                first = own.int64("first_ts") if type_ == "USED_DEVICE" else own.int64("since")
                last = own.int64("last_ts") if type_ == "USED_DEVICE" else np.full(len(own), NULL)
                subject = own.src.astype(np.int64) + subject_base[kind]
                token = own.dst.astype(np.int64) + token_base[token_kind]
                add(own, subject, token, first, last, np.arange(len(own)))
    for type_, token_kind in (("USED_DEVICE", "Device"), ("SHIPPED_TO", "Address")):
        by_order = snapshot.relation("Orders", type_, token_kind)
        edge = np.flatnonzero(buyer_of[by_order.src] >= 0)
        ts = order_ts[by_order.src[edge]]
        who = buyer_of[by_order.src[edge]] + subject_base["Buyer"]
        what = by_order.dst[edge].astype(np.int64) + token_base[token_kind]
        add(by_order, who, what, ts, ts, edge)
    return _once(columns, tuple(relations), subject_base, token_base, n_subjects, n_tokens)


def account_holders(snapshot: Snapshot) -> Int64:
    """How many different parties own each account."""
    holders = np.zeros(len(snapshot.nodes["Account"]), np.int64)
    for relation in snapshot.of_type("OWNS"):
        if relation.dst_kind == "Account":
            pairs = np.unique(relation.src.astype(np.int64) << 32 | relation.dst)
            holders += np.bincount(pairs & 0xFFFFFFFF, minlength=len(holders))
    return holders


def _bases(snapshot: Snapshot, kinds: tuple[str, ...]) -> tuple[dict[str, int], int]:
    bases, n = {}, 0
    for kind in kinds:
        bases[kind] = n
        n += len(snapshot.nodes[kind])
    return bases, n


def _once(
    columns: list[tuple[Int64, Int64, Int64, Int64, Int32, Int64]],
    relations: tuple[Relation, ...],
    subject_base: dict[str, int],
    token_base: dict[str, int],
    n_subjects: int,
    n_tokens: int,
) -> IdentityLinks:
    """Rows of one pair brought together: first the earliest, last the latest, the edge of the first row."""
    if not columns:
        none = np.empty(0, np.int64)
        return IdentityLinks(
            none, none, none, none, none.astype(np.int32), none, (), subject_base, token_base, n_subjects, n_tokens
        )
    subject, token, first, last, relation, edge = (np.concatenate(c) for c in zip(*columns, strict=True))
    order = np.lexsort((edge, relation, subject, token))
    subject, token, first, last, relation, edge = (c[order] for c in (subject, token, first, last, relation, edge))
    new = np.r_[True, (subject[1:] != subject[:-1]) | (token[1:] != token[:-1])]
    starts = np.flatnonzero(new)
    known = np.where(first == NULL, np.iinfo(np.int64).max, first)
    earliest = np.minimum.reduceat(known, starts)
    return IdentityLinks(
        subject=subject[starts],
        token=token[starts],
        first_ts=np.where(earliest == np.iinfo(np.int64).max, NULL, earliest),
        last_ts=np.maximum.reduceat(last, starts),
        relation=relation[starts],
        edge=edge[starts],
        relations=relations,
        subject_base=subject_base,
        token_base=token_base,
        n_subjects=n_subjects,
        n_tokens=n_tokens,
    )
