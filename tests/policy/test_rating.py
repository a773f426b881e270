"""Risk levels follow from thresholds that are data."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.rating import LEVELS, Rating, RatingError, read_rating

RATING = Rating("t", (0.0, 0.1, 0.2, 0.5))


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (0.0, "low"),
        (math.nextafter(0.1, 0), "low"),
        (0.1, "medium"),
        (0.2, "high"),
        (math.nextafter(0.5, 0), "high"),
        (0.5, "highest"),
        (1.0, "highest"),
    ],
)
def test_a_level_starts_at_its_threshold_and_ends_before_the_next(score: float, level: str) -> None:
    assert RATING.level(score) == level


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_a_higher_score_is_never_rated_lower(scores: list[float]) -> None:
    places = [LEVELS.index(RATING.level(s)) for s in sorted(scores)]
    assert all(a <= b for a, b in pairwise(places))


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, -0.1, 1.1])
def test_what_is_no_probability_is_not_rated(score: float) -> None:
    with pytest.raises(RatingError):
        RATING.level(score)


def test_the_shipped_rating_names_its_version_and_uses_all_levels() -> None:
    rating = read_rating()
    assert rating.version
    assert {rating.level(s) for s in (*rating.starts, 1.0)} == set(LEVELS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version = 1\n[from]\nlow=0\nmedium=0.1\nhigh=0.2\nhighest=0.5",
        'version = ""\n[from]\nlow=0\nmedium=0.1\nhigh=0.2\nhighest=0.5',
        'version = "1"\n[from]\nlow=0\nmedium=0.1\nhigh=0.2',
        'version = "1"\n[from]\nlow=0\nmedium=0.1\nhigh=0.2\nhighest=0.5\nworst=0.9',
        'version = "1"\nextra=1\n[from]\nlow=0\nmedium=0.1\nhigh=0.2\nhighest=0.5',
        'version = "1"\n[from]\nlow=0\nmedium=0.3\nhigh=0.2\nhighest=0.5',
        'version = "1"\n[from]\nlow=0\nmedium=0.2\nhigh=0.2\nhighest=0.5',
        'version = "1"\n[from]\nlow=0.1\nmedium=0.2\nhigh=0.3\nhighest=0.5',
        'version = "1"\n[from]\nlow=0\nmedium=0.2\nhigh=0.3\nhighest=nan',
        'version = "1"\n[from]\nlow=0\nmedium=0.2\nhigh=0.3\nhighest=1.5',
        'version = "1"\n[from]\nlow=0\nmedium="0.2"\nhigh=0.3\nhighest=0.5',
        'version = "1"\n[from]\nlow=0\nmedium=true\nhigh=0.3\nhighest=0.5',
        "not toml at all [",
    ],
)
def test_a_rating_that_leaves_something_open_is_refused_by_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bank.toml"
    path.write_text(text)
    with pytest.raises(RatingError, match=r"bank\.toml"):
        read_rating(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RatingError, match=r"gone\.toml"):
        read_rating(tmp_path / "gone.toml")
