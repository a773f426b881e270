"""Computing every catalogued feature for every merchant of a snapshot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

# Importing a module of features declares them; the order here is the order of the columns.
from graph.features import commerce, logistics, refunds
from graph.features.catalogue import Feature, function_of, registered, version_of
from graph.features.lens import Lens
from graph.findings.finding import Finding
from graph.snapshot import Snapshot

MODULES = (commerce, refunds, logistics)

FEATURES: tuple[Feature, ...] = tuple(registered().values())
FEATURE_SET_VERSION: str = version_of(FEATURES)
"""Changes whenever a feature appears, vanishes, or changes its unit or radius."""


def compute_features(
    snapshot: Snapshot, findings: Sequence[Finding] | None, tables: frozenset[str] | None = None
) -> pa.Table:
    """One row per merchant in snapshot order: merchant_id, one float64 column per feature, then ``currency``.

    NaN: not known. ``currency`` (text, may be null) is the main currency that the row's money is in. ``findings``:
    None when nothing was mined. ``tables``: see :class:`graph.features.lens.Lens`.
    """
    lens = Lens(snapshot, findings, tables)
    columns: dict[str, pa.Array] = {"merchant_id": snapshot.nodes["Merchant"].ids}
    for f in FEATURES:
        if f.concept == "application":
            continue  # rests on a request, not on the snapshot alone: graph.features.application
        values = function_of(f.name)(lens)
        columns[f.name] = pa.array(np.asarray(values, np.float64))
    columns["currency"] = pa.array(lens.currencies.main_names(), pa.string())
    return pa.table(columns)
