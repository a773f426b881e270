"""Reading a labelled graph from CSV or Parquet: nodes, edges, split. Whatever is wrong is named and counted."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from gnn.graph import Relation, relation
from gnn.segments import Float32, Int64
from graph.snapshot import Float64
from graph.table_columns import TableError, numbers_of, read_table, times_of
from scoring.evaluate.labelled import FOLD_NAMES, NODE, NONE, EvaluateError, Folds, LabelledGraph, Times

SHOWN = 5
"""So many ids are named in an error."""


def read_labelled(
    nodes: Path,
    edges: Sequence[tuple[str, Path]],
    id_: str,
    label: str,
    features: Sequence[str] | None,
    time: str | None,
) -> LabelledGraph:
    """Read the tables. ``edges``: (name, file) pairs; ``features``: patterns of column names, None for every numeric
    column but id, label and time. EvaluateError or TableError when they are no labelled graph.
    """
    have = column_names(nodes)
    for name in (id_, label, *([time] if time else [])):
        if name not in have:
            raise EvaluateError("missing_column", f"{nodes} has no column {name!r}; it has {', '.join(have[:20])}")
    spoken_for = {id_, label, time}
    candidates = [c for c in have if c not in spoken_for]
    wanted = candidates if features is None else [c for c in candidates if any(fnmatchcase(c, p) for p in features)]
    table = read_table(nodes, [id_, label, *([time] if time else []), *wanted])
    ids = _ids(table[id_], id_, nodes)
    _once(ids, id_, nodes, "duplicate_node")
    labels = _labels(table[label], label, ids, nodes)
    notes: list[str] = []
    if features is not None and not wanted:
        notes.append(f"no column matches {', '.join(features)}: structure alone")
    x, names = _features(table, wanted, nodes, features is not None, notes)
    relations = _relations(edges, ids, notes)
    when = None if time is None else _times(table[time], time, nodes)
    return LabelledGraph(ids, labels, x, names, relations, when, notes)


def read_split(path: Path, graph: LabelledGraph) -> Folds:
    """The fold of every node, -1 where the split does not name it or it has no label; columns ``id`` and ``fold``."""
    have = column_names(path)
    for name in ("id", "fold"):
        if name not in have:
            raise EvaluateError("missing_column", f"{path} has no column {name!r}; it has {', '.join(have[:20])}")
    table = read_table(path, ["id", "fold"])
    ids = _ids(table["id"], "id", path)
    place = _places(ids, graph.ids, f"{path}, column 'id'")
    _once(ids, "id", path, "duplicate_in_split")
    given = pc.utf8_lower(_plain(table["fold"]).cast(pa.string()))
    codes = pc.index_in(given, pa.array(list(FOLD_NAMES)))
    if codes.null_count:
        row = int(np.flatnonzero(pc.is_null(codes).to_numpy(zero_copy_only=False))[0])
        raise EvaluateError("bad_fold", f"{path}, row {row}: fold {given[row].as_py()!r} is not train, valid or test")
    fold = np.full(len(graph), NONE, np.int8)
    fold[place] = codes.to_numpy(zero_copy_only=False)
    unlabelled = (fold != NONE) & np.isnan(graph.label)
    if unlabelled.any():
        graph.notes.append(f"{int(unlabelled.sum()):,} nodes of the split have no label and are in no fold")
        fold[unlabelled] = NONE
    outside = int((~np.isnan(graph.label) & (fold == NONE)).sum())
    if outside:
        graph.notes.append(f"{outside:,} labelled nodes are not in the split: they count as unlabelled")
    return fold


def column_names(path: Path) -> list[str]:
    """The columns of a CSV or Parquet file."""
    if not path.is_file():
        raise TableError("no_file", f"{path}: no such file")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return list(pq.read_schema(path).names)
        with pacsv.open_csv(path) as reader:
            return list(reader.schema.names)
    except (pa.ArrowException, UnicodeDecodeError, OSError) as e:
        raise TableError("unreadable", f"{path}: cannot be read as CSV or Parquet: {e}") from e


def _ids(column: pa.ChunkedArray, name: str, path: Path) -> pa.Array:
    """Ids as text; whole numbers are written as such."""
    plain = _plain(column)
    if not (pa.types.is_integer(plain.type) or pa.types.is_string(plain.type) or pa.types.is_large_string(plain.type)):
        raise EvaluateError("bad_id", f"{path}, column {name!r} holds {plain.type}: ids are text or whole numbers")
    if plain.null_count:
        row = int(np.flatnonzero(pc.is_null(plain).to_numpy(zero_copy_only=False))[0])
        code = "missing_end" if name in ("src", "dst") else "missing_id"
        raise EvaluateError(code, f"{path}, column {name!r}: {plain.null_count:,} are missing, first in row {row}")
    return plain.cast(pa.string())


def _plain(column: pa.ChunkedArray) -> pa.Array:
    one = column.combine_chunks()
    one = one.chunk(0) if isinstance(one, pa.ChunkedArray) else one
    return one.dictionary_decode() if pa.types.is_dictionary(one.type) else one


def _once(ids: pa.Array, name: str, path: Path, code: str) -> None:
    counts = pc.value_counts(ids)
    again = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(again):
        named = ", ".join(again.field("values")[:SHOWN].to_pylist())
        raise EvaluateError(code, f"{path}, column {name!r}: {len(again):,} ids are there more than once: {named}")


def _labels(column: pa.ChunkedArray, name: str, ids: pa.Array, path: Path) -> Float64:
    """1, 0, or NaN for anything else that is there; a missing label is an error."""
    plain = _plain(column)
    if pa.types.is_boolean(plain.type):
        plain = plain.cast(pa.int64())
    missing = pc.is_null(plain, nan_is_null=True)
    if pc.any(missing).as_py():
        lost = np.flatnonzero(missing.to_numpy(zero_copy_only=False))
        raise EvaluateError(
            "nan_label",
            f"{path}, column {name!r}: {len(lost):,} nodes have no value, first {ids[int(lost[0])].as_py()}; "
            "write 2 for a node without a label",
        )
    if pa.types.is_string(plain.type) or pa.types.is_large_string(plain.type):
        yes, no = (pc.match_substring_regex(plain, f"^{d}([.]0*)?$") for d in "10")
    elif pa.types.is_integer(plain.type) or pa.types.is_floating(plain.type):
        yes, no = (pc.equal(plain, pa.scalar(d).cast(plain.type)) for d in (1, 0))
    else:
        raise EvaluateError("bad_label", f"{path}, column {name!r} holds {plain.type}: labels are 0 and 1")
    labels = np.full(len(plain), np.nan)
    labels[yes.to_numpy(zero_copy_only=False)] = 1.0
    labels[no.to_numpy(zero_copy_only=False)] = 0.0
    if len(np.unique(labels[~np.isnan(labels)])) < 2:
        known = int((~np.isnan(labels)).sum())
        raise EvaluateError("one_class", f"{path}, column {name!r}: {known:,} labels of 0 or 1, of one class only")
    return labels


def _features(
    table: pa.Table, wanted: Sequence[str], path: Path, asked: bool, notes: list[str]
) -> tuple[Float32, tuple[str, ...]]:
    columns, names, left = [], [], []
    for name in wanted:
        column = table[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        try:
            columns.append(numbers_of(column, name).astype(np.float32))
        except TableError as e:
            if "infinite" in str(e):
                raise EvaluateError("infinite_feature", f"{path}: {e}") from e
            if asked:
                raise EvaluateError("non_numeric_feature", f"{path}: {e}; leave it out of --features") from e
            left.append(name)
            continue
        if np.isinf(columns[-1]).any():
            raise EvaluateError("infinite_feature", f"{path}: column {name!r} holds a number beyond single precision")
        names.append(name)
    if left:
        notes.append(f"not numeric, left out: {', '.join(left)}")
    x = np.column_stack(columns) if columns else np.zeros((table.num_rows, 0), np.float32)
    return np.ascontiguousarray(x, np.float32), tuple(names)


def _times(column: pa.ChunkedArray, name: str, path: Path) -> Times:
    try:
        times, _ = times_of(column, name, "us")
    except TableError as e:
        raise EvaluateError("bad_time", f"{path}: {e}") from e
    timed = ~pc.is_null(_plain(column), nan_is_null=True).to_numpy(zero_copy_only=False)
    return Times(times.astype(np.int64), timed)


def _relations(edges: Sequence[tuple[str, Path]], ids: pa.Array, notes: list[str]) -> tuple[Relation, ...]:
    names = [name for name, _ in edges]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise EvaluateError("edge_name", f"two edge files are both called {twice[0]}: write --edges NAME=FILE")
    found = [_relation(name, path, ids, notes) for name, path in edges]
    if not sum(len(r) for r in found):
        loops = sum(r.self_loops for r in found)
        raise EvaluateError("no_edges", "there are no edges" + (f" but {loops:,} self loops" if loops else ""))
    return tuple(r for r in found if len(r))


def _relation(name: str, path: Path, ids: pa.Array, notes: list[str]) -> Relation:
    have = column_names(path)
    for column in ("src", "dst"):
        if column not in have:
            raise EvaluateError("missing_column", f"{path} has no column {column!r}; it has {', '.join(have[:20])}")
    table = read_table(path, ["src", "dst"])
    src, dst = (_places(_ids(table[c], c, path), ids, f"{path}, column {c!r}") for c in ("src", "dst"))
    made = relation((NODE, name, NODE), (src, dst), (len(ids), len(ids)))
    if made.self_loops or made.duplicates:
        notes.append(f"{name}: {made.self_loops:,} self loops and {made.duplicates:,} repeated edges are left out")
    if not len(made):
        notes.append(f"{name} has no edges")
    return made


def _places(given: pa.Array, ids: pa.Array, where: str) -> Int64:
    place = pc.index_in(given, ids)
    if place.null_count:
        unknown = pc.unique(given.filter(pc.is_null(place)))
        named = ", ".join(unknown[:SHOWN].to_pylist()) + (", ..." if len(unknown) > SHOWN else "")
        rows = f"{place.null_count:,} rows name {len(unknown):,} ids that are no node"
        raise EvaluateError("unknown_id", f"{where}: {rows}: {named}")
    return place.to_numpy(zero_copy_only=False).astype(np.int64)
