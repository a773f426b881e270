"""Feature rows as the service reads them: a published table, one merchant and one request at a time."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import pyarrow as pa

from graph.features.application import application_features
from graph.features.compute import FEATURES


class FeatureRows:
    """The features published with a snapshot (``compute_features``), looked up by merchant id."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table.combine_chunks()
        self._ids = self._table["merchant_id"].chunk(0) if len(table) else pa.array([], pa.string())
        self._columns = {f.name: self._table[f.name].to_numpy() for f in FEATURES if f.name in self._table.column_names}

    def __contains__(self, merchant_id: str) -> bool:
        return self._row(merchant_id) is not None

    def currency(self, merchant_id: str) -> str | None:
        """The main currency that the merchant's money is in; None where no row tells, or for an unknown merchant."""
        row = self._row(merchant_id)
        return None if row is None else self._table["currency"][row].as_py()

    def values(self, merchant_id: str, amount: int | None, currency: str | None) -> dict[str, float]:
        """All feature values by name for a request of ``amount`` minor units, NaN: not known.

        A merchant that the table lacks has nothing known of it: NaN throughout.
        """
        row = self._row(merchant_id)
        found = {n: float(c[row]) if row is not None else float("nan") for n, c in self._columns.items()}
        main = None if row is None else self._table["currency"][row].as_py()
        asked = np.array([np.nan if amount is None else float(amount)])
        own = {n: np.array([v]) for n, v in found.items()}
        request = application_features(own, asked, np.array([main is not None and main == currency]))
        return {**found, **{n: float(v[0]) for n, v in request.items()}}

    def _row(self, merchant_id: str) -> int | None:
        at = bisect_left(self._ids, merchant_id, key=lambda s: s.as_py())
        return at if at < len(self._ids) and self._ids[at].as_py() == merchant_id else None
