"""Connected groups of merchants: those that shared identities or guarantees tie together, at whatever distance."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse.csgraph import connected_components

from graph.features.merchant_links import guarantee_links, identity_links
from graph.snapshot import Int64, Snapshot


def connected_groups(snapshot: Snapshot, merchants: pa.ChunkedArray | pa.Array) -> Int64:
    """The number of the group of each named merchant; one the snapshot does not know is a group of its own.

    Things of more than ``graph.features.merchant_links.HUB`` merchants connect nobody.
    """
    both = identity_links(snapshot) + guarantee_links(snapshot)
    _, part = connected_components(both, directed=False)
    found = pc.index_in(merchants, snapshot.nodes["Merchant"].ids)
    place = pc.fill_null(found, -1).to_numpy(zero_copy_only=False)
    names = merchants.to_numpy(zero_copy_only=False)
    _, alone = np.unique(names, return_inverse=True)
    groups = np.where(place >= 0, part[np.maximum(place, 0)] if len(part) else 0, len(part) + alone)
    return groups.astype(np.int64)
