"""What the service answers from: the published version of the graph, opened once and changed when the pointer flips."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.findings.finding import Finding
from graph.findings.table import findings_from_table
from graph.snapshot import Snapshot
from graph.snapshot_files import SnapshotError, current_version, open_snapshot, read_manifest, read_table
from jobs.followed import Followed


class NothingPublished(Exception):  # noqa: N818 - a state, not a fault of the caller
    """No version has been published yet, or none of its files can be read."""


class FeatureRows:
    """The features of every merchant, one row each, memory-mapped. ``names`` are the numeric columns."""

    def __init__(self, table: pa.Table) -> None:
        ids = table["merchant_id"].combine_chunks()
        self._ids: pa.Array = ids if isinstance(ids, pa.Array) else pa.concat_arrays(ids.chunks)
        if not _ascending(self._ids):
            raise SnapshotError("features.arrow is not in the order of merchant ids: run `ringfence refresh`")
        self.names = tuple(f.name for f in table.schema if f.type == pa.float64())
        self._columns: list[npt.NDArray[np.float64]] = [
            table[name].combine_chunks().to_numpy(zero_copy_only=False) for name in self.names
        ]
        self._currency = table["currency"] if "currency" in table.column_names else None

    def __len__(self) -> int:
        return len(self._ids)

    def row(self, merchant_id: str) -> dict[str, float] | None:
        """Feature name -> value (NaN: not known), or None for a merchant that is not in the snapshot."""
        at = self._place(merchant_id)
        if at is None:
            return None
        return {name: float(column[at]) for name, column in zip(self.names, self._columns, strict=True)}

    def number(self, merchant_id: str) -> int | None:
        """The merchant's place among the rows, or None."""
        return self._place(merchant_id)

    def currency(self, merchant_id: str) -> str | None:
        """The currency that the merchant's features of money are in, where one is known."""
        at = self._place(merchant_id)
        return None if at is None or self._currency is None else self._currency[at].as_py()

    def _place(self, merchant_id: str) -> int | None:
        at = bisect_left(self._ids, merchant_id, key=lambda s: s.as_py())
        return at if at < len(self._ids) and self._ids[at].as_py() == merchant_id else None


@dataclass(frozen=True)
class Version:
    """One published version, opened: the same answers for as long as it is held.

    ``findings`` are in the order people read them: the highest score first. ``position``: the newest batch of landing
    that it was made of, None where its manifest does not say.
    """

    version: str
    as_of: int
    feature_set_version: str
    snapshot: Snapshot
    features: FeatureRows
    findings: tuple[Finding, ...]
    position: int | None = None

    @cached_property
    def by_id(self) -> Mapping[str, Finding]:
        """Finding id -> finding."""
        return {f.id: f for f in self.findings}

    @cached_property
    def by_member(self) -> Mapping[str, tuple[str, ...]]:
        """``Kind:id`` of a member -> ids of the findings it is in."""
        found: dict[str, list[str]] = {}
        for finding in self.findings:
            for node in dict.fromkeys(m.node for m in finding.members):
                found.setdefault(node, []).append(finding.id)
        return {node: tuple(ids) for node, ids in found.items()}

    def clusters_of(self, merchant_id: str) -> tuple[str, ...]:
        """Ids of the findings a merchant is in, itself or by its owners, accounts and loans; highest score first."""
        nodes = [f"Merchant:{merchant_id}", *self._close_to(merchant_id)]
        ids = {id_ for node in nodes for id_ in self.by_member.get(node, ())}
        return tuple(f.id for f in self.findings if f.id in ids) if ids else ()

    def _close_to(self, merchant_id: str) -> Iterable[str]:
        """The merchant's owners, its and their accounts, its and their loans, as ``Kind:id``."""
        number = self.snapshot.nodes["Merchant"].number(merchant_id)
        if number is None:
            return
        parties: list[tuple[str, int]] = [("Merchant", number)]
        for kind in ("Person", "Company"):
            owners = self.snapshot.relation(kind, "OWNS", "Merchant")
            into = owners.in_edges[owners.in_ptr[number] : owners.in_ptr[number + 1]]
            parties.extend((kind, int(owners.src[e])) for e in into)
        for kind, party in parties:
            if kind != "Merchant":
                yield f"{kind}:{self.snapshot.nodes[kind].id(party)}"
            for type_, target in (("OWNS", "Account"), ("APPLIED_FOR", "Loan")):
                held = self.snapshot.relation(kind, type_, target)
                for e in range(int(held.out_ptr[party]), int(held.out_ptr[party + 1])):
                    yield f"{target}:{self.snapshot.nodes[target].id(int(held.dst[e]))}"


class Published:
    """Gives the version that is published now. Safe to share between threads.

    When the pointer flips, the new version is opened in the background while the old one is served; who holds a
    ``Version`` keeps it. A version that cannot be opened is told by ``trouble``; the last good one is served on.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._followed: Followed[Version] = Followed(
            root / "current", self._open, (SnapshotError, OSError, ValueError, KeyError, pa.ArrowException)
        )

    @property
    def trouble(self) -> str | None:
        """Why what is published now is not served; None when all is well."""
        why = self._followed.trouble
        if why is None or isinstance(why, SnapshotError):
            return None if why is None else str(why)
        return f"the published snapshot cannot be opened ({type(why).__name__}): run `ringfence refresh`"

    def on_disk(self, version: str) -> bool:
        """Whether a version's files are still there: one that is open is served on without them, until a restart."""
        return (self._root / version / "manifest.json").exists()

    def current(self) -> Version:
        """The published version. Raises NothingPublished before the first refresh, or when it cannot be read."""
        version = self._followed.current()
        if version is None:
            raise NothingPublished(self.trouble or "nothing is published yet: run `ringfence refresh`")
        return version

    def _open(self, before: Version | None) -> Version:
        name = current_version(self._root)
        if name is None:
            raise SnapshotError("the pointer to the published snapshot is gone: run `ringfence refresh`")
        return before if before is not None and before.version == name else open_version(self._root / name)


def open_version(folder: Path) -> Version:
    """Open one version's graph, features and findings. Raises SnapshotError when a part is missing."""
    manifest = read_manifest(folder)
    snapshot = open_snapshot(folder)
    findings = findings_from_table(read_table(folder, "findings"))
    version = Version(
        version=folder.name,
        as_of=snapshot.as_of,
        feature_set_version=str(manifest.get("feature_set_version")),
        snapshot=snapshot,
        features=FeatureRows(read_table(folder, "features")),
        findings=tuple(sorted(findings, key=lambda f: (-f.score, f.id))),
        position=position if isinstance(position := manifest.get("position"), int) else None,
    )
    _ = version.by_id, version.by_member  # made now, not in the first request; so are the pointers of relations
    for relation in snapshot.relations.values():
        _ = relation.out_ptr, relation.in_ptr, relation.in_edges
    return version


def _ascending(ids: pa.Array) -> bool:
    return len(ids) < 2 or bool(pc.all(pc.less(ids[:-1], ids[1:])).as_py())
