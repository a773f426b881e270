"""Serving: names decide, not positions; nothing infinite or absent passes; no training stack in the process."""

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graph.features.compute import FEATURES
from scoring.keep import keep
from scoring.reasons import SMALLEST, formatted, reasons
from scoring.registry import version_folder
from scoring.serve import Scored, ScoreError, Scorer
from scoring.train import TrainedModel
from tests.scoring.tables import NAMES


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory, two_models: tuple[TrainedModel, TrainedModel]) -> Scorer:
    root = tmp_path_factory.mktemp("models")
    return Scorer.open(version_folder(root, keep(two_models[0], root)))


def _row(seed: int = 0) -> dict[str, float]:
    return dict(zip(NAMES, np.random.default_rng(seed).normal(size=len(NAMES)).tolist(), strict=True))


def test_the_order_of_names_and_names_it_does_not_know_make_no_difference(scorer: Scorer) -> None:
    row = _row()
    assert scorer.score(dict(reversed(row.items()))) == scorer.score(row)
    assert scorer.score({**row, "some_new_feature": 1.0}) == scorer.score(row)


def test_contributions_sum_to_the_margin(scorer: Scorer) -> None:
    for seed in range(20):
        scored = scorer.score(_row(seed))
        assert scored.expected + sum(scored.contributions.values()) == pytest.approx(scored.margin, abs=1e-5)


def test_values_not_known_are_scored(scorer: Scorer) -> None:
    assert 0 < scorer.score(dict.fromkeys(NAMES, math.nan)).probability < 1


@pytest.mark.parametrize(
    ("value", "code"),
    [(math.inf, "infinite"), (-math.inf, "infinite"), (1e39, "infinite"), ("1", "not_a_number"), (None, "not_a_number"),
     (True, "not_a_number")],
)  # fmt: skip
def test_what_is_no_finite_number_is_refused_by_name(scorer: Scorer, value: float, code: str) -> None:
    with pytest.raises(ScoreError) as refused:
        scorer.score({**_row(), "orders_7d": value})
    assert (refused.value.code, refused.value.feature) == (code, "orders_7d")
    assert str(value) not in str(refused.value).replace("[infinite]", "").replace("infinite", "")


def test_an_absent_feature_and_another_feature_set_are_refused(scorer: Scorer) -> None:
    row = _row()
    del row["refund_rate_90d"]
    with pytest.raises(ScoreError, match=r"refund_rate_90d.*feature_missing"):
        scorer.score(row)
    with pytest.raises(ScoreError, match="other_feature_set"):
        scorer.accept("000000000000")


def test_serving_imports_no_training_stack() -> None:
    code = (
        "import sys, scoring.serve, scoring.registry, scoring.reasons; "
        "print([m for m in ('xgboost', 'sklearn', 'torch', 'scoring.train', 'pandas') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def _scored(contributions: dict[str, float], typical: dict[str, float] | None = None) -> Scored:
    return Scored(0.5, 0.0, 0.0, contributions, typical or {}, "m", "v", "s", "f")


def test_reasons_are_adverse_of_different_concepts_and_at_most_four() -> None:
    values = {f.name: 3.0 for f in FEATURES}
    every = reasons(_scored({f.name: 1.0 for f in FEATURES}, dict.fromkeys(values, 1.0)), values, limit=99)
    assert len(every) == 4
    assert len({r.code.split(".")[0] for r in every}) == 4
    assert reasons(_scored({f.name: -1.0 for f in FEATURES}, dict.fromkeys(values, 1.0)), values) == []
    assert reasons(_scored({f.name: SMALLEST / 2 for f in FEATURES}, dict.fromkeys(values, 1.0)), values) == []


def test_the_absence_of_data_is_no_reason() -> None:
    values = {f.name: math.nan for f in FEATURES}
    usual = dict.fromkeys(values, 1.0)
    assert reasons(_scored({f.name: 1.0 for f in FEATURES}, usual), values) == []
    known = {f.name: 3.0 for f in FEATURES}
    assert reasons(_scored({f.name: 1.0 for f in FEATURES}, dict.fromkeys(values, math.nan)), known) == []


def test_what_is_about_others_irrelevant_or_adverse_on_neither_side_is_no_reason() -> None:
    for name in (
        "neighbour_refund_rate",
        "guarantor_debtors",
        "weekend_share_90d",
        "home_region_share_90d",
        "ticket_mean_90d",
    ):
        for value in (0.1, 0.9):
            assert reasons(_scored({name: 2.0}, {name: 0.5}), {name: value}) == []


def test_a_value_on_the_good_side_of_what_is_usual_or_shown_as_the_same_is_no_reason() -> None:
    usual = {"refund_rate_90d": 0.05, "orders_30d": 40.0, "fund_loop_rounds": 0.0}

    def given(name: str, value: float) -> list[str]:
        return [r.feature for r in reasons(_scored({name: 1.0}, usual), {name: value})]

    assert given("refund_rate_90d", 0.01) == given("refund_rate_90d", 0.0501) == []
    assert given("refund_rate_90d", 0.4) == ["refund_rate_90d"]
    assert given("orders_30d", 90.0) == []
    assert given("orders_30d", 3.0) == ["orders_30d"]
    assert given("fund_loop_rounds", 0.0) == []


def test_a_reason_says_its_number_on_which_side_it_lies_and_what_is_usual_in_both_languages() -> None:
    (reason,) = reasons(_scored({"refund_rate_90d": 0.7}, {"refund_rate_90d": 0.05}), {"refund_rate_90d": 0.256})
    assert reason.text_en == "Refunds per order: 25.6%, above the middle applicant's 5.0%"
    assert reason.text_zh == "退款率（笔数）：25.6%，高于居中申请商户的 5.0%"
    assert (reason.code, reason.value, reason.contribution) == ("operations.refund_rate_90d", 0.256, 0.7)
    (reason,) = reasons(_scored({"shop_age_days": 0.7}, {"shop_age_days": 500.0}), {"shop_age_days": 90.0})
    assert reason.text_en == "Days since the shop opened: 90, below the middle applicant's 500"
    assert reason.text_zh == "开店天数：90，低于居中申请商户的 500"


def test_every_reason_there_can_be_names_a_side_and_accuses_nobody() -> None:
    for f in FEATURES:
        value, usual = (3.0, 1.0) if f.adverse == "high" else (1.0, 3.0)
        given = reasons(_scored({f.name: 1.0}, {f.name: usual}), {f.name: value})
        assert len(given) == (f.en is not None), f.name
        for r in given:
            assert ("above the middle" in r.text_en) == ("高于" in r.text_zh) == (f.adverse == "high")
            assert not re.search("fraud|fake|launder|suspicious|collu|criminal", r.text_en.lower()), r.text_en
            assert not re.search("欺诈|刷单|洗钱|可疑|疑似|团伙|串通|犯罪", r.text_zh), r.text_zh


def test_numbers_are_shown_as_people_read_them() -> None:
    assert formatted(1_234_567_800.0, "money") == "12,345,678.00"
    assert formatted(0.0512, "share") == "5.1%"
    assert formatted(12345.0, "count") == "12,345"
    assert formatted(1.0 / 3, "ratio") == "0.33×"
