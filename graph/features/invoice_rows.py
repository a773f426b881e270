"""Invoices as rows of the merchant that issued or received them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from graph.features.currency import Currencies, in_main
from graph.features.order_rows import Rows
from graph.features.segments import Bool
from graph.snapshot import Float64, Int64, Snapshot


@dataclass(frozen=True)
class InvoiceRows(Rows):
    """One row per invoice. ``other`` numbers the other party: companies first, then merchants."""

    other: Int64
    amount: Float64  # without tax, main currency, negative for a correction; NaN otherwise
    tax: Float64
    voided: Bool

    @property
    def valid(self) -> InvoiceRows:
        """Those that were not voided."""
        return self.where(~self.voided)


def invoice_rows(snapshot: Snapshot, currencies: Currencies, direction: Literal["issued", "received"]) -> InvoiceRows:
    """All invoices merchants issued, or received, up to as_of."""
    parts: list[InvoiceRows] = []
    for kind in ("Company", "Merchant"):
        ends = ("Merchant", kind) if direction == "issued" else (kind, "Merchant")
        relation = snapshot.relation(ends[0], "INVOICED", ends[1])
        mine, other = (relation.src, relation.dst) if direction == "issued" else (relation.dst, relation.src)
        offset = len(snapshot.nodes["Company"]) if kind == "Merchant" else 0
        codes, main = currencies.codes(relation), currencies.main[mine]
        rows = InvoiceRows(
            merchant=mine,
            ts=relation.int64("ts"),
            other=other.astype(np.int64) + offset,
            amount=in_main(relation.int64("amount"), codes, main),
            tax=in_main(relation.int64("tax"), codes, main),
            voided=relation.true("voided"),
        )
        parts.append(rows.where(rows.ts <= snapshot.as_of))
    a, b = parts
    return InvoiceRows(
        merchant=np.concatenate([a.merchant, b.merchant]),
        ts=np.concatenate([a.ts, b.ts]),
        other=np.concatenate([a.other, b.other]),
        amount=np.concatenate([a.amount, b.amount]),
        tax=np.concatenate([a.tax, b.tax]),
        voided=np.concatenate([a.voided, b.voided]),
    )
