"""Which event ids were stored where: sixteen bytes an event, on disk but for the newest.

An id is known by a 64-bit hash. The newest hashes are in a dictionary; when it is full it becomes a *run*: a file with
two sorted arrays (hashes, positions), memory-mapped, so that a batch of ids is looked up with one binary search in each
run. Runs of one size are merged, so there are few. Two ids may share a hash: what is found are candidates, and the
journal compares them with what it stored. The files hold nothing that the journal does not: a missing or damaged one is
made anew from it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

NEWEST = 1 << 18
"""Ids in memory before they become a run."""
MERGED = 8
"""So many runs of one size become one."""
LARGEST_RUN = 1 << 24
"""Runs of this many ids are merged no further: merging one more would hold everything up for seconds."""


def hashes(ids: Iterable[str]) -> Hashes:
    """The hash of each id (blake2b)."""
    return np.frombuffer(b"".join(blake2b(i.encode(), digest_size=8).digest() for i in ids), np.uint64)


@dataclass(frozen=True)
class Run:
    """Sorted hashes of the events ``first`` to ``last`` and the position of each."""

    first: int
    last: int
    hashes: Hashes
    positions: Positions


class IdIndex:
    """Hash of an id -> positions of events that may have it. ``folder`` holds the runs."""

    def __init__(self, folder: Path, newest: int = NEWEST) -> None:
        self._folder = folder
        self._limit = newest
        self._newest: dict[int, int] = {}
        self._twins: dict[int, list[int]] = {}  # positions of further ids with a hash that is in _newest
        self._runs: list[Run] = []
        folder.mkdir(parents=True, exist_ok=True)

    def load(self, first: int, last: int) -> int:
        """Open the runs that cover positions from ``first`` without a gap; the position up to which they reach.

        What comes after has to be added by the caller. Runs of positions after ``last`` or damaged ones are removed.
        """
        found = []
        for path in sorted(self._folder.glob("*.run")):
            run = _open(path)
            if run is None or run.last > last:
                path.unlink()
            elif run.last >= first:
                found.append(run)
            else:
                path.unlink()
        found.sort(key=lambda r: (r.first, -r.last))
        self._runs, reached = [], first - 1
        for run in found:
            if run.first <= reached + 1 and run.last > reached:
                self._runs.append(run)
                reached = run.last
        return reached

    def find(self, wanted: Hashes) -> dict[int, list[int]]:
        """Index into ``wanted`` -> positions of events whose id has that hash, for those that there are any of."""
        found: dict[int, list[int]] = {}
        for i, h in enumerate(wanted.tolist()):
            at = self._newest.get(h)
            if at is not None:
                found[i] = [at, *self._twins.get(h, ())]
        for run in self._runs:
            place = np.searchsorted(run.hashes, wanted)
            inside = np.minimum(place, len(run.hashes) - 1)
            for i in np.flatnonzero(run.hashes[inside] == wanted).tolist():
                end = int(np.searchsorted(run.hashes, wanted[i], side="right"))
                found.setdefault(i, []).extend(run.positions[place[i] : end].tolist())
        return found

    def add(self, new: Sequence[int], first: int) -> None:
        """Events with these hashes were stored at ``first``, ``first + 1`` and so on."""
        for position, h in enumerate(new, first):
            if self._newest.setdefault(h, position) != position:
                self._twins.setdefault(h, []).append(position)
        if len(self._newest) >= self._limit:
            with suppress(OSError):  # a full disk: they stay in memory, and the next addition tries again
                self._write_newest()

    def forget(self, before: int) -> None:
        """Drop runs whose events all have positions under ``before``."""
        for run in [r for r in self._runs if r.last < before]:
            self._runs.remove(run)
            self._path(run).unlink(missing_ok=True)

    def __len__(self) -> int:
        return len(self._newest) + sum(map(len, self._twins.values())) + sum(len(r.hashes) for r in self._runs)

    def _write_newest(self) -> None:
        pairs = [*self._newest.items(), *((h, p) for h, ps in self._twins.items() for p in ps)]
        self._runs.append(self._written(np.array([h for h, _ in pairs], np.uint64), np.array([p for _, p in pairs])))
        self._newest.clear()
        self._twins.clear()
        self._merge()

    def _merge(self) -> None:
        """Merge the last runs as long as MERGED of them are about as large as the newest."""
        while len(self._runs) >= MERGED:
            last = self._runs[-MERGED:]
            size = len(last[-1].hashes)
            if any(len(r.hashes) >= 2 * size for r in last) or MERGED * size > LARGEST_RUN:
                return
            whole = self._written(np.concatenate([r.hashes for r in last]), np.concatenate([r.positions for r in last]))
            self._runs[-MERGED:] = [whole]
            for run in last:
                self._path(run).unlink(missing_ok=True)

    def _written(self, of: Hashes, positions: Positions) -> Run:
        order = np.argsort(of, kind="stable")
        run = Run(int(positions.min()), int(positions.max()), of[order], positions[order].astype(np.int64))
        path = self._path(run)
        fresh = path.with_suffix(".tmp")
        with fresh.open("wb") as file:
            for array in (run.hashes, run.positions):
                file.write(array.tobytes())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        return _open(path) or run

    def _path(self, run: Run) -> Path:
        return self._folder / f"{run.first:020d}-{run.last:020d}.run"


def _open(path: Path) -> Run | None:
    """A run, memory-mapped; None when the file is not whole (its length tells: it is written before it is named)."""
    try:
        first, last = map(int, path.name.removesuffix(".run").split("-"))
        size = path.stat().st_size // 16
        if size == 0 or path.stat().st_size != 16 * size or size != last - first + 1:
            return None
        return Run(
            first,
            last,
            np.memmap(path, np.uint64, "r", 0, (size,)),
            np.memmap(path, np.int64, "r", 8 * size, (size,)),
        )
    except (OSError, ValueError):
        return None
