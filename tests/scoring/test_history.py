"""A past moment picked out of the history is the snapshot that would have been built then."""

from pathlib import Path

import numpy as np
import pytest

from graph.snapshot import Snapshot
from graph.snapshot_build import build_snapshot
from landing.tables import View
from scoring.history import History
from tests.features.worlds import AS_OF, DAY
from tests.scoring.landings import landing_of, versioned_world


def _same(a: Snapshot, b: Snapshot) -> None:
    assert a.as_of == b.as_of
    for kind in a.nodes:
        assert a.nodes[kind].table.equals(b.nodes[kind].table), kind
    for triple in a.relations:
        assert a.relations[triple].table.equals(b.relations[triple].table), triple
        assert np.array_equal(a.relations[triple].out_ptr, b.relations[triple].out_ptr)
        assert np.array_equal(a.relations[triple].in_ptr, b.relations[triple].in_ptr)
    for fact in a.facts:
        assert a.facts[fact].table.equals(b.facts[fact].table), fact


def _built(view: View, moment: int) -> Snapshot:
    return build_snapshot(lambda table: view.newest(table, moment), moment)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_any_past_moment_equals_the_snapshot_built_from_landing(seed: int, tmp_path: Path) -> None:
    view = landing_of(tmp_path, versioned_world(seed, orders=80), versioned_world(seed + 100, orders=80)).view()
    history = History(view)
    for days in (0, 111, 190):
        moment = AS_OF - days * DAY - seed
        _same(history.snapshot(moment), _built(view, moment))


def test_before_anything_was_known_the_snapshot_is_empty(tmp_path: Path) -> None:
    snapshot = History(landing_of(tmp_path, versioned_world(1)).view()).snapshot(AS_OF - 1000 * DAY)
    assert sum(snapshot.size.values()) == 0


def test_an_empty_landing_has_empty_moments(tmp_path: Path) -> None:
    assert sum(History(landing_of(tmp_path).view()).snapshot(AS_OF).size.values()) == 0
