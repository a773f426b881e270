"""A book: columns of equal length that grow block by block while the world is being told."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ingest.world.chance import Int

Block = npt.ArrayLike


class Book:
    """Integer columns by name. Rows are numbered from 0 in the order they were added."""

    def __init__(self, **defaults: int) -> None:
        self._defaults = defaults
        self._blocks: list[dict[str, Int]] = []
        self._whole: dict[str, Int] = {}
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._defaults)

    def add(self, **columns: Block) -> Int:
        """Append rows; single values are repeated, columns left out take their default. Returns the row numbers."""
        unknown = columns.keys() - self._defaults.keys()
        if unknown:
            raise KeyError(f"the book has no column {', '.join(sorted(unknown))}")
        given = {name: np.atleast_1d(np.asarray(value, np.int64)) for name, value in columns.items()}
        n = max((len(c) for c in given.values()), default=0)
        if any(len(c) == 0 for c in given.values()):
            return np.zeros(0, np.int64)
        block = {
            name: np.array(np.broadcast_to(given.get(name, np.int64(default)), (n,)))
            for name, default in self._defaults.items()
        }
        self._blocks.append(block)
        self._whole = {}
        self._rows += n
        return np.arange(self._rows - n, self._rows, dtype=np.int64)

    def __getitem__(self, column: str) -> Int:
        """A whole column. Writing into it changes the book until rows are added."""
        if not self._whole:
            self._whole = {
                name: np.concatenate([b[name] for b in self._blocks]) if self._blocks else np.zeros(0, np.int64)
                for name in self._defaults
            }
            self._blocks = [self._whole] if self._rows else []
        return self._whole[column]

    def keep(self, rows: npt.NDArray[np.bool_] | Int) -> None:
        """Keep only these rows, in this order; they are numbered anew."""
        kept = {name: self[name][rows] for name in self._defaults}
        self._whole, self._blocks = kept, [kept]
        self._rows = len(next(iter(kept.values())))
