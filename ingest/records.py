"""Which record a row is about, and what it says of it, in forms that can be compared."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ingest.feed import Feed
from ingest.rows import Typed

_BETWEEN = "\x1f"  # between parts; no cell that was taken holds it


def record_ids(feed: Feed, typed: Typed) -> pa.Array:
    """The record each row is about: its key columns, joined so that two keys never make one id; null without a key."""
    if not feed.key:
        return pa.nulls(len(typed[feed.event_time]), pa.string())
    parts = [pc.fill_null(typed[name].cast(pa.string()), "") for name in feed.key]
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, _BETWEEN)


def content(feed: Feed, typed: Typed, updated_ts: pa.Array) -> pa.Array:
    """Each row in one normal form, ``name=value`` for what is not empty; when we learnt it is not part of it.

    Empty columns leave no trace, so a contract that gains an optional column still knows its old rows again.
    """
    parts = [updated_ts.cast(pa.string()), _BETWEEN]
    for name in sorted(typed):
        if name not in (feed.known, feed.version):
            values = typed[name].cast(pa.string())
            parts.append(pc.fill_null(pc.binary_join_element_wise(f"{name}=", values, _BETWEEN, ""), ""))
    return pc.binary_join_element_wise(*parts, "")
