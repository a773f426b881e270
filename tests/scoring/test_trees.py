"""Trees evaluated here give what XGBoost gives, margins and exact contributions."""

import copy
import json
from typing import Any

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.snapshot import Float64
from scoring.trees import ModelFormatError, Trees, parse_trees


def _booster(seed: int, depth: int, trees: int, features: int = 8) -> tuple[xgboost.Booster, Float64]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(400, features)).round(1)
    x[rng.random(x.shape) < 0.2] = np.nan
    y = (np.nan_to_num(x[:, 0]) + np.nan_to_num(x[:, 1] * x[:, 2]) + rng.normal(size=400) > 0.8).astype(float)
    settings_ = {"objective": "binary:logistic", "max_depth": depth, "eta": 0.3, "nthread": 1, "seed": seed}
    return xgboost.train(settings_, xgboost.DMatrix(x, y), trees), x


def _decoded(booster: xgboost.Booster) -> Any:
    return json.loads(bytes(booster.save_raw("json")))


@pytest.mark.parametrize(("depth", "trees"), [(1, 3), (3, 40), (6, 60)])
def test_margins_and_contributions_equal_xgboosts(depth: int, trees: int) -> None:
    booster, x = _booster(depth, depth, trees)
    mine = parse_trees(_decoded(booster))
    rows = x[:120]
    margin = booster.predict(xgboost.DMatrix(rows), output_margin=True)
    contributions = booster.predict(xgboost.DMatrix(rows), pred_contribs=True)
    assert np.abs(np.array([mine.margin(r) for r in rows]) - margin).max() <= 1e-6
    found = np.array([mine.contributions(r) for r in rows])
    assert np.abs(found - contributions[:, :-1]).max() <= 1e-5
    assert np.abs(mine.expected - contributions[:, -1]).max() <= 1e-5
    assert np.abs(found.sum(axis=1) + mine.expected - margin).max() <= 1e-5


def test_values_on_a_threshold_and_rows_of_nothing_go_the_same_way() -> None:
    booster, _ = _booster(9, 4, 20)
    mine = parse_trees(_decoded(booster))
    cuts = np.unique(mine.threshold[mine.feature >= 0].astype(np.float64))
    rows = np.vstack([np.full(8, c) for c in cuts[:60]] + [np.full(8, np.nan), np.full(8, 1e30), np.full(8, -1e30)])
    expected = booster.predict(xgboost.DMatrix(rows), output_margin=True)
    assert np.abs(np.array([mine.margin(r) for r in rows]) - expected).max() <= 1e-6


def _by_definition(trees: Trees, row: Float64) -> Float64:
    """Shapley values by summing over all subsets, from the definition of the path-dependent expectation."""
    used = sorted(set(trees.path_feature.tolist()))

    def value(known: frozenset[int]) -> float:
        total = 0.0
        for leaf, leaf_value in enumerate(trees.leaf_value):
            weight = 1.0
            for s in range(trees.path_ptr[leaf], trees.path_ptr[leaf + 1]):
                f, x = int(trees.path_feature[s]), row[trees.path_feature[s]]
                inside = bool(trees.path_missing[s]) if np.isnan(x) else trees.path_low[s] <= x < trees.path_high[s]
                weight *= float(inside) if f in known else float(trees.path_weight[s])
            total += weight * leaf_value
        return total

    from itertools import combinations
    from math import factorial

    out = np.zeros(trees.n_features)
    for f in used:
        rest = [u for u in used if u != f]
        for size in range(len(rest) + 1):
            share = factorial(size) * factorial(len(used) - size - 1) / factorial(len(used))
            for chosen in combinations(rest, size):
                out[f] += share * (value(frozenset((*chosen, f))) - value(frozenset(chosen)))
    return out


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_contributions_are_the_shapley_values_of_the_definition(seed: int) -> None:
    booster, x = _booster(seed, 3, 3, features=4)
    trees = parse_trees(_decoded(booster))
    for row in x[:3]:
        assert np.allclose(trees.contributions(row), _by_definition(trees, row.astype(np.float32)), atol=1e-9)


def _mutants() -> list[tuple[str, Any]]:
    model = _decoded(_booster(1, 3, 4)[0])

    def changed(where: str, value: object, tree: int = 1) -> Any:
        out = copy.deepcopy(model)
        out["learner"]["gradient_booster"]["model"]["trees"][tree][where] = value
        return out

    tree = model["learner"]["gradient_booster"]["model"]["trees"][1]
    circle = list(tree["left_children"])
    circle[1 if circle[1] >= 0 else 2] = 0
    deep = copy.deepcopy(model)
    deep["learner"]["objective"]["name"] = "reg:squarederror"
    dart = copy.deepcopy(model)
    dart["learner"]["gradient_booster"]["name"] = "dart"
    base = copy.deepcopy(model)
    base["learner"]["learner_model_param"]["base_score"] = "[1.5]"
    return [
        ("outside", changed("left_children", [9999 if v > 0 else v for v in tree["left_children"]])),
        ("circle", changed("left_children", circle)),
        ("length", changed("split_indices", tree["split_indices"][:-1])),
        ("feature", changed("split_indices", [77] * len(tree["split_indices"]))),
        ("negative", changed("split_indices", [-4] * len(tree["split_indices"]))),
        ("text", changed("split_conditions", ["x"] * len(tree["split_conditions"]))),
        ("infinite", changed("split_conditions", [1e300] * len(tree["split_conditions"]))),
        ("cover", changed("sum_hessian", [-1.0] * len(tree["sum_hessian"]))),
        ("category", changed("split_type", [1] * len(tree["split_type"]))),
        ("empty", changed("left_children", [])),
        ("objective", deep),
        ("dart", dart),
        ("base", base),
        ("no learner", {}),
        ("list", []),
        ("none", None),
    ]


@pytest.mark.parametrize(("name", "model"), _mutants(), ids=lambda v: v if isinstance(v, str) else "")
def test_a_damaged_booster_is_refused_with_a_code(name: str, model: Any) -> None:
    with pytest.raises(ModelFormatError) as refused:
        parse_trees(model)
    assert refused.value.code == "model_format"
