"""Groups, circles and chains of guarantees: equal to networkx."""

from __future__ import annotations

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.guarantees import chain_depths, circles_in, one_failure, strong_groups

graphs = st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=5), max_size=9)


def digraph(arcs: dict[int, list[int]]) -> nx.DiGraph:
    g = nx.DiGraph()
    g.add_nodes_from(arcs)
    g.add_edges_from((a, b) for a, following in arcs.items() for b in following if a != b)
    return g


@given(graphs)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_groups_are_the_strongly_connected_components(arcs: dict[int, list[int]]) -> None:
    want = sorted(sorted(c) for c in nx.strongly_connected_components(digraph(arcs)) if len(c) > 1)
    assert strong_groups(arcs) == want


@given(graphs, st.integers(2, 9))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_circles_are_the_simple_cycles_up_to_the_length(arcs: dict[int, list[int]], longest: int) -> None:
    def turned(circle: list[int]) -> tuple[int, ...]:
        at = circle.index(min(circle))
        return tuple(circle[at:] + circle[:at])

    want = sorted(turned(c) for c in nx.simple_cycles(digraph(arcs), length_bound=longest) if len(c) > 1)
    found = [circles_in(g, arcs, longest, cap=10**6, budget=10**7) for g in strong_groups(arcs)]
    assert all(f.cut is None for f in found)
    assert sorted(c for f in found for c in f.circles) == want


@given(graphs)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_chain_depth_is_the_longest_path_over_groups(arcs: dict[int, list[int]]) -> None:
    g = digraph(arcs)
    whole = nx.condensation(g)
    longest = dict.fromkeys(whole, 0)
    for n in reversed(list(nx.topological_sort(whole))):
        longest[n] = max((longest[m] + 1 for m in whole.successors(n)), default=0)
    want = {n: longest[c] for c in whole for n in whole.nodes[c]["members"]}
    assert chain_depths({a: [b for b in f if b != a] for a, f in arcs.items()}) == want


def test_a_limit_that_is_reached_is_named() -> None:
    arcs = {i: [j for j in range(7) if j != i] for i in range(7)}
    assert circles_in(range(7), arcs, cap=10).cut == "circles"
    assert len(circles_in(range(7), arcs, cap=10).circles) == 10
    assert circles_in(range(7), arcs, budget=50).cut == "budget"


def test_a_long_chain_needs_no_recursion() -> None:
    arcs = {i: [i + 1] for i in range(20_000)}
    assert strong_groups(arcs) == []
    assert chain_depths(arcs)[0] == 20_000
    assert len(strong_groups({**arcs, 20_000: [0]})[0]) == 20_001


def test_the_largest_failure_takes_its_guarantors_along() -> None:
    blow = one_failure([1, 2, 3], {(1, 2): 60, (3, 2): 70, (2, 1): 5}, {1: 10, 2: 100, 3: 20})
    assert (blow.failed, blow.called, blow.guarantors, blow.loss) == (2, 100, (1, 3), 130)
