"""A chunk of text becomes a chunk of typed columns, as its feed says; what cannot be parsed is noted and null."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.currencies import DECIMALS
from ingest import numbers, text, times
from ingest.checks import TYPED, check
from ingest.faults import Faults
from ingest.feed import As, Column, Feed
from ingest.pseudonym import Pseudonymiser

CURRENCY = "currency"
"""The column that names the currency of a row's amounts, in every feed that has money."""

_YES = ("true", "1", "yes", "是")
_NO = ("false", "0", "no", "否")


def parse(
    feed: Feed, rows: pa.Table, tokens: Pseudonymiser, unit: times.TimeUnit, faults: Faults
) -> dict[str, pa.Array]:
    """Typed columns of a feed out of columns of text: int64 (money, times), double, bool, string (personal: tokens).

    ``rows`` has every column of the feed, as strings. What is wrong goes to ``faults``, whose rows must not be used.
    """
    typed = {c.name: _cleaned(rows, c, faults) for c in feed.columns}
    places = _decimals(feed, typed, faults)
    for c in feed.columns:
        typed[c.name] = _typed(feed, c, typed[c.name], places, unit, faults)
    check(feed, pa.table(typed), faults)
    for c in feed.columns:
        if c.personal is not None:
            clear = text.null_where(typed[c.name], faults.bad)
            typed[c.name] = tokens.tokens(c.personal, clear)
            faults.note(text.mask_of(pc.and_(pc.is_valid(clear), pc.is_null(typed[c.name]))), c.name, "personal")
    return typed


def _cleaned(rows: pa.Table, column: Column, faults: Faults) -> pa.Array:
    chunks = rows[column.name].cast(pa.string())
    values = chunks.combine_chunks() if isinstance(chunks, pa.ChunkedArray) else chunks
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], pa.string())
    limit = text.ID_LENGTH if column.parse is As.ID else text.TEXT_LENGTH
    return text.clean(values, column.name, limit, faults)


def _decimals(feed: Feed, typed: dict[str, pa.Array], faults: Faults) -> npt.NDArray[np.int64]:
    """Decimals of each row's currency; -1 where it is unknown. Fills in the feed's own currency where it is empty."""
    if not any(c.parse is As.MONEY for c in feed.columns):
        return np.zeros(0, dtype=np.int64)
    rows = len(next(iter(typed.values())))
    if CURRENCY not in typed:
        return np.full(rows, DECIMALS[feed.currency or ""], dtype=np.int64)
    codes = pc.ascii_upper(typed[CURRENCY])
    if feed.currency is not None:
        codes = pc.fill_null(codes, feed.currency)
    typed[CURRENCY] = codes
    at = pc.index_in(codes, value_set=pa.array(list(DECIMALS)))
    known = pc.is_valid(at)
    faults.note(text.mask_of(pc.and_not(pc.is_valid(codes), known)), CURRENCY, "currency")
    for c in feed.columns:
        if c.parse is As.MONEY:
            faults.excuse(~text.mask_of(known), c.name)
    places = np.append(np.array(list(DECIMALS.values()), dtype=np.int64), -1)
    return places[pc.fill_null(at, len(DECIMALS)).to_numpy(zero_copy_only=False)]


def _typed(
    feed: Feed, column: Column, values: pa.Array, places: npt.NDArray[np.int64], unit: times.TimeUnit, faults: Faults
) -> pa.Array:
    match column.parse:
        case As.ID | As.TEXT:
            return values
        case As.MONEY:
            return numbers.scaled(values, places, column.name, faults)
        case As.INTEGER:
            return numbers.integers(values, column.name, faults)
        case As.DECIMAL:
            return numbers.decimals(values, column.name, faults)
        case As.BOOLEAN:
            return _booleans(values, column.name, faults)
        case As.TIME:
            return times.times(values, feed.zone, unit, column.name, faults)
        case As.DATE:
            return times.days(values, feed.zone, column.name, faults)


def _booleans(values: pa.Array, column: str, faults: Faults) -> pa.Array:
    at = pc.index_in(pc.utf8_lower(values), value_set=pa.array(_YES + _NO))
    faults.note(text.mask_of(pc.and_(pc.is_valid(values), pc.is_null(at))), column, "boolean")
    return pc.less(at, len(_YES)).cast(TYPED[As.BOOLEAN])
