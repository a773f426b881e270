"""The events of the last 30 days as columns of their own: what another engine is warmed from, and what is saved.

State is never saved, only events: replaying them quietly costs less than writing down all windows, and whatever reads
the columns may keep its windows in another way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from flow.window.events import Currencies, Rows
from flow.window.layout import (
    ACCOUNT,
    ADDRESS,
    BUYER,
    CLASS,
    CURRENCY,
    DEVICE,
    GIVEN,
    MERCHANT,
    OTHER,
    PAYEE,
    Int32,
    Int64,
)
from flow.window.names import ADDRESSES, Names

VERSION = b"1"
"""Of the file."""

_SORTS = ((MERCHANT, 0), (BUYER, 1), (ACCOUNT, 2), (OTHER, 2), (DEVICE, 3), (ADDRESS, ADDRESSES))
_COLUMNS = {MERCHANT: "merchant", BUYER: "buyer", ACCOUNT: "account", OTHER: "other", DEVICE: "device"}
_COLUMNS |= {ADDRESS: "address", CURRENCY: "currency"}


@dataclass(frozen=True)
class Held:
    """Rows in order (``flow.window.events.Rows``), what their handles (0: none) and currencies stand for, the ids of
    the events, and the last watermark."""

    rows: Rows
    text: Mapping[int, str]
    currencies: Sequence[str | None]
    ids: pa.ChunkedArray
    now: int

    def carried(self, names: Names, currencies: Currencies) -> Rows:
        """The rows with the handles of other names and the numbers of other currencies."""
        given = self.rows.given.copy()
        for column, sort in _SORTS:
            found, place = self._distinct(column)
            given[:, column - MERCHANT] = names.handles(sort, found, len(found))[place]
        found, place = self._distinct(CURRENCY)
        given[:, CURRENCY - MERCHANT] = np.array([currencies[code] for code in found], np.int32)[place]
        given[:, PAYEE - MERCHANT] = _payees(given)
        return Rows(self.rows.ts, self.rows.amount, given)

    def _distinct(self, column: int) -> tuple[list[str | None], npt.NDArray[np.intp]]:
        """The different texts of a column, and which of them each row has."""
        numbers, place = np.unique(self.rows.given[:, column - MERCHANT], return_inverse=True)
        if column == CURRENCY:
            return [self.currencies[n] for n in numbers.tolist()], place
        return [self.text.get(n) for n in numbers.tolist()], place

    def save(self, path: Path) -> None:
        """Write an Arrow file of dictionary-coded columns, about 40 bytes an event; all or nothing."""
        columns: dict[str, pa.Array | pa.ChunkedArray] = {
            "ts": pa.array(self.rows.ts),
            "amount": pa.array(self.rows.amount),
            "class": pa.array(self.rows.given[:, CLASS - MERCHANT].astype(np.int8)),
            "event_id": self.ids,
        }
        for column, name in _COLUMNS.items():
            found, place = self._distinct(column)
            columns[name] = pa.DictionaryArray.from_arrays(
                pa.array(place.astype(np.int32)), pa.array(found, pa.string())
            )
        table = pa.table(columns).replace_schema_metadata({b"version": VERSION, b"now": str(self.now).encode()})
        unfinished = path.with_name(f"{path.name}.unfinished")
        with pa.OSFile(str(unfinished), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        unfinished.replace(path)

    @staticmethod
    def load(path: Path) -> Held:
        """What was saved. Raises ValueError where the file is of another version or no such file."""
        try:
            with pa.OSFile(str(path), "rb") as file:
                table = pa.ipc.open_file(file).read_all()
        except pa.ArrowInvalid as error:
            raise ValueError(f"{path} holds no saved windows ({error}); replay the journal instead") from None
        metadata = table.schema.metadata or {}
        if metadata.get(b"version") != VERSION:
            raise ValueError(f"{path} was saved by another version; replay the journal instead")
        given = np.zeros((len(table), GIVEN), np.int32)
        given[:, CLASS - MERCHANT] = table["class"].to_numpy()
        text: dict[int, str] = {}
        currencies: list[str | None] = []
        for column, name in _COLUMNS.items():
            coded = table[name].combine_chunks()
            texts = currencies if column == CURRENCY else text
            texts = coded.dictionary.to_pylist()
            numbers = np.zeros(len(texts), np.int32)
            for i, one in enumerate(texts):
                if column == CURRENCY:
                    numbers[i] = len(currencies)
                    currencies.append(one)
                elif one is not None:
                    numbers[i] = len(text) + 1
                    text[len(text) + 1] = one
            given[:, column - MERCHANT] = numbers[coded.indices.to_numpy()]
        # copies: what Arrow gives cannot be written to, and the kernel would be compiled once more for it
        rows = Rows(table["ts"].to_numpy().copy(), table["amount"].to_numpy().copy(), given)
        return Held(rows, text, currencies, table["event_id"], int(metadata[b"now"]))


def _payees(given: Int32) -> Int32:
    """The payee of each row as a key of its own: none where it is the payer."""
    other: Int32 = given[:, OTHER - MERCHANT]
    return np.where(other == given[:, ACCOUNT - MERCHANT], 0, other).astype(np.int32)


def rows_from(words: Int64, halves: Int32, oldest: int, following: int) -> Rows:
    """Rows of a ring log from one number to before another, copied."""
    at = np.arange(oldest, following) & (len(words) - 1)
    given = halves[at, MERCHANT : MERCHANT + GIVEN]
    given[:, CLASS - MERCHANT] &= 0xFF  # without the hour, which is the engine's own
    return Rows(words[at, 0], words[at, 1], np.ascontiguousarray(given))
