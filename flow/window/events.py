"""Events as the kernel takes them: sorted rows of numbers, and the ids of the events beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from flow.events import TYPES
from flow.facts import CLASSES
from flow.window.layout import (
    ACCOUNT,
    ADDRESS,
    BUYER,
    CLASS,
    CURRENCY,
    DEVICE,
    GIVEN,
    LOOP,
    MERCHANT,
    OTHER,
    PAYEE,
    Int32,
    Int64,
)
from flow.window.names import ADDRESSES, Names

_MERCHANTS, _BUYERS, _ACCOUNTS, _DEVICES = range(4)
_TRANSFER, _LOGISTICS = TYPES.index("transfer"), TYPES.index("logistics")
_CLASS = np.array(
    [CLASSES.index({"transfer": "transfer_out", "logistics": "shipped"}.get(t, t)) for t in TYPES], np.int32
)
_SEALED = 8192


class Events(Protocol):
    """What the engine reads of a batch (``flow.batch.EventBatch``): ts in epoch ms, type the place in
    ``flow.events.TYPES``, amount in minor units or -1, ids or None; ``counter`` is a transfer's payee."""

    @property
    def event_id(self) -> Sequence[str]: ...
    @property
    def ts(self) -> npt.NDArray[np.int64]: ...
    @property
    def type(self) -> npt.NDArray[np.int8]: ...
    @property
    def amount(self) -> npt.NDArray[np.int64]: ...
    @property
    def currency(self) -> Sequence[str | None]: ...
    @property
    def merchant(self) -> Sequence[str | None]: ...
    @property
    def buyer(self) -> Sequence[str | None]: ...
    @property
    def device(self) -> Sequence[str | None]: ...
    @property
    def address(self) -> Sequence[str | None]: ...
    @property
    def account(self) -> Sequence[str | None]: ...
    @property
    def counter(self) -> Sequence[str | None]: ...
    @property
    def status(self) -> Sequence[str | None]: ...


@dataclass(frozen=True)
class DerivedLoops:
    """Fund loops that closed: one entry for each account of each loop, sorted by ts. ``event_id`` and ``ts``: of the
    transfer that closed it. Only the measure ``loops`` counts them."""

    event_id: Sequence[str]
    ts: npt.NDArray[np.int64]
    account: Sequence[str]


class Rows(NamedTuple):
    """Sorted events: ts, amount, and the columns MERCHANT to CLASS of their log rows (``flow.window.layout``)."""

    ts: Int64
    amount: Int64
    given: Int32

    def part(self, start: int, end: int) -> Rows:
        """The rows from ``start`` to before ``end``."""
        return Rows(self.ts[start:end], self.amount[start:end], self.given[start:end])


class Currencies(dict[str | None, int]):
    """Currency -> number; those that rules name come first, others are numbered as they are seen."""

    def __init__(self, named: Sequence[str]) -> None:
        super().__init__((code, i) for i, code in enumerate(named))

    def __missing__(self, code: str | None) -> int:
        number = self[code] = len(self)
        return number


def rows_of(batch: Events, names: Names, currencies: Currencies) -> Rows:
    """A batch as rows, in its order."""
    given = np.empty((len(batch.event_id), GIVEN), np.int32)
    sources = (
        (MERCHANT, _MERCHANTS, batch.merchant),
        (BUYER, _BUYERS, batch.buyer),
        (DEVICE, _DEVICES, batch.device),
        (ACCOUNT, _ACCOUNTS, batch.account),
        (OTHER, _ACCOUNTS, batch.counter),
        (ADDRESS, ADDRESSES, batch.address),
    )
    for column, sort, ids in sources:
        given[:, column - MERCHANT] = names.handles(sort, ids, len(given))
    other = given[:, OTHER - MERCHANT]
    other[batch.type != _TRANSFER] = 0
    given[:, PAYEE - MERCHANT] = np.where(other == given[:, ACCOUNT - MERCHANT], 0, other)
    numbers = map(currencies.__getitem__, batch.currency)
    given[:, CURRENCY - MERCHANT] = np.fromiter(numbers, np.int32, len(given))
    classes = _CLASS[batch.type]
    for i in np.flatnonzero(batch.type == _LOGISTICS).tolist():
        classes[i] = CLASSES.index(str(batch.status[i]))
    given[:, CLASS - MERCHANT] = classes
    return Rows(_own(batch.ts), _own(batch.amount), given)


def rows_of_loops(loops: DerivedLoops, names: Names, currencies: Currencies) -> Rows:
    """Derived loops as rows: an account, the class, nothing else."""
    given = np.zeros((len(loops.event_id), GIVEN), np.int32)
    given[:, ACCOUNT - MERCHANT] = names.handles(_ACCOUNTS, loops.account, len(given))
    given[:, CURRENCY - MERCHANT] = currencies[None]
    given[:, CLASS - MERCHANT] = LOOP
    ts = _own(loops.ts)
    return Rows(ts, np.full(len(ts), -1, np.int64), given)


def _own(column: npt.NDArray[np.int64]) -> Int64:
    """A copy that may be written to: the kernel is compiled once more for each other sort of array."""
    return np.array(column, np.int64)


def merged(a: Rows, b: Rows, ids: Sequence[str], more: Sequence[str]) -> tuple[Rows, list[str]]:
    """Two sorted lots of rows as one, with their event ids."""
    ts = np.concatenate([a.ts, b.ts])
    order = np.argsort(ts, kind="stable")
    both = [*ids, *more]
    amount, given = np.concatenate([a.amount, b.amount])[order], np.concatenate([a.given, b.given])[order]
    return Rows(ts[order], amount, given), [both[i] for i in order.tolist()]


class EventIds:
    """Ids of the events in the log by row number, packed in chunks; those of rows gone by are dropped."""

    def __init__(self) -> None:
        self._chunks: list[tuple[int, pa.StringArray]] = []
        self._open: list[str] = []
        self._next = 0  # number of the first row of the open chunk

    def add(self, ids: Sequence[str]) -> None:
        """Ids of the next rows."""
        self._open += ids
        if len(self._open) >= _SEALED:
            self._chunks.append((self._next, pa.array(self._open, pa.large_string())))
            self._next += len(self._open)
            self._open = []

    def __getitem__(self, row: int) -> str:
        if row >= self._next:
            return self._open[row - self._next]
        low, high = 0, len(self._chunks)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._chunks[middle][0] <= row else (low, middle)
        start, chunk = self._chunks[low]
        return str(chunk[row - start].as_py())

    def drop(self, oldest: int) -> None:
        """Rows before ``oldest`` are asked for no more."""
        gone = 0
        while gone < len(self._chunks) and self._chunks[gone][0] + len(self._chunks[gone][1]) <= oldest:
            gone += 1
        del self._chunks[:gone]

    def since(self, oldest: int) -> pa.ChunkedArray:
        """Ids of the rows from ``oldest`` on."""
        chunks = [chunk[max(oldest - start, 0) :] for start, chunk in self._chunks]
        rest = pa.array(self._open[max(oldest - self._next, 0) :], pa.large_string())
        return pa.chunked_array([*chunks, rest], pa.large_string())
