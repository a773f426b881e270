"""Small snapshots for tests, written down edge by edge."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa

from graph.model import landing_schemas
from graph.snapshot import Snapshot
from graph.snapshot_build import build_snapshot


class Facts:
    """Collects nodes, edges and facts; ``snapshot()`` builds what landing would have given."""

    def __init__(self) -> None:
        self._rows: dict[str, list[dict[str, object]]] = defaultdict(list)

    def node(self, kind: str, id_: str, **properties: object) -> None:
        self._rows[kind].append({"id": id_, **properties})

    def edge(self, type_: str, src: str, dst: str, id_: str | None = None, **properties: object) -> None:
        """Both ends as ``Kind:id``."""
        (src_kind, a), (dst_kind, b) = src.split(":", 1), dst.split(":", 1)
        id_ = id_ or f"{type_}|{src}|{dst}|{len(self._rows[type_])}"
        ends = {"src_kind": src_kind, "src": a, "dst_kind": dst_kind, "dst": b}
        self._rows[type_].append({"id": id_, **ends, **properties})

    def fact(self, name: str, id_: str, **properties: object) -> None:
        self._rows[name].append({"id": id_, **properties})

    def order(
        self, id_: str, buyer: str, shop: str, ts: int, amount: int = 10_000, device: str | None = None, **more: object
    ) -> None:
        """An order with both of its edges; ``more`` are its other properties."""
        self.node("Orders", id_, ts=ts, amount=amount, currency="CNY", **more)
        self.edge("PLACED", f"Buyer:{buyer}", f"Orders:{id_}", f"p-{id_}", ts=ts)
        self.edge("SOLD_BY", f"Orders:{id_}", f"Merchant:{shop}", f"s-{id_}", ts=ts)
        if device is not None:
            self.edge("USED_DEVICE", f"Orders:{id_}", f"Device:{device}", first_ts=ts, last_ts=ts)

    def device(self, user: str, device: str, first: int = 1_000, last: int = 2_000) -> None:
        self.edge("USED_DEVICE", user, f"Device:{device}", first_ts=first, last_ts=last, times=3)

    def snapshot(self, reverse: bool = False, as_of: int = 2_000_000_000_000) -> Snapshot:
        """The snapshot; ``reverse`` takes every table's rows in the opposite order."""
        schemas = landing_schemas()

        def read(table: str) -> pa.Table:
            rows = self._rows[table][::-1] if reverse else self._rows[table]
            stamped = [{"updated_ts": 0, "known_ts": 0, **row} for row in rows]
            full = [{name: row.get(name) for name in schemas[table].names} for row in stamped]
            return pa.Table.from_pylist(full, schema=schemas[table])

        return build_snapshot(read, as_of)

    def table(self, name: str) -> pa.Table:
        """The rows of one table as landing holds them."""
        schema = landing_schemas()[name]
        stamped = [{"updated_ts": 0, "known_ts": 0, **row} for row in self._rows[name]]
        return pa.Table.from_pylist([{n: row.get(n) for n in schema.names} for row in stamped], schema=schema)
