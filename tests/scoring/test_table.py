"""Training rows hold what was known then, and nothing learnt since."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from graph.features.compute import compute_features
from graph.findings.finding import Finding, Member
from graph.snapshot import Snapshot
from graph.snapshot_build import build_snapshot
from landing.tables import View
from scoring.table import KEYS, TrainingTable, build_training_table
from tests.features.worlds import AS_OF, DAY, Row, tables
from tests.scoring.landings import landing_of, versioned_world

WEEK = 7 * DAY


def _mine(snapshot: Snapshot) -> list[Finding]:
    """One finding about the first merchant, so that rows show which snapshot was mined."""
    if not len(snapshot.nodes["Merchant"]):
        return []
    member = Member("Merchant", snapshot.nodes["Merchant"].id(0), "shop")
    score = len(snapshot.nodes["Orders"]) / 1e4
    return [Finding("fake_order_ring", "r", score, (member,), (), {}, None, None, "", "")]


def _labels(rows: dict[str, pa.Table], before: int) -> dict[str, pa.Table]:
    """A label for every application made before, learnt five days after it."""
    times = {r["id"]: r["ts"] for r in rows["application"].to_pylist() if r["ts"] + 5 * DAY < before}
    labels: list[Row] = [
        {"id": f"LB{i}", "application_id": a, "merchant_id": "x", "label": i % 2 == 0, "ts": times[a] + 5 * DAY}
        for i, a in enumerate(sorted(times))
    ]
    return {"label": tables({"label": labels})["label"]}


def _build(root: Path, *batches: dict[str, pa.Table], cut: int = AS_OF, cadence: int = WEEK) -> TrainingTable:
    return build_training_table(landing_of(root, *batches).view(), cut, cadence, _mine, lambda _line: None)


def _no_labels(world: dict[str, pa.Table]) -> dict[str, pa.Table]:
    return {n: t for n, t in world.items() if n != "label"}


def _built(view: View, moment: int) -> Snapshot:
    return build_snapshot(lambda table: view.newest(table, moment), moment)


@pytest.mark.parametrize("seed", [1])
def test_a_row_is_what_the_snapshot_before_the_application_gave(seed: int, tmp_path: Path) -> None:
    world = _no_labels(versioned_world(seed, merchants=12, orders=60, days=500))
    landing = landing_of(tmp_path, world, _labels(world, AS_OF))
    table = build_training_table(landing.view(), AS_OF, WEEK, _mine, lambda _line: None)
    assert table.frame.num_rows > 2
    for row in table.frame.to_pylist():
        moment = row["snapshot_as_of"]
        assert moment % WEEK == 0
        assert 0 <= row["ts"] - moment < WEEK
        then = _built(landing.view(), moment)
        values = compute_features(then, _mine(then))
        mine = values.slice(values["merchant_id"].to_pylist().index(row["merchant_id"]), 1).to_pylist()[0]
        differing = [n for n in values.column_names[1:-1] if not np.array_equal(mine[n], row[n], equal_nan=True)]
        assert differing == []


def test_rows_do_not_change_when_more_is_learnt_later(tmp_path: Path) -> None:
    """As-of replay: the table built from a landing that has since grown is the one built then."""
    world = _no_labels(versioned_world(5, merchants=12, orders=50, days=500))
    cut = AS_OF - 60 * DAY
    early = {n: t.filter(pc.less_equal(t["known_ts"], cut)) for n, t in world.items()}
    late = {n: t.filter(pc.greater(t["known_ts"], cut)) for n, t in world.items()}
    labels = _labels(early, cut)
    then = _build(tmp_path / "then", early, labels, cut=cut)
    now = _build(tmp_path / "now", early, labels, late, cut=cut)
    assert then.frame.num_rows > 2
    assert now.frame.select(KEYS).equals(then.frame.select(KEYS))
    assert np.array_equal(now.matrix(), then.matrix(), equal_nan=True)
    assert now.left_out == then.left_out


def test_a_label_learnt_at_the_cut_or_after_is_not_seen(tmp_path: Path) -> None:
    application = {
        "id": "A1",
        "merchant_id": "M1",
        "ts": AS_OF - 30 * DAY,
        "known_ts": AS_OF - 30 * DAY,
        "amount": 5,
        "currency": "CNY",
    }
    merchant = {"id": "M1", "known_ts": AS_OF - 90 * DAY}
    label = {"id": "L1", "application_id": "A1", "label": True, "ts": AS_OF - DAY}
    rows = tables({"application": [application], "Merchant": [merchant], "label": [label]})
    assert _build(tmp_path / "at", rows, cut=AS_OF - DAY).frame.num_rows == 0
    seen = _build(tmp_path / "after", rows, cut=AS_OF - DAY + 1)
    assert seen.frame["label"].to_pylist() == [1.0]
    assert _build(tmp_path / "at2", rows, cut=AS_OF - DAY).left_out["no_label"] == 1


def test_the_newest_label_counts(tmp_path: Path) -> None:
    base = {"application_id": "A1", "merchant_id": "M1"}
    rows = tables(
        {
            "application": [{"id": "A1", "merchant_id": "M1", "ts": AS_OF - 30 * DAY, "amount": 5, "currency": "CNY"}],
            "Merchant": [{"id": "M1", "known_ts": AS_OF - 90 * DAY}],
            "label": [
                {"id": "L1", **base, "label": True, "ts": AS_OF - 9 * DAY, "known_ts": AS_OF - 9 * DAY},
                {"id": "L1", **base, "label": False, "ts": AS_OF - 5 * DAY, "known_ts": AS_OF - 5 * DAY},
            ],
        }
    )
    assert _build(tmp_path / "a", rows).frame["label"].to_pylist() == [0.0]
    assert _build(tmp_path / "b", rows, cut=AS_OF - 7 * DAY).frame["label"].to_pylist() == [1.0]


def test_an_application_of_a_merchant_not_yet_known_is_left_out_and_said(tmp_path: Path) -> None:
    rows = tables(
        {
            "application": [{"id": "A1", "merchant_id": "M1", "ts": AS_OF - 30 * DAY, "amount": 5, "currency": "CNY"}],
            "Merchant": [{"id": "M1", "known_ts": AS_OF - 3 * DAY}],
            "label": [{"id": "L1", "application_id": "A1", "label": True, "ts": AS_OF - 9 * DAY}],
        }
    )
    table = _build(tmp_path, rows)
    assert table.frame.num_rows == 0
    assert table.left_out == {"no_label": 0, "too_recent": 0, "merchant_not_known_then": 1}


def test_the_amount_asked_counts_only_in_the_currency_of_the_figures(tmp_path: Path) -> None:
    ts = AS_OF - 30 * DAY
    sale = {"id": "O1", "ts": ts - 20 * DAY, "amount": 30_000, "currency": "CNY", "known_ts": ts - 20 * DAY}
    sold = {"id": "S1", "src_kind": "Orders", "src": "O1", "dst_kind": "Merchant", "dst": "M1", "ts": ts - 20 * DAY}
    asks: list[Row] = [
        {"id": f"A{c}", "merchant_id": "M1", "ts": ts, "amount": 20_000, "currency": c} for c in ("CNY", "USD")
    ]
    told: list[Row] = [
        {"id": f"L{c}", "application_id": f"A{c}", "label": True, "ts": AS_OF - DAY} for c in ("CNY", "USD")
    ]
    rows = tables({"Orders": [sale], "SOLD_BY": [sold], "application": asks, "label": told})
    found = {r["application_id"]: r["asked_to_turnover"] for r in _build(tmp_path, rows).frame.to_pylist()}
    assert found["ACNY"] == 2.0
    assert np.isnan(found["AUSD"])


def test_recent_applications_of_which_only_the_bad_are_known_are_left_out(tmp_path: Path) -> None:
    asked, told = [], []
    for day in range(400, 0, -10):
        bad = day % 40 == 0
        ts, learnt = AS_OF - day * DAY, AS_OF - day * DAY + (20 if bad else 200) * DAY
        asked.append({"id": f"A{day}", "merchant_id": "M1", "ts": ts, "amount": 5, "currency": "CNY"})
        told.append({"id": f"L{day}", "application_id": f"A{day}", "label": bad, "ts": learnt})
    merchant = {"id": "M1", "known_ts": AS_OF - 900 * DAY}
    table = _build(tmp_path, tables({"application": asked, "label": told, "Merchant": [merchant]}), cadence=90 * DAY)
    assert table.maturity_days == 200.0
    assert table.labels.mean() == pytest.approx(0.25, abs=0.06)
    assert table.left_out["too_recent"] == 5  # the bad ones of the last 200 days
