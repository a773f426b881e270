"""Verdicts move scores: little when they are few, to the share found fake when they are many, never out of order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graph.findings.finding import Finding, Member
from graph.findings.ring_verdicts import from_verdicts
from graph.findings.verdicts import Verdict, with_verdicts
from graph.rings.calibration import NONE, calibrated
from graph.rings.score import Judgement

OUTCOMES = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60)


def ring(id_: str, score: float, *members: str) -> Finding:
    return Finding(
        "fake_order_ring", id_, score, tuple(Member("Buyer", m, "buyer") for m in members), (), {}, None, None, "", ""
    )


def verdict(finding: Finding, word: str) -> Verdict:
    members = frozenset(m.node for m in finding.members)
    return Verdict(finding.id, finding.kind, word, "", members, 0)  # type: ignore[arg-type]  # a word of the two


@given(OUTCOMES)
def test_a_higher_formula_score_never_gets_a_lower_one(outcomes: list[tuple[float, bool]]) -> None:
    found = calibrated([s for s, _ in outcomes], [f for _, f in outcomes])
    scores = [found.score(x) for x in np.linspace(0, 1, 101)]
    assert scores == sorted(scores) and scores[0] >= 0 and scores[-1] <= 1


def test_nobody_looked_leaves_the_formula() -> None:
    assert [NONE.score(x) for x in (0.0, 0.31, 1.0)] == [0.0, 0.31, 1.0]
    assert calibrated([], []) is NONE


def test_one_false_alarm_moves_little_and_hundreds_decide() -> None:
    assert 0.6 < calibrated([0.8], [False]).score(0.8) < 0.8
    many = calibrated([0.8] * 400, [i < 100 for i in range(400)])
    assert abs(many.score(0.8) - 0.25) < 0.05
    assert many.score(0.8) <= many.score(1.0)


def test_structure_without_a_sign_is_never_turned_into_an_accusation() -> None:
    found = calibrated([0.1] * 500, [True] * 500)
    assert found.judged(Judgement(0.1, {}, "fan_club")).score == 0.1
    assert found.judged(Judgement(0.1, {"night": 0.2}, "fan_club")).score > 0.5


def test_verdicts_count_at_the_score_that_was_mined_and_only_for_the_members_they_knew() -> None:
    right, wrong, grown = ring("a", 0.9, "1", "2"), ring("b", 0.7, "3", "4"), ring("c", 0.6, "5")
    verdicts = [verdict(right, "confirmed"), verdict(wrong, "false_alarm"), verdict(grown, "false_alarm")]
    shown = with_verdicts([right, wrong, ring("c", 0.6, "5", "6")], verdicts)
    assert shown[1].score < 0.1
    found = from_verdicts(shown, verdicts)
    assert found.outcomes == 2
    assert found.score(0.7) < 0.7 < 0.9 <= round(found.score(0.9) + 0.02, 3)
