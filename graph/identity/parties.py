"""Parties: subjects that are known to be one hand, through ownership. That an owner and the own shop share a phone is
no finding; that two hands do may be."""

from __future__ import annotations

import numpy as np

from graph.identity.links import SUBJECTS, IdentityLinks, account_holders
from graph.identity.union import components
from graph.snapshot import Int64, Snapshot


def parties(snapshot: Snapshot, links: IdentityLinks) -> Int64:
    """The party of each subject, 0..; subjects joined by OWNS (through companies too) are one party.

    An account with several holders joins none of them: that it is shared is itself a fact to be found.
    """
    companies = len(snapshot.nodes["Company"])
    base = {**links.subject_base, "Company": links.n_subjects}
    left, right = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    holders = account_holders(snapshot)
    for relation in snapshot.of_type("OWNS"):
        keep = np.ones(len(relation), np.bool_)
        if relation.dst_kind == "Account":
            keep = holders[relation.dst] == 1
        left.append(relation.src[keep].astype(np.int64) + base[relation.src_kind])
        right.append(relation.dst[keep].astype(np.int64) + base[relation.dst_kind])
    root = components(links.n_subjects + companies, np.concatenate(left), np.concatenate(right))
    _, party = np.unique(root[: links.n_subjects], return_inverse=True)
    return party.astype(np.int64)


def party_kinds(links: IdentityLinks, party: Int64) -> dict[str, Int64]:
    """How many subjects of each kind a party has."""
    n = int(party.max(initial=-1)) + 1
    kind = links.subject_kind(np.arange(links.n_subjects, dtype=np.int64))
    return {name: np.bincount(party[kind == i], minlength=n).astype(np.int64) for i, name in enumerate(SUBJECTS)}
