"""A bank of any size to measure stores on: accounts, transfers with loops, devices, shops, orders, loans, circles."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from graph.model import EDGES, KINDS, edge_schema, node_schema
from graph.store.rows import with_bare_nodes

DAY = 86_400_000
Tables = dict[str, pa.Table]


def bank(transfers: int, seed: int = 7) -> tuple[Tables, Tables]:
    """Nodes and edges in landing columns: per ten transfers an account, per two an order; every id is said once."""
    r = np.random.default_rng(seed)
    accounts, orders = max(50, transfers // 10), transfers // 2
    shops, buyers, devices, loans = orders // 50, orders // 5, orders // 8, accounts // 20
    src = r.integers(accounts, size=transfers)
    dst = (src + 1 + r.integers(accounts - 1, size=transfers)) % accounts
    ts = r.integers(90 * DAY, size=transfers)
    amount = r.integers(1_000, 1_000_000, size=transfers)
    for start in range(0, transfers // 20 * 4, 4):  # a fifth of them are loops of four that keep their amount
        ring = r.choice(accounts, 4, replace=False)
        at = slice(start, start + 4)
        src[at], dst[at], amount[at] = ring, np.roll(ring, -1), amount[start] - np.arange(4)
        ts[at] = ts[start] + np.arange(4) * 60_000
    edges = {
        "TRANSFER": _edges("TRANSFER", "Account", src, "Account", dst, ts=ts, amount=amount),
        "USED_DEVICE": pa.concat_tables(
            [
                _edges("USED_DEVICE", "Buyer", np.arange(buyers), "Device", r.integers(devices, size=buyers), tag="b"),
                _edges("USED_DEVICE", "Merchant", np.arange(shops), "Device", r.integers(devices, size=shops), tag="m"),
                _edges(
                    "USED_DEVICE", "Account", np.arange(accounts), "Device", r.integers(devices, size=accounts), tag="a"
                ),
            ]
        ),
        "PLACED": _edges("PLACED", "Buyer", r.integers(buyers, size=orders), "Orders", np.arange(orders)),
        "SOLD_BY": _edges("SOLD_BY", "Orders", np.arange(orders), "Merchant", r.integers(shops, size=orders)),
        "SHIPPED_TO": _edges(
            "SHIPPED_TO", "Orders", np.arange(orders), "Address", r.integers(orders // 3, size=orders)
        ),
        "OWNS": _edges("OWNS", "Merchant", np.arange(shops), "Account", r.integers(accounts, size=shops)),
        "APPLIED_FOR": _edges("APPLIED_FOR", "Merchant", r.integers(shops, size=loans), "Loan", np.arange(loans)),
        "DISBURSED_TO": _edges(
            "DISBURSED_TO", "Loan", np.arange(loans), "Account", src[:loans], ts=ts[:loans] - 1, amount=amount[:loans]
        ),
        "GUARANTEES": _edges(
            "GUARANTEES", "Merchant", r.integers(shops, size=shops), "Merchant", r.integers(shops, size=shops)
        ),
    }
    empty = {k.name: node_schema(k.name).empty_table() for k in KINDS}
    return with_bare_nodes(empty, {e.name: edge_schema(e.name).empty_table() for e in EDGES} | edges), edges


def _edges(
    type_: str,
    src_kind: str,
    src: np.ndarray,
    dst_kind: str,
    dst: np.ndarray,
    tag: str = "",
    **columns: np.ndarray,
) -> pa.Table:
    n, schema = len(src), edge_schema(type_)
    told = {
        "id": pa.array([f"{tag}{i}" for i in range(n)]),
        "src_kind": pa.array([src_kind] * n),
        "src": pa.array([f"{src_kind[0]}{i}" for i in src]),
        "dst_kind": pa.array([dst_kind] * n),
        "dst": pa.array([f"{dst_kind[0]}{i}" for i in dst]),
        "currency": pa.array(["CNY"] * n),
        "updated_ts": pa.array(np.ones(n, np.int64)),
        "known_ts": pa.array(np.ones(n, np.int64)),
        **{k: pa.array(v) for k, v in columns.items()},
    }
    return pa.table([told.get(f.name, pa.nulls(n, f.type)).cast(f.type) for f in schema], schema=schema)
