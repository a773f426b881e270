"""Guarantee circles as findings, on small graphs written by hand."""

from __future__ import annotations

from graph.findings.guarantee_circles import CircleParams, find_guarantee_circles
from tests.graph.small_world import edge, snapshot

CNY = {"currency": "CNY"}


def guarantee(id_: str, src: str, dst: str, amount: int | None = 100_000, **more: object) -> dict[str, object]:
    return edge(id_, src, dst, **{"ts": 10, "amount": amount, **CNY, **more})


RING = [
    guarantee("g1", "Merchant:a", "Person:b"),
    guarantee("g2", "Person:b", "Company:c"),
    guarantee("g3", "Company:c", "Merchant:a"),
]


def test_a_circle_over_three_kinds_of_party_is_one_finding_with_its_exposure() -> None:
    rows = {
        "GUARANTEES": [
            *RING,
            guarantee("g4", "Merchant:a", "Person:b", 50_000),
            guarantee("g5", "Company:c", "Person:z"),
        ],
        "APPLIED_FOR": [edge("a1", "Merchant:a", "Loan:L1", **CNY), edge("a2", "Company:c", "Loan:L2", **CNY)],
        "DISBURSED_TO": [
            edge("d1", "Loan:L1", "Account:1", ts=20, amount=300_000, **CNY),
            edge("d2", "Loan:L2", "Account:2", ts=20, amount=80_000, **CNY),
        ],
        "REPAID": [edge("r1", "Account:1", "Loan:L1", ts=30, amount=100_000, **CNY)],
    }
    (found,) = find_guarantee_circles(snapshot(rows))
    assert {m.node for m in found.members} == {"Merchant:a", "Person:b", "Company:c"}
    assert found.numbers["circles"] == 1
    assert found.numbers["guarantees"] == 4
    assert found.numbers["guaranteed_amount"] == 350_000
    assert found.numbers["outstanding_amount"] == 280_000
    assert found.numbers["loss_if_largest_fails"] == 200_000 + 80_000
    assert found.numbers["called_amount"] == 100_000
    assert found.numbers["chain_depth"] == 1
    assert found.text_en == (
        "Three parties stand guarantor for one another in a circle: four guarantees over 3,500 CNY, 2,800 CNY still "
        "owed; if the largest borrower fails, up to 2,800 CNY is lost."
    )
    assert "3,500 CNY" in found.text_zh
    assert 0 < found.score <= 1


def test_only_guarantees_in_force_count() -> None:
    for change in ({"until": 1_000}, {"ts": 2_000}):
        assert find_guarantee_circles(snapshot({"GUARANTEES": [*RING[:2], {**RING[2], **change}]}, as_of=1_000)) == []
    still = find_guarantee_circles(snapshot({"GUARANTEES": [*RING[:2], {**RING[2], "until": 1_001}]}, as_of=1_000))
    assert len(still) == 1


def test_chains_and_self_guarantees_are_no_circles() -> None:
    rows = [*RING[:2], guarantee("g9", "Company:c", "Company:c")]
    assert find_guarantee_circles(snapshot({"GUARANTEES": rows})) == []
    assert find_guarantee_circles(snapshot({})) == []


def test_amounts_that_are_missing_or_in_other_currencies_do_not_add_to_the_sum() -> None:
    rows = [*RING[:2], {**RING[2], "amount": None}, guarantee("g7", "Person:b", "Merchant:a", 900, currency="USD")]
    (found,) = find_guarantee_circles(snapshot({"GUARANTEES": rows}))
    assert (found.numbers["guaranteed_amount"], found.numbers["currency"]) == (200_000, "CNY")
    assert found.evidence["other_currencies"] == {"USD": 900}


def test_a_joint_liability_group_is_named_and_ranks_below_a_circle() -> None:
    names = ("Person:a", "Person:b", "Person:c")
    joint = [guarantee(f"{a}{b}", a, b) for a in names for b in names if a != b]
    (group,) = find_guarantee_circles(snapshot({"GUARANTEES": joint}))
    (circle,) = find_guarantee_circles(snapshot({"GUARANTEES": RING}))
    assert group.numbers["structure"] == "joint_liability"
    assert "joint-liability" in group.text_en
    assert group.score < circle.score


def test_what_is_cut_is_said() -> None:
    names = [f"Person:{i}" for i in range(7)]
    all_pairs = [guarantee(f"{a}{b}", a, b) for a in names for b in names if a != b]
    (found,) = find_guarantee_circles(snapshot({"GUARANTEES": all_pairs}), CircleParams(max_circles=5, max_edges=3))
    assert not found.complete
    assert found.truncated_why is not None
    assert "circles" in found.truncated_why
    assert (found.numbers["circles"], len(found.edges), found.numbers["guarantees"]) == (5, 3, 42)
