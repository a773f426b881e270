"""Ids of keys and values to handles and back; handles of keys that no event mentions any more are given out again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flow.facts import KINDS
from flow.window.layout import Int64

ADDRESSES = len(KINDS)
"""Addresses have handles too, though no rules are judged on them."""
SORTS = (*KINDS, "address")


class Names:
    """A handle is the number of the first line of a key's block: 1 and up, so many apart as the block has lines.

    ``lines``: of the blocks of each kind; addresses have one. ``text``: by handle.
    """

    def __init__(self, lines: Int64) -> None:
        self.text: list[str | None] = [None]
        self.lines = [*lines.tolist(), 1]
        self._sort = bytearray(1)
        self._free: list[list[int]] = [[] for _ in self.lines]
        self._handles = [_Handles(self, sort) for sort in range(len(self.lines))]

    def __len__(self) -> int:
        """Lines in use by blocks, the first (nobody's) included."""
        return len(self.text)

    def handles(self, sort: int, ids: Iterable[str | None]) -> list[int]:
        """The handle of each id, given out on first sight; 0 for None. ``sort``: place in SORTS."""
        return list(map(self._handles[sort].__getitem__, ids))

    def known(self, sort: int, text: str) -> int:
        """The handle of an id, 0 where it has none."""
        return self._handles[sort].get(text, 0)

    def new(self, sort: int, text: str) -> int:
        """A handle for an id that has none."""
        if self._free[sort]:
            handle = self._free[sort].pop()
        else:
            handle = len(self.text)
            self.text += [None] * self.lines[sort]
            self._sort += bytes([sort]) * self.lines[sort]
        self.text[handle] = text
        return handle

    def forget(self, handles: Iterable[int]) -> None:
        """Handles whose blocks are empty and that nothing mentions."""
        for handle in handles:
            sort = self._sort[handle]
            del self._handles[sort][self.text[handle]]
            self.text[handle] = None
            self._free[sort].append(handle)

    def sort_of(self, handle: int) -> int:
        """Kind of key behind a handle, as in SORTS."""
        return self._sort[handle]

    def all(self, sort: int) -> list[int]:
        """Handles of all ids of a sort."""
        return [h for h in self._handles[sort].values() if h]

    def counts(self) -> dict[str, int]:
        """How many ids of each sort have a handle."""
        return {name: len(known) - 1 for name, known in zip(SORTS, self._handles, strict=True)}

    def lines_of(self, handles: Sequence[int]) -> list[int]:
        """Lines of the block of each handle."""
        return [self.lines[self._sort[h]] for h in handles]


class _Handles(dict[str | None, int]):
    """Id -> handle of one sort; looking up gives one out, in a single pass over a column at the speed of a dict."""

    def __init__(self, names: Names, sort: int) -> None:
        super().__init__({None: 0})
        self._names, self._of = names, sort

    def __missing__(self, text: str | None) -> int:
        assert text is not None  # noqa: S101 - None is in from the start
        handle = self[text] = self._names.new(self._of, text)
        return handle
