"""Clusters of parties that are likely one hand: joined pair by pair where the evidence is enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.identity.evidence import JOIN, PairEvidence, pair_evidence
from graph.identity.links import IdentityLinks, identity_links
from graph.identity.parties import parties
from graph.identity.places import Trade, farms, honest_places, is_address, trade_of
from graph.identity.told import Told, party_pairs, told_components
from graph.snapshot import Int64, Snapshot

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Uses:
    """Distinct (token, party) pairs sorted by token; first and last time any subject of the party used it."""

    token: Int64
    party: Int64
    first_ts: Int64
    last_ts: Int64
    ptr: Int64  # rows of token t: ptr[t]:ptr[t+1]


@dataclass(frozen=True)
class Clusters:
    """All clusters of two parties and more, and what they rest on.

    ``of_party``: number of the party's cluster (the smallest party in it). ``crowd``: per token, used by more parties
    than the hub cap, or an honest place by name; ``farm``: those among the devices and phones that look like farms,
    which do join.
    """

    links: IdentityLinks
    party: Int64  # of each subject
    shops: Int64  # of each party
    uses: Uses
    trade: Trade
    pairs: PairEvidence  # those that joined
    of_party: Int64
    crowd: Bool
    honest: Bool
    farm: Bool


def identity_clusters(snapshot: Snapshot, hub: int, told: Told = Told()) -> Clusters:  # noqa: B008 - it is frozen
    """Join parties over shared identifiers; ``hub``: identifiers of more parties than this join nobody (but farms).

    ``told``: what people said on pairs of subjects; it is obeyed whatever the evidence.
    """
    links = identity_links(snapshot)
    party = parties(snapshot, links)
    n_parties = int(party.max(initial=-1)) + 1
    base = links.subject_base["Merchant"]
    shops = np.bincount(party[base : base + len(snapshot.nodes["Merchant"])], minlength=n_parties).astype(np.int64)
    uses = _uses(links, party)
    size = np.diff(uses.ptr)
    honest = honest_places(snapshot, links)
    crowd = (size > hub) | honest
    trade = trade_of(snapshot, links, party)
    tokens = np.arange(links.n_tokens, dtype=np.int64)
    suspects = np.flatnonzero(crowd & ~is_address(links, tokens))
    farm = np.zeros(links.n_tokens, np.bool_)
    farm[suspects] = farms(suspects, uses.party, shops, trade, uses.ptr)
    usable = ~crowd[uses.token]
    pairs = pair_evidence(
        uses.party[usable],
        uses.token[usable],
        links.token_kind(uses.token[usable]),
        uses.first_ts[usable],
        uses.last_ts[usable],
        shops,
        hub,
    )
    joined = pairs.weight >= JOIN
    on_farm = np.flatnonzero(farm[uses.token])
    first_user = uses.party[uses.ptr[uses.token[on_farm]]]
    of_party = told_components(
        n_parties,
        np.concatenate([pairs.a[joined], first_user]),
        np.concatenate([pairs.b[joined], uses.party[on_farm]]),
        np.concatenate([pairs.weight[joined], np.full(len(on_farm), JOIN)]),
        party_pairs(snapshot, links, party, told.same),
        party_pairs(snapshot, links, party, told.apart),
    )
    joined &= of_party[pairs.a] == of_party[pairs.b]
    pairs = PairEvidence(pairs.a[joined], pairs.b[joined], pairs.weight[joined], pairs.kinds[joined])
    return Clusters(links, party, shops, uses, trade, pairs, of_party, crowd, honest, farm)


def _uses(links: IdentityLinks, party: Int64) -> Uses:
    who = party[links.subject]
    order = np.lexsort((who, links.token))
    token, who, first, last = links.token[order], who[order], links.first_ts[order], links.last_ts[order]
    ptr = np.zeros(links.n_tokens + 1, np.int64)
    if not len(token):
        return Uses(token, who, first, last, ptr)
    starts = np.flatnonzero(np.r_[True, (token[1:] != token[:-1]) | (who[1:] != who[:-1])])
    none, most = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    earliest = np.minimum.reduceat(np.where(first == none, most, first), starts)
    latest = np.maximum.reduceat(last, starts)
    np.cumsum(np.bincount(token[starts], minlength=links.n_tokens), out=ptr[1:])
    return Uses(token[starts], who[starts], np.where(earliest == most, none, earliest), latest, ptr)
