"""Folds: forward in time, groups on one side only, and what cannot be fitted is named."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.groups import connected_groups
from scoring.splits import by_both, by_group, in_time, usable
from tests.features.worlds import edge, random_world, snapshot, together


def _rows(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return (rng.random(n) < 0.2).astype(float), np.sort(rng.integers(0, 90, n)), rng.integers(0, 60, n)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_folds_in_time_score_only_what_is_later(seed: int) -> None:
    _, times, _ = _rows(seed)
    folds = in_time(times, 5)
    for fold in folds:
        assert len(fold.fit)
        assert times[fold.fit].max() < times[fold.rest].min()
    assert len(np.unique(np.concatenate([f.rest for f in folds]))) == sum(len(f.rest) for f in folds)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_group_stands_on_one_side_only_and_every_row_is_scored_once(seed: int) -> None:
    labels, times, groups = _rows(seed)
    apart = by_group(labels, groups, 5, 0)
    assert sorted(np.concatenate([f.rest for f in apart]).tolist()) == list(range(len(labels)))
    for fold in (*apart, *by_both(times, groups, 5)):
        assert not set(groups[fold.fit]) & set(groups[fold.rest])


def test_both_keeps_the_order_of_time() -> None:
    _, times, groups = _rows(1)
    for fold, plain in zip(by_both(times, groups, 5), in_time(times, 5), strict=True):
        assert set(fold.fit) <= set(plain.fit)
        assert np.array_equal(fold.rest, plain.rest)


def test_a_fold_without_a_case_to_fit_on_is_named() -> None:
    _, times, _ = _rows(2)
    labels = (times > 60).astype(float)  # nothing bad in the first parts
    good, left_out = usable(in_time(times, 5), labels)
    assert left_out[0] == "time fold 1 of 5"
    assert all(f.fits(labels) for f in good)


def test_merchants_tied_by_identity_or_guarantee_are_one_group_at_whatever_distance() -> None:
    world = snapshot(
        together(
            {"Merchant": [{"id": f"M{i}"} for i in range(5)]},
            {"USED_DEVICE": [edge("a", "Merchant:M0", "Device:D"), edge("b", "Merchant:M1", "Device:D")]},
            {"GUARANTEES": [edge("c", "Merchant:M1", "Merchant:M2", ts=1)]},
        )
    )
    found = connected_groups(world, pa.chunked_array([["M0", "M1", "M2", "M3", "M4", "nobody", "M0"]]))
    assert found[0] == found[1] == found[2] == found[6]
    assert len(set(found.tolist())) == 4


def test_groups_of_a_random_world_are_as_many_as_its_merchants_at_most() -> None:
    world = snapshot(random_world(0, merchants=20))
    found = connected_groups(world, world.nodes["Merchant"].ids)
    assert 1 <= len(np.unique(found)) <= 20
