"""The merchant's main currency: what its sums of money are in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.features.segments import Keys, expand, pairs
from graph.snapshot import NULL, Columns, Float64, Int32, Int64, Snapshot

UNKNOWN = -1


class Currencies:
    """Currencies as numbers, the same in all tables of a snapshot; -1 where a row names none.

    ``main`` holds each merchant's main currency: that of most of its orders; without any, of its invoices, then its
    transfers, tax returns, customs declarations, applications. Of equally frequent ones the first by name.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        tables = [
            snapshot.nodes["Orders"].table,
            *(r.table for t in ("TRANSFER", "INVOICED", "GUARANTEES", "REPAID") for r in snapshot.of_type(t)),
            snapshot.nodes["Loan"].table,
        ]
        tables += [snapshot.facts[f].table for f in ("refund", "tax_filing", "customs_declaration", "application")]
        found = {v for t in tables for v in pc.unique(t["currency"]).to_pylist()}
        self.names: list[str] = sorted(v for v in found if v is not None)
        self._lookup = pa.array(self.names, pa.string())
        self.main: Int32 = self._main()

    def codes(self, rows: Columns) -> Int32:
        """The currency of each row."""
        found = pc.fill_null(pc.index_in(rows.table["currency"], self._lookup), UNKNOWN)
        flat = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
        return flat.to_numpy(zero_copy_only=False).astype(np.int32)

    def main_names(self) -> list[str | None]:
        """Each merchant's main currency by name, None where no row tells."""
        return [self.names[c] if c != UNKNOWN else None for c in self.main]

    def _main(self) -> Int32:
        main = np.full(len(self._snapshot.nodes["Merchant"]), UNKNOWN, np.int32)
        for merchants, codes in self._evidence():
            open_ = (merchants >= 0) & (codes != UNKNOWN)
            open_[open_] = main[merchants[open_]] == UNKNOWN
            who, which, rows = pairs(merchants[open_], codes[open_])
            order = np.lexsort((which, -rows, who))
            first = np.unique(who[order], return_index=True)[1]
            main[who[order][first]] = which[order][first]
        return main

    def _evidence(self) -> Iterator[tuple[Keys, Int32]]:
        s = self._snapshot
        sold = s.relation("Orders", "SOLD_BY", "Merchant")
        yield sold.dst, self.codes(s.nodes["Orders"])[sold.src]
        invoices = [(r, end) for r in s.of_type("INVOICED") for end in ("src", "dst")]
        mine = [
            (r.src if end == "src" else r.dst, self.codes(r))
            for r, end in invoices
            if (r.src_kind if end == "src" else r.dst_kind) == "Merchant"
        ]
        yield np.concatenate([m for m, _ in mine]), np.concatenate([c for _, c in mine])
        owns, moved = s.relation("Merchant", "OWNS", "Account"), s.relation("Account", "TRANSFER", "Account")
        codes = self.codes(moved)
        out_rows, out_at = expand(moved.out_ptr, owns.dst)
        in_rows, in_at = expand(moved.in_ptr, owns.dst)
        at = np.concatenate([out_at, moved.in_edges[in_at]])
        yield owns.src[np.concatenate([out_rows, in_rows])], codes[at]
        for fact in ("tax_filing", "customs_declaration", "application"):
            yield s.fact_merchants(fact), self.codes(s.facts[fact])


def in_main(amounts: Int64, codes: Int32, main: Int32) -> Float64:
    """Amounts as float64, NaN where missing or not in the main currency (``main``: that of each row's merchant)."""
    same = (codes == main) & (codes != UNKNOWN) & (amounts != NULL)
    return np.where(same, amounts.astype(np.float64), np.nan)
