"""What a figure is about: every feature has a concept, and contributions add up by it."""

import math

import numpy as np
import pytest

from graph.features.compute import FEATURES
from scoring.blocks import SAGE_LOGIT, column_weights, directions, variants
from scoring.concepts import BY_CODE, CONCEPTS, concept_of
from scoring.reasons import by_concept, reasons
from scoring.serve import Scored

NAMES = tuple(f.name for f in FEATURES)


def _scored(contributions: dict[str, float], typical: dict[str, float]) -> Scored:
    return Scored(0.5, 0.0, 0.0, contributions, typical, "m", "v", "s", "f")


def test_every_feature_has_a_concept_and_every_concept_a_name_in_both_languages() -> None:
    assert {concept_of(n) for n in (*NAMES, SAGE_LOGIT)} == set(BY_CODE)
    assert all(c.en.isascii() and any("\u4e00" <= x <= "\u9fff" for x in c.zh) for c in CONCEPTS)
    with pytest.raises(KeyError):
        concept_of("no_such_feature")


def test_contributions_by_concept_sum_to_what_the_features_sum_to() -> None:
    rng = np.random.default_rng(0)
    moved = dict(zip(NAMES, rng.normal(size=len(NAMES)).tolist(), strict=True))
    assert sum(by_concept(moved).values()) == pytest.approx(sum(moved.values()), abs=1e-9)


def test_what_others_did_and_the_network_are_never_a_reason() -> None:
    hidden = [f.name for f in FEATURES if f.concept == "around"] + [SAGE_LOGIT, "owner_bad_outcomes"]
    for name in hidden:
        assert reasons(_scored({name: 3.0}, {name: 0.0}), {name: 9.0}) == []


def test_a_count_or_a_sum_of_nothing_is_no_reason_but_little_is() -> None:
    def given(name: str, value: float, usual: float) -> list[str]:
        return [r.feature for r in reasons(_scored({name: 1.0}, {name: usual}), {name: value})]

    for name in ("months_declared", "invoices_issued", "declared_monthly", "orders_30d"):
        assert given(name, 0.0, 40_000.0) == []
        assert given(name, 1.0, 40_000.0) == [name]


def test_a_concept_that_in_sum_spoke_for_the_merchant_gives_no_reason() -> None:
    values = {"refund_rate_90d": 0.5, "rating_mean_90d": 5.0}
    usual = {"refund_rate_90d": 0.1, "rating_mean_90d": 4.0}
    assert reasons(_scored({"refund_rate_90d": 0.4, "rating_mean_90d": -0.6}, usual), values) == []
    (kept,) = reasons(_scored({"refund_rate_90d": 0.4, "rating_mean_90d": -0.1}, usual), values)
    assert kept.concept == "operations"
    assert kept.concept_contribution == pytest.approx(0.3)


def test_the_numbers_behind_a_reason_are_those_of_its_concept_the_strongest_first() -> None:
    moved = {"ring_score": 0.9, "crowded_device_share_90d": 0.2, "buyers_bad": 0.1, "refund_rate_90d": 0.3}
    values = {"ring_score": 0.8, "crowded_device_share_90d": 0.4, "buyers_bad": math.nan, "refund_rate_90d": 0.2}
    first = reasons(_scored(moved, dict.fromkeys(moved, 0.0)), values)[0]
    assert first.concept == "fake_orders"
    assert [n.feature for n in first.numbers] == ["ring_score", "crowded_device_share_90d", "buyers_bad"]
    assert (first.numbers[0].value, first.numbers[0].usual) == (0.8, 0.0)


def test_variants_add_one_block_each_and_the_network_comes_last() -> None:
    plain, whole = variants(NAMES), variants((*NAMES, SAGE_LOGIT))
    assert [v.name for v in plain] == ["tabular", "graph", "aggregates", "full"]
    assert [v.name for v in whole] == ["tabular", "graph", "aggregates", "findings", "full"]
    assert set(whole[-1].features) - set(whole[-2].features) == {SAGE_LOGIT}
    assert directions([SAGE_LOGIT]) == [1]


def test_columns_without_two_values_are_never_drawn_and_aggregates_less_often() -> None:
    names = ("orders_7d", "identity_mean_refund_rate_90d", "orders_30d", "orders_90d")
    rows = np.array([[1.0, 0.1, 5.0, np.nan], [2.0, 0.2, 5.0, np.nan]])
    own, around, constant, empty = column_weights(names, rows).tolist()
    assert own > around > constant == empty == 0
    assert column_weights(("orders_7d",), np.ones((3, 1))).tolist() == [1.0]  # nothing else to draw
