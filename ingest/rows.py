"""Typed rows of a feed become landing rows: nodes, edges and facts, column by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.model import edge_schema, fact_schema, node_schema
from ingest.faults import Faults, Mask
from ingest.feed import EdgeRows, End, FactRows, Feed, NodeRows
from ingest.text import mask_of

Typed = dict[str, pa.Array]


def kind_column(end: End) -> str | None:
    """The column that holds the kind of this end, when the kind is not fixed."""
    return end.kind[1:] if end.kind.startswith("$") else None


def _kinds(end: End, typed: Typed) -> pa.Array:
    column = kind_column(end)
    return pa.repeat(end.kind, len(typed[end.column])) if column is None else typed[column]


def _named(end: End, typed: Typed) -> Mask:
    """Rows in which this end is there: an id, and a kind."""
    column = kind_column(end)
    there = pc.is_valid(typed[end.column])
    return mask_of(there if column is None else pc.and_(there, pc.is_valid(typed[column])))


def _ends(rows: NodeRows | EdgeRows | FactRows) -> tuple[End, ...]:
    match rows:
        case NodeRows():
            return (rows.node,)
        case EdgeRows():
            return (rows.src, rows.dst)
        case FactRows():
            return ()


def _emits(rows: NodeRows | EdgeRows | FactRows, typed: Typed) -> Mask:
    if isinstance(rows, FactRows):
        return mask_of(pc.is_valid(typed[rows.id_column]))
    there = np.logical_and.reduce([_named(end, typed) for end in _ends(rows)])
    if isinstance(rows, EdgeRows) and rows.id_column is not None:
        there &= mask_of(pc.is_valid(typed[rows.id_column]))
    return there


def check_rows(feed: Feed, typed: Typed, faults: Faults) -> None:
    """Note rows whose ids cannot become what the feed says: ``kind``, ``incomplete``, ``ambiguous``."""
    for end in {end for rows in feed.rows for end in _ends(rows)}:
        column = kind_column(end)
        if column is not None:
            given = pc.is_valid(typed[end.column])
            fits = pc.is_valid(typed[column])
            if end.kinds:
                fits = pc.is_in(typed[column], value_set=pa.array(end.kinds))
            faults.note(mask_of(pc.and_not(given, pc.fill_null(fits, False))), column, "kind")
    for group in feed.one_of:
        filled = np.logical_or.reduce([mask_of(pc.is_valid(typed[name])) for name in group])
        faults.note(~filled, group[0], "incomplete")
    emits = [_emits(rows, typed) for rows in feed.rows]
    faults.note(~np.logical_or.reduce(emits), feed.key[0] if feed.key else feed.columns[0].name, "incomplete")
    shared = Counter((r.type, r.id_column) for r in feed.rows if isinstance(r, EdgeRows) and r.id_column)
    for (type_, id_column), n in shared.items():
        if n > 1:
            alike = [
                e
                for r, e in zip(feed.rows, emits, strict=True)
                if isinstance(r, EdgeRows) and (r.type, r.id_column) == (type_, id_column)
            ]
            faults.note(np.sum(alike, axis=0) > 1, str(id_column), "ambiguous")


def landing_rows(feed: Feed, typed: Typed, updated_ts: pa.Array, known_ts: pa.Array) -> Iterator[tuple[str, pa.Table]]:
    """What these rows add to landing: (table, rows in the columns of its schema)."""
    whole = {**typed, "": updated_ts, "\0": known_ts}  # names no column of a feed has
    for rows in feed.rows:
        there = _emits(rows, typed)
        if not there.any():
            continue
        if there.all():
            kept = whole
        else:
            keep = pa.array(there)
            kept = {name: values.filter(keep) for name, values in whole.items()}
        match rows:
            case NodeRows():
                yield from _nodes(rows, kept)
            case EdgeRows():
                yield rows.type, _edges(rows, kept)
            case FactRows():
                ids = {"id": kept[rows.id_column]}
                yield rows.fact, _table(fact_schema(rows.fact), ids, rows.properties, kept)


def _nodes(rows: NodeRows, typed: Typed) -> Iterator[tuple[str, pa.Table]]:
    column = kind_column(rows.node)
    kinds = [rows.node.kind] if column is None else pc.unique(typed[column]).to_pylist()
    for kind in kinds:
        own = typed
        if column is not None and len(kinds) > 1:
            keep = pc.equal(typed[column], kind)
            own = {name: values.filter(keep) for name, values in typed.items()}
        yield kind, _table(node_schema(kind), {"id": own[rows.node.column]}, rows.properties, own)


def _edges(rows: EdgeRows, typed: Typed) -> pa.Table:
    ends = {
        "src_kind": _kinds(rows.src, typed),
        "src": typed[rows.src.column],
        "dst_kind": _kinds(rows.dst, typed),
        "dst": typed[rows.dst.column],
    }
    return _table(edge_schema(rows.type), {"id": _edge_ids(rows, ends, typed), **ends}, rows.properties, typed)


def _edge_ids(rows: EdgeRows, ends: Typed, typed: Typed) -> pa.Array:
    if rows.id_column is not None:
        return typed[rows.id_column]
    start = pc.binary_join_element_wise(rows.type, ends["src_kind"], _escaped(ends["src"]), ":")
    end = pc.binary_join_element_wise(ends["dst_kind"], ends["dst"], ":")
    return pc.binary_join_element_wise(start, end, ">")


def _escaped(ids: pa.Array) -> pa.Array:
    """Ids with > and % written as %3E and %25, so that two pairs of ends never make the same edge id."""
    if not pc.any(pc.match_substring_regex(ids, "[>%]")).as_py():
        return ids
    return pc.replace_substring(pc.replace_substring(ids, "%", "%25"), ">", "%3E")


def _table(schema: pa.Schema, ids: Typed, properties: Mapping[str, str], typed: Typed) -> pa.Table:
    size = len(typed[""])
    columns = []
    for field in schema:
        if field.name in ids:
            values = ids[field.name]
        elif field.name == "updated_ts":
            values = typed[""]
        elif field.name == "known_ts":
            values = typed["\0"]
        else:
            column = properties.get(field.name)
            values = pa.nulls(size, field.type) if column is None else typed[column].cast(field.type)
        columns.append(values)
    return pa.Table.from_arrays(columns, schema=schema)
