"""Stores answer every question as brute force does, on graphs made to lead them astray."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from cypher.catalogue import with_kinds
from graph.store.contract import Store
from graph.store.ladybug.store import KIND_OF, LadybugStore
from graph.store.open import open_store
from graph.store.questions import questions
from tests.cypher.asking import draw_params, load
from tests.cypher.differential import Tally, run
from tests.cypher.hostile_graphs import hostile_graph
from tests.cypher.mutants import MUTANTS
from tests.cypher.sight import Sight
from tests.cypher.together import apart, side_by_side
from tests.cypher.twins import twin


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"ladybug:{tmp_path / 'graph.lbug'}", buffer_pool_mb=256)
    yield opened
    opened.close()


def test_every_question_has_a_twin() -> None:
    for question in questions().values():
        assert callable(twin(question)), question.name


def test_questions_equal_brute_force(store: Store) -> None:
    tally = Tally()
    run([3], {"ladybug": store}, tally)
    assert not tally.differences, tally.differences[0]


def test_graphs_side_by_side_keep_what_each_had() -> None:
    alone = [hostile_graph(seed) for seed in range(4)]
    g = side_by_side([apart(x, f"{x.seed}.") for x in alone])
    for kind, nodes in g.nodes.items():
        assert len(nodes) == sum(len(x.nodes[kind]) for x in alone)
    for type_, edges in g.edges.items():
        assert len({e.id for e in edges}) == sum(len(x.edges[type_]) for x in alone)
        assert all(e.src.split(".")[0] == e.dst.split(".")[0] == e.id.split(".")[0] for e in edges)
    assert [len(x) for x in g.loops] == [len(x) for y in alone for x in y.loops]
    assert {e.id for loop in g.loops for e in loop} <= {e.id for e in g.edges["TRANSFER"]}


@pytest.mark.slow
def test_questions_equal_brute_force_on_many_graphs_and_seldom_answer_nothing(store: Store) -> None:
    tally = Tally()
    run(range(100, 118), {"ladybug": store}, tally, tries=1)
    assert not tally.differences, tally.differences[0]
    assert set(tally.asked) == {q.template for q in questions().values()}
    never = [name for name in tally.asked if not tally.answered[name]]
    assert not never, f"no rows in any asking: {never}"
    assert sum(tally.answered.values()) > 0.4 * sum(tally.asked.values())


@pytest.mark.slow
def test_the_tester_sees_that_the_ordinary_spelling_is_wrong(store: Store) -> None:
    """A negative control: the same questions as anyone would write them, past the lint, on the same engine."""
    assert isinstance(store, LadybugStore)
    wrong = dict.fromkeys(MUTANTS, 0)
    for seed in (1, 2):
        g = hostile_graph(seed)
        load(store, g, "copy")
        for name in ("loan_trace_2", "loan_trace_3", "loan_return_own_1"):
            question = questions()[name]
            params = draw_params(question, g, random.Random(seed))
            want = twin(question)(Sight(g), params)
            assert [tuple(r.values()) for r in store.query(name, params)] == want
            for mutant, mutate in MUTANTS.items():
                text = mutate(with_kinds(question.text, KIND_OF))
                if text is not None:
                    wrong[mutant] += [tuple(r) for r in store._rows(name, text, params, 30.0)] != want
    assert all(wrong.values()), wrong
