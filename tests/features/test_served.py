"""The row the service scores is the row that training would have made."""

import numpy as np
import pyarrow as pa

from graph.features.application import application_features
from graph.features.compute import FEATURES, compute_features
from jobs.published import FeatureRows
from scoring.table import with_request
from tests.features.worlds import random_world, snapshot


def test_serving_and_training_make_the_same_row_of_a_request() -> None:
    whole = snapshot(random_world(4, merchants=30))
    features = compute_features(whole, [])
    rng = np.random.default_rng(0)
    n = features.num_rows
    requests = pa.table(
        {
            "id": [f"A{i}" for i in range(n)],
            "merchant_id": features["merchant_id"],
            "ts": np.full(n, whole.as_of),
            "amount": rng.integers(1, 10**8, n),
            "currency": rng.choice(["CNY", "USD"], n),
            "label": np.zeros(n),
        }
    )
    trained = with_request(features, requests, whole.as_of).to_pylist()
    served = FeatureRows(features)
    for row, request in zip(trained, requests.to_pylist(), strict=True):
        merchant = served.row(request["merchant_id"])
        assert merchant is not None
        same = np.array([served.currency(request["merchant_id"]) == request["currency"]])
        columns = {name: np.array([value]) for name, value in merchant.items()}
        asked = application_features(columns, np.array([float(request["amount"])]), same)
        values = {**merchant, **{name: float(value[0]) for name, value in asked.items()}}
        assert set(values) == {f.name for f in FEATURES}
        assert [n for n in values if not np.array_equal(values[n], row[n], equal_nan=True)] == []


def test_an_empty_snapshot_has_no_rows_and_all_columns() -> None:
    table = compute_features(snapshot({}), [])
    assert table.num_rows == 0
    assert "orders_30d" in table.column_names
    assert len(FeatureRows(table)) == 0
