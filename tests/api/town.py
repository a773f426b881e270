"""A small real graph in landing, and its publication: three shops, a ring, a loop, shops that came too late."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from graph.features.compute import FEATURE_SET_VERSION, FEATURES, compute_features
from graph.findings.finding import EdgeRef, Finding, Member
from graph.findings.table import findings_to_table
from graph.model import edge_schema, fact_schema, landing_schemas, node_schema
from graph.snapshot_build import build_snapshot
from graph.snapshot_files import publish, save_snapshot
from jobs.home import Home
from landing.tables import Landing
from scoring.calibration import Platt
from scoring.fit import BoosterParams, fit_booster, margins
from scoring.model_files import as_json, write_model
from scoring.registry import promote

AS_OF = 1_750_000_000_000
DAY = 86_400_000
NOW = AS_OF + 3_600_000


def rows(schema: pa.Schema, *given: dict[str, object]) -> pa.Table:
    """Rows of a landing table; what is not given is null, versions are of the day before AS_OF."""
    known: dict[str, object] = {"updated_ts": AS_OF - DAY, "known_ts": AS_OF - DAY}
    return pa.Table.from_pylist([{**known, **g} for g in given], schema=schema)


def land(home: Home) -> None:
    """Two batches: the town as it was, and a shop that was learnt of after AS_OF."""
    landing = Landing(home.landing, landing_schemas())
    with landing.begin("b1", "test", "town") as batch:
        batch.add(
            "Merchant", rows(node_schema("Merchant"), *({"id": m, "platform": "taoping"} for m in ("M1", "M2", "M3")))
        )
        batch.add("Buyer", rows(node_schema("Buyer"), {"id": "B1"}, {"id": "B2"}))
        orders = [{"id": f"O{n}", "ts": AS_OF - n * DAY, "amount": 100 * n, "currency": "CNY"} for n in range(1, 7)]
        batch.add("Orders", rows(node_schema("Orders"), *orders))
        batch.add(
            "PLACED",
            rows(edge_schema("PLACED"), *(_edge("Buyer", f"B{n % 2 + 1}", "Orders", f"O{n}") for n in range(1, 7))),
        )
        batch.add(
            "SOLD_BY",
            rows(edge_schema("SOLD_BY"), *(_edge("Orders", f"O{n}", "Merchant", f"M{n % 2 + 1}") for n in range(1, 7))),
        )
        batch.add(
            "OWNS",
            rows(
                edge_schema("OWNS"),
                _edge("Person", "P1", "Merchant", "M3"),
                _edge("Person", "P1", "Account", "A1"),
                _edge("Merchant", "M1", "Account", "A2"),
            ),
        )
        transfers = [
            {
                **_edge("Account", a, "Account", b),
                "id": f"T{n}",
                "ts": AS_OF - (9 - n) * DAY,
                "amount": 10_000,
                "currency": "CNY",
            }
            for n, (a, b) in enumerate((("A1", "A2"), ("A2", "A1")))
        ]
        batch.add("TRANSFER", rows(edge_schema("TRANSFER"), *transfers))
    with landing.begin("b2", "test", "town") as batch:
        late = {"known_ts": AS_OF + DAY, "updated_ts": AS_OF + DAY}
        batch.add("Merchant", rows(node_schema("Merchant"), {"id": "M9", "platform": "taoping", **late}))
        batch.add(
            "application", rows(fact_schema("application"), {"id": "AP9", "merchant_id": "M8", "ts": AS_OF, **late})
        )


def findings() -> list[Finding]:
    """A ring around M1 and a loop through the accounts of M1 and of M3's owner."""
    ring = Finding(
        kind="fake_order_ring",
        id="fake-order-ring-000000000001",
        score=0.9,
        members=(Member("Merchant", "M1", "shop"), Member("Buyer", "B1", "buyer"), Member("Buyer", "B2", "buyer")),
        edges=(EdgeRef("PLACED", "B1>O2", "Buyer:B1", "Orders:O2", AS_OF - 2 * DAY, None),),
        numbers={"orders": 3, "share": 0.5},
        first_ts=AS_OF - 6 * DAY,
        last_ts=AS_OF - DAY,
        text_en="Two buyers placed half of this shop's orders",
        text_zh="两个买家下了该店一半的订单",
    )
    loop = Finding(
        kind="fund_loop",
        id="fund-loop-000000000002",
        score=0.4,
        members=(Member("Account", "A1", "account"), Member("Account", "A2", "account")),
        edges=(EdgeRef("TRANSFER", "T0", "Account:A1", "Account:A2", AS_OF - 9 * DAY, 10_000),),
        numbers={"length": 2, "amount": 10_000, "currency": "CNY"},
        first_ts=AS_OF - 9 * DAY,
        last_ts=AS_OF - 8 * DAY,
        text_en="Money went round two accounts in a day",
        text_zh="资金一天内在两个账户间循环",
        complete=False,
        truncated_why="stopped at 1 loop",
    )
    return [loop, ring]


def publish_town(home: Home, version: str = "000001", as_of: int = AS_OF, found: list[Finding] | None = None) -> None:
    """Build the snapshot of the town as of a time and publish it with findings and features."""
    view = Landing(home.landing, landing_schemas()).view()
    snapshot = build_snapshot(lambda table: view.newest(table, as_of), as_of)
    shown = findings() if found is None else found
    extra = {"features": compute_features(snapshot, shown), "findings": findings_to_table(shown)}
    save_snapshot(snapshot, home.snapshots / version, extra, {"feature_set_version": FEATURE_SET_VERSION})
    publish(home.snapshots, version)


def promote_model(home: Home, version: str = "v1", feature_set_version: str = FEATURE_SET_VERSION) -> None:
    """Train a small booster for which rings and large amounts are bad, keep it and let it serve."""
    rng = np.random.default_rng(len(version) + ord(version[-1]))
    rows = rng.normal(size=(400, len(FEATURES))) * 100
    names = [f.name for f in FEATURES]
    risk = rows[:, names.index("ring_score")] + rows[:, names.index("asked")]
    labels = (risk + rng.normal(size=400) * 20 > 60).astype(np.float64)
    booster = fit_booster(rows, labels, BoosterParams(trees=12, depth=3, rate=0.3), seed=0)
    values = dict(zip(names, rows[0].tolist(), strict=True))
    margin = float(margins(booster, rows[:1])[0])
    schema = {
        "features": names,
        "units": [f.unit for f in FEATURES],
        "medians": [0.0] * len(names),
        "feature_set_version": feature_set_version,
    }
    calibration = Platt(1.0, 0.0)
    golden = {"values": values, "margin": margin, "probability": calibration.probability(margin)}
    contents = {
        "model.json": booster.save_raw("json").decode(),
        "calibration.json": as_json(calibration.to_json()),
        "schema.json": as_json(schema),
        "metrics.json": as_json({}),
        "golden.json": as_json({"rows": [golden]}),
        "card.md": "# town",
    }
    write_model(home.models / "versions" / version, "town", version, contents)
    promote(home.models, version)


def town(root: Path) -> Home:
    """A home folder with the town landed and published, and a model that serves."""
    home = Home(root)
    land(home)
    publish_town(home)
    promote_model(home)
    return home


def _edge(src_kind: str, src: str, dst_kind: str, dst: str) -> dict[str, object]:
    return {"id": f"{src}>{dst}", "src_kind": src_kind, "src": src, "dst_kind": dst_kind, "dst": dst}
