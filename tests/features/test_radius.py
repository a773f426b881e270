"""A feature of radius r sees no further than r: on the cut-out neighbourhood it gives what the whole snapshot gives."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.features.compute import FEATURES, compute_features
from graph.features.lens import delivered
from graph.snapshot import Snapshot
from graph.subgraph import sub_snapshot
from tests.features.worlds import edge, order, random_world, snapshot, together

LOCAL = [f for f in FEATURES if f.radius != "global" and f.concept != "application"]


def _row(table: pa.Table, merchant: str) -> dict[str, float]:
    return table.slice(table["merchant_id"].to_pylist().index(merchant), 1).to_pylist()[0]


def _differences(whole: Snapshot, radius: int, merchant: int) -> list[str]:
    everywhere = compute_features(whole, None)
    id_ = whole.nodes["Merchant"].id(merchant)
    part = sub_snapshot(whole, [merchant], 2 * radius)
    expected, found = _row(everywhere, id_), _row(compute_features(part, None, delivered(whole)), id_)
    same = [f.name for f in LOCAL if f.radius == radius]
    return [n for n in same if not np.array_equal(expected[n], found[n], equal_nan=True)]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), merchant=st.integers(0, 7))
@pytest.mark.parametrize("radius", [1, 2])
def test_a_neighbourhood_gives_the_value_of_the_whole(radius: int, seed: int, merchant: int) -> None:
    whole = snapshot(random_world(seed))
    merchant = min(merchant, len(whole.nodes["Merchant"]) - 1)
    assert _differences(whole, radius, merchant) == []


def test_the_check_can_fail() -> None:
    """Radius-2 features read beyond radius 1: on the smaller piece some of them must differ."""
    whole = snapshot(random_world(3))
    piece = sub_snapshot(whole, [0], 2)
    id_ = whole.nodes["Merchant"].id(0)
    expected, found = (_row(compute_features(s, None, delivered(whole)), id_) for s in (whole, piece))
    wider = [f.name for f in LOCAL if f.radius == 2]
    assert any(not np.array_equal(expected[n], found[n], equal_nan=True) for n in wider)


def test_what_no_source_sent_is_not_known_also_on_a_piece() -> None:
    """Without the whole's list of delivered tables a piece without refunds would turn a true zero into not known."""
    rows = together(
        order("O1", "M1", "B1", 1_739_900_000_000),
        order("O2", "M2", "B2", 1_739_900_000_000),
        {
            "refund": [
                {
                    "id": "R1",
                    "order_id": "O2",
                    "merchant_id": "M2",
                    "ts": 1_739_950_000_000,
                    "amount": 1,
                    "currency": "CNY",
                }
            ]
        },
        {"OWNS": [edge("o1", "Merchant:M1", "Account:K1")]},
    )
    whole = snapshot(rows)
    piece = sub_snapshot(whole, [0], 2)
    assert _row(compute_features(piece, None, delivered(whole)), "M1")["refund_rate_90d"] == 0.0
    assert np.isnan(_row(compute_features(piece, None), "M1")["refund_rate_90d"])
