"""Ids of keys and values to handles and back; handles of ids that no event mentions any more are given out again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from flow.facts import KINDS
from flow.window.layout import Int32, Int64

ADDRESSES = len(KINDS)
"""Addresses have handles too, though no rules are judged on them."""
SORTS = (*KINDS, "address")


class Names:
    """A handle is the number of the first line of a key's block: 1 and up, so many apart as the block has lines.

    ``lines``: [sort] of a block, as in SORTS; ``text``: handle -> id; ``used``: lines given out, the first (nobody's)
    among them.
    """

    def __init__(self, lines: Int64) -> None:
        self.lines = [*lines.tolist(), 1]
        self.text: dict[int, str] = {}
        self.used = 1
        self._handles = [_Handles(self, size) for size in self.lines]

    def handles(self, sort: int, ids: Iterable[str | None], count: int) -> Int32:
        """The handle of each id, given out on first sight; 0 for None. ``sort``: place in SORTS."""
        return np.fromiter(map(self._handles[sort].__getitem__, ids), np.int32, count)

    def known(self, sort: int, text: str) -> int:
        """The handle of an id, 0 where it has none."""
        return self._handles[sort].get(text, 0)

    def forget(self, handles: Iterable[int], sorts: Iterable[int]) -> None:
        """Handles whose blocks are empty and that nothing mentions."""
        for handle, sort in zip(handles, sorts, strict=True):
            known = self._handles[sort]
            del known[self.text.pop(handle)]
            known.free.append(handle)

    def all(self, sort: int) -> Int64:
        """Handles of all ids of a sort."""
        known = self._handles[sort]
        found = np.fromiter(known.values(), np.int64, len(known))
        return found[found > 0]

    def counts(self) -> dict[str, int]:
        """How many ids of each sort have a handle."""
        return {name: len(known) - 1 for name, known in zip(SORTS, self._handles, strict=True)}


class _Handles(dict[str | None, int]):
    """Id -> handle of one sort; looking up gives one out, so that a column takes one pass at the speed of a dict."""

    def __init__(self, names: Names, lines: int) -> None:
        super().__init__({None: 0})
        self.free: list[int] = []
        self._names, self._lines = names, lines

    def __missing__(self, text: Any) -> int:
        names = self._names
        if self.free:
            handle = self.free.pop()
        else:
            handle = names.used
            names.used += self._lines
        names.text[handle] = text
        self[text] = handle
        return handle
