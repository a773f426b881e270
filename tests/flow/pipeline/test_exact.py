"""The pipeline says what a twin says that recomputes every window of every key at every moment."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flow.pipeline.simulate import crash_differences, differences, lane_differences, world


@pytest.mark.parametrize("seed", range(16))
def test_alerts_of_random_streams_are_those_of_the_twin(seed: int) -> None:
    assert differences(world(seed)) == []


@pytest.mark.parametrize("seed", range(100, 108))
def test_provisional_alerts_are_those_of_their_twin_and_each_is_settled_as_the_sorted_stream_has_it(seed: int) -> None:
    assert lane_differences(world(seed)) == []


@settings(max_examples=15)
@given(st.integers(10_000, 10**9))
def test_any_stream_at_all(seed: int) -> None:
    assert differences(world(seed, events=14, rules=5)) == []


@pytest.mark.parametrize("seed", range(200, 208))
def test_nothing_is_missed_or_doubled_when_the_process_dies_the_clock_jumps_and_the_store_refuses(seed: int) -> None:
    assert crash_differences(world(seed)) == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 1100, 20))
def test_many_random_streams(first: int) -> None:
    for seed in range(first, first + 20):
        w = world(seed)
        assert differences(w) + lane_differences(w) + crash_differences(w) == [], f"seed {seed}"


def test_the_comparison_can_fail() -> None:
    """Negative controls: another bound, events taken twice, alerts offered only once must show somewhere."""
    worlds = [world(seed) for seed in range(12)]
    assert any(differences(w, lateness=0) for w in worlds)
    assert any(differences(w, deduplicated=False) for w in worlds)
    assert any(crash_differences(w, forgetful=True) for w in worlds)
