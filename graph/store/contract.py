"""The store contract: the graph as it is now, asked in Cypher. Two adapters keep it, one suite of tests tries both.

Readers never wait for writers. On the embedded store they see whole batches; a server shows what is committed row by
row, so a reader there may meet part of a batch while it is being committed.

A store holds the newest version of every node and edge, a projection of landing that can be rebuilt from it at any
time. Versions are ordered by (updated_ts, known_ts); the newest wins in whatever order they arrive, on a tie the one
that came later. An edge is known by its type, its ends and its id: a version with other ends is another edge, so
whoever moves an edge deletes it where it was (graph.store.load does).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

Row = dict[str, Any]
NodeKey = tuple[str, str]
"""(kind, id)."""


class StoreError(Exception):
    """A store could not do what it was asked.

    ``code`` is fixed per reason, ``question`` the question or step at fault if there is one. No message holds a value
    that was stored or asked for.
    """

    def __init__(self, code: str, message: str, question: str | None = None) -> None:
        super().__init__(f"{question}: {message} [{code}]" if question else f"{message} [{code}]")
        self.code = code
        self.question = question


class StoreBusy(StoreError):  # noqa: N818  # it is the state of the store that is told
    """Another process owns the store; ``owner_pid`` is its number, where it is known."""

    def __init__(self, message: str, owner_pid: int | None = None) -> None:
        super().__init__("store_busy", message)
        self.owner_pid = owner_pid


class StoreAway(StoreError):  # noqa: N818  # the same
    """The store's server does not answer, or not within the deadline."""


@dataclass(frozen=True)
class Health:
    """Whether a store answers: what it is, how long the answer took and, when it does not, why."""

    ok: bool
    engine: str
    version: str
    took_ms: float
    position: int | None = None
    why: str = ""


@dataclass(frozen=True)
class ExpandLimits:
    """How far a neighbourhood is followed.

    ``hops`` from the seeds; ``per_relation`` edges of one relation at most in one hop and direction, so that one hub
    does not hide everything else; ``max_nodes`` and ``max_edges`` in all; ``types``: edge types to follow (None: all).
    """

    hops: int = 1
    per_relation: int = 200
    max_nodes: int = 500
    max_edges: int = 2_000
    types: tuple[str, ...] | None = None


@dataclass(frozen=True)
class StoredEdge:
    """An edge of a neighbourhood with its properties."""

    type: str
    src: NodeKey
    dst: NodeKey
    id: str
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Neighbourhood:
    """What hangs on some nodes. ``complete`` is false when a limit cut something; ``truncated_why`` says which."""

    nodes: Mapping[NodeKey, Mapping[str, Any]]
    edges: tuple[StoredEdge, ...]
    unknown: tuple[NodeKey, ...]
    complete: bool
    truncated_why: str = ""


Progress = Callable[[str, int], None]
"""Told the table and how many of its rows are done."""


@dataclass(frozen=True)
class Changes:
    """What a refresh brings: edges that moved away, new versions of nodes and edges, the position afterwards.

    ``fresh`` are edges whose ids the store cannot hold yet: they may be added without looking.
    """

    deleted: Mapping[str, pa.Table]
    nodes: Mapping[str, pa.Table]
    edges: Mapping[str, pa.Table]
    fresh: Mapping[str, pa.Table]
    position: int


class Store(Protocol):
    """What every store can do. Tables have the landing columns of graph.model (node_schema, edge_schema)."""

    url: str

    def close(self) -> None:
        """Let go of the store; further calls raise StoreError ``closed``. Closing twice is fine."""

    def init_schema(self) -> None:
        """Make tables, constraints and indexes that are missing. Safe to repeat."""

    def query(self, question: str, params: Mapping[str, Any], timeout_s: float | None = None) -> list[Row]:
        """Ask a question of the catalogue: its rows in the order it promises, columns by name, whole numbers as int.

        Raises cypher.errors.QuestionError for an unknown question or wrong parameters, StoreError ``timeout`` past
        ``timeout_s`` seconds, StoreError ``question_failed`` else.
        """

    def warm(self, timeout_s: float) -> int:
        """Have the questions that start at one place planned, where the first asking costs more than the next.

        Each within ``timeout_s`` seconds, or it is left. Returns how many are planned; 0 where nothing is gained.
        """

    def upsert_nodes(self, kind: str, rows: pa.Table) -> None:
        """Bring versions of nodes: per id the newest of the table and of what is stored stays. All or nothing."""

    def upsert_edges(self, type_: str, rows: pa.Table) -> None:
        """Bring versions of edges; ends that are not there yet become bare nodes. All or nothing."""

    def bulk_load(self, nodes: Mapping[str, pa.Table], edges: Mapping[str, pa.Table]) -> None:
        """Replace the whole content: newest versions only, one row per id, every end among the nodes.

        Not atomic: ``position()`` is None until whoever loads says otherwise.
        """

    def delete_nodes(self, kind: str, ids: Sequence[str]) -> None:
        """Remove nodes with their edges; ids that are not there are fine. All or nothing."""

    def delete_edges(self, type_: str, rows: pa.Table) -> None:
        """Remove edges by (src_kind, src, dst_kind, dst, id); those that are not there are fine. All or nothing."""

    def apply(self, changes: Changes) -> None:
        """Deletions, then nodes, then edges, then the position: all or nothing.

        Bare nodes that a deletion leaves without any edge are removed. A server may take a large change in portions,
        the position last: cut off between two, the same change brought again gives the same graph.
        """

    def position(self) -> int | None:
        """The landing position the content stands at; None when it was never loaded whole."""

    def set_position(self, position: int | None) -> None:
        """Note the landing position."""

    def origin(self) -> int | None:
        """Which landing the content came from (graph.store.load.origin_of); None when nobody said."""

    def set_origin(self, origin: int) -> None:
        """Note which landing the content comes from."""

    def nodes(self, kind: str) -> pa.Table:
        """All nodes of a kind in landing columns; bare nodes have no updated_ts. In no particular order."""

    def edges(self, type_: str) -> pa.Table:
        """All edges of a type in landing columns. In no particular order."""

    def expand(self, ids: Sequence[NodeKey], limits: ExpandLimits) -> Neighbourhood:
        """The neighbourhood of some nodes, within limits, in both directions."""

    def checkpoint(self) -> None:
        """Bring what was acknowledged to its final place on disk, so that the next opening is quick."""

    def backup(self, folder: Path) -> None:
        """Write a copy that graph.store.backup.restore_store can read into any store. ``folder`` must not exist."""

    def health(self, timeout_s: float = 2.0) -> Health:
        """Whether it answers; never raises, and takes little longer than ``timeout_s``."""
