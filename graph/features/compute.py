"""Computing every catalogued feature for every merchant of a snapshot."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

# Importing a module of features declares them.
from graph.features import (
    application,
    around,
    commerce,
    flows,
    guarantees,
    identity,
    invoices,
    logistics,
    mined,
    neighbours,
    outcomes,
    refunds,
    tax,
)
from graph.features.catalogue import CONCEPTS, Feature, registered, version_of
from graph.features.lens import Lens
from graph.findings.finding import Finding
from graph.snapshot import Snapshot

MODULES = (
    commerce,
    refunds,
    logistics,
    identity,
    flows,
    guarantees,
    tax,
    invoices,
    mined,
    neighbours,
    outcomes,
    around,
    application,
)

FEATURES: tuple[Feature, ...] = tuple(sorted(registered().values(), key=lambda f: (CONCEPTS.index(f.concept), f.name)))
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
        columns[f.name] = pa.array(lens.value(f.name))
    columns["currency"] = pa.array(lens.currencies.main_names(), pa.string())
    return pa.table(columns)
