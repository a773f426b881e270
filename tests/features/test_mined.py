"""What was found about a merchant becomes its figures: only of its own findings, and only what the finding says."""

import numpy as np

from graph.features.compute import compute_features
from graph.findings.finding import Finding, Kind, Member
from tests.features.worlds import AS_OF, DAY, edge, order, snapshot, together

ROWS = together(
    order("O1", "M1", "B1", AS_OF - 3 * DAY),
    order("O2", "M1", "B2", AS_OF - 4 * DAY),
    order("O3", "M1", "B3", AS_OF - 5 * DAY),
    order("O4", "M1", "B1", AS_OF - 300 * DAY),
    order("O5", "M2", "B1", AS_OF - 5 * DAY),
    {
        "OWNS": [edge("o1", "Merchant:M1", "Account:K1")],
        "GUARANTEES": [
            edge("g1", "Merchant:M1", "Merchant:M2", ts=AS_OF - DAY, amount=1),
            edge("g2", "Merchant:M3", "Merchant:M2", ts=AS_OF - DAY, amount=1),
            edge("g3", "Merchant:M3", "Merchant:M4", ts=AS_OF - 9 * DAY, until=AS_OF - DAY, amount=1),
        ],
    },
)


def _found(kind: Kind, members: list[str], **numbers: float | int | str) -> Finding:
    parts = [m.split(":") for m in members]
    inside = tuple(Member(k, i, role) for k, i, role in parts)
    return Finding(kind, "f", 0.7, inside, (), numbers, None, None, "", "")


def _figures(*findings: Finding) -> dict[str, dict[str, float]]:
    return {r["merchant_id"]: r for r in compute_features(snapshot(ROWS), list(findings)).to_pylist()}


def test_the_share_of_a_rings_orders_counts_the_shops_own_recent_orders_by_members() -> None:
    ring = ["Merchant:M1:shop", "Buyer:B1:buyer", "Buyer:B2:buyer"]
    figures = _figures(_found("fake_order_ring", ring, output="fake_orders"))
    assert figures["M1"]["ring_order_share_180d"] == 2 / 3
    assert figures["M2"]["ring_order_share_180d"] == 0.0
    group = _figures(_found("fake_order_ring", ring, output="coordinated_group"))
    assert group["M1"]["ring_order_share_180d"] == 0.0
    assert group["M1"]["ring_score"] == 0.7


def test_a_loop_is_its_account_holders_and_counts_rounds_only_through_other_hands() -> None:
    own = _found("fund_loop", ["Account:K1:account"], structure="one_hand", round_trips=16)
    others = _found("fund_loop", ["Account:K1:account"], structure="round_trip", round_trips=5)
    assert _figures(own)["M1"]["fund_loop_rounds"] == 0
    assert _figures(own, others)["M1"]["fund_loop_rounds"] == 5
    assert _figures(own, others)["M2"]["fund_loop_score"] == 0


def test_a_circle_gives_its_score_and_what_is_guaranteed_in_the_merchants_currency() -> None:
    for currency, money in (("CNY", 900.0), ("USD", 0.0)):
        circle = _found("guarantee_circle", ["Merchant:M1:guarantor"], guaranteed_amount=900, currency=currency)
        figures = _figures(circle)["M1"]
        assert (figures["guarantee_circle_score"], figures["circle_exposure"]) == (0.7, money)


def test_a_trace_is_the_borrowers_not_of_who_handled_its_money() -> None:
    members = ["Merchant:M1:borrower", "Merchant:M2:paid_to"]
    figures = _figures(_found("loan_trace", members, returned_share=0.9))
    assert (figures["M1"]["trace_returned_share"], figures["M2"]["trace_returned_share"]) == (0.9, 0.0)


def test_shops_tied_by_guarantees_in_force_are_counted_through_others() -> None:
    figures = _figures()
    assert [figures[m]["guarantee_chain_shops"] for m in ("M1", "M2", "M3")] == [2.0, 2.0, 2.0]
    assert not figures["M4"]["guarantee_chain_shops"] > 0


def test_where_nothing_was_mined_nothing_is_known() -> None:
    row = compute_features(snapshot(ROWS), None).to_pylist()[0]
    assert np.isnan([row[n] for n in ("ring_score", "ring_order_share_180d", "fund_loop_rounds")]).all()
