"""Union-find and pair evidence against brute force; the hub cap keeps one cluster from swallowing everything."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.identity.clusters import identity_clusters
from graph.identity.evidence import BASE_ADDRESS, BASE_ADDRESS_SHOPS, JOIN, pair_evidence
from graph.identity.union import components
from graph.snapshot import NULL
from tests.findings.facts import Facts

pairs = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=30)


@settings(deadline=None, max_examples=40)
@given(pairs)
def test_components_are_those_of_networkx_named_by_their_smallest(joined: list[tuple[int, int]]) -> None:
    graph = nx.empty_graph(15)
    graph.add_edges_from(joined)
    left, right = (np.array([p[i] for p in joined], np.int64) for i in (0, 1))
    found = components(15, left, right)
    for part in nx.connected_components(graph):
        assert {int(found[n]) for n in part} == {min(part)}


uses = st.sets(st.tuples(st.integers(0, 11), st.integers(0, 9)), max_size=50)


@settings(deadline=None, max_examples=50)
@given(uses, st.integers(2, 6), st.sets(st.integers(0, 9)))
def test_evidence_of_every_pair_is_the_sum_over_shared_identifiers(
    used: set[tuple[int, int]], hub: int, shops: set[int]
) -> None:
    """Tokens 0-2 are devices, 3-5 phones, 6-8 addresses, 9-11 accounts."""
    rows = sorted(used)
    token, party = (np.array([r[i] for r in rows], np.int64) for i in (0, 1))
    never = np.full(len(rows), NULL)
    has_shops = np.array([int(p in shops) for p in range(10)], np.int64)
    found = pair_evidence(party, token, (token // 3).astype(np.int32), never, never, has_shops, hub)
    users: dict[int, list[int]] = defaultdict(list)
    for t, p in rows:
        users[t].append(p)
    weight: dict[tuple[int, int], float] = defaultdict(float)
    kinds: dict[tuple[int, int], set[int]] = defaultdict(set)
    for t, of in users.items():
        if 2 <= len(of) <= hub:
            for p, q in combinations(of, 2):
                base = 1.0 if t < 6 or t > 8 else BASE_ADDRESS_SHOPS if p in shops and q in shops else BASE_ADDRESS
                weight[p, q] += base / math.log2(len(of))
                kinds[p, q].add(t // 3)
    got = dict(zip(zip(found.a.tolist(), found.b.tolist(), strict=True), found.weight.tolist(), strict=True))
    assert got == pytest.approx(dict(weight))
    assert dict(zip(got, found.kinds.tolist(), strict=True)) == {p: len(k) for p, k in kinds.items()}


def test_a_device_joins_up_to_the_cap_alone_and_a_home_never_does() -> None:
    assert 1.0 / math.log2(12) >= JOIN > BASE_ADDRESS / math.log2(2)


def crowd(bridge: int) -> Facts:
    """Thirty pairs on a device each; ``bridge`` of the sixty also use one more device."""
    facts = Facts()
    for i in range(60):
        facts.device(f"Buyer:b{i:02d}", f"d{i // 2:02d}")
        if i < bridge:
            facts.device(f"Buyer:b{i:02d}", "bridge")
        facts.order(f"o{i}", f"b{i:02d}", f"shop{i:02d}", ts=i)
    return facts


def largest_cluster(facts: Facts, hub: int) -> int:
    found = identity_clusters(facts.snapshot(), hub)
    return int(np.bincount(found.of_party).max())


def test_above_the_cap_nobody_is_joined_and_with_a_higher_cap_everybody_is() -> None:
    assert largest_cluster(crowd(bridge=60), hub=12) == 2
    assert largest_cluster(crowd(bridge=60), hub=10**9) == 2  # a sixtieth each is no evidence either
    assert largest_cluster(crowd(bridge=12), hub=12) == 12
    assert largest_cluster(crowd(bridge=12), hub=11) == 2


def test_a_device_of_five_thousand_users_is_counted_and_joins_nobody() -> None:
    facts = Facts()
    for i in range(5_000):
        facts.device(f"Buyer:b{i:04d}", "library")
    found = identity_clusters(facts.snapshot(), hub=12)
    assert int(np.bincount(found.of_party).max()) == 1 and int(found.crowd.sum()) == 1
    assert len(found.pairs.a) == 0


def test_an_account_of_one_holder_is_that_party_and_one_of_two_holders_is_nobodys() -> None:
    facts = Facts()
    facts.edge("OWNS", "Person:p", "Account:own")
    for holder in ("Person:p", "Person:q"):
        facts.edge("OWNS", holder, "Account:joint")
    facts.edge("OWNS", "Person:p", "Company:c")
    facts.edge("OWNS", "Company:c", "Merchant:m")
    snapshot = facts.snapshot()
    found = identity_clusters(snapshot, hub=12)
    base = found.links.subject_base

    def party(kind: str, id_: str) -> int:
        number = snapshot.nodes[kind].number(id_)
        assert number is not None
        return int(found.party[base[kind] + number])

    assert party("Account", "own") == party("Person", "p") == party("Merchant", "m")
    assert len({party("Person", "p"), party("Person", "q"), party("Account", "joint")}) == 3
