"""The pandera schema of a feed: which typed cells may be empty, and the limits and choices they must keep to."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa

from ingest.faults import Faults
from ingest.feed import As, Column, Feed
from ingest.times import EARLIEST, LATEST

TYPED: dict[As, pa.DataType] = {
    As.ID: pa.string(),
    As.TEXT: pa.string(),
    As.MONEY: pa.int64(),
    As.INTEGER: pa.int64(),
    As.DECIMAL: pa.float64(),
    As.BOOLEAN: pa.bool_(),
    As.TIME: pa.int64(),
    As.DATE: pa.int64(),
}
_CODE = {"greater_than_or_equal_to": "range", "less_than_or_equal_to": "range", "isin": "choice"}


def _rules(column: Column) -> pandera.Column:
    low, high = column.low, column.high
    if column.parse in (As.TIME, As.DATE):
        low = EARLIEST if low is None else low
        high = LATEST if high is None else high
    checks = []
    if low is not None:
        checks.append(pandera.Check.ge(low))
    if high is not None:
        checks.append(pandera.Check.le(high))
    if column.choices:
        checks.append(pandera.Check.isin(column.choices))
    return pandera.Column(pd.ArrowDtype(TYPED[column.parse]), checks, nullable=not column.required)


@lru_cache(maxsize=128)
def schema(columns: tuple[Column, ...]) -> pandera.DataFrameSchema:
    """Pandera schema of the typed frame with these columns."""
    return pandera.DataFrameSchema({c.name: _rules(c) for c in columns}, strict=True)


def check(feed: Feed, typed: pa.Table, faults: Faults) -> None:
    """Note what pandera finds wrong with a typed chunk: ``required``, ``range``, ``choice``.

    Cells that could not be parsed are null by now; they keep the code they have.
    """
    frame = typed.to_pandas(types_mapper=pd.ArrowDtype)
    try:
        schema(feed.columns).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as found:
        cases = found.failure_cases
        for (column, rule), case in cases.groupby(["column", "check"], sort=False, dropna=False):
            code = "required" if rule == "not_nullable" else _CODE.get(str(rule).split("(")[0])
            if code is None or case["index"].isna().any():
                # The frame was built here, so this is a fault of this program and never one of the data.
                raise TypeError(f"{feed.full_name}: check {rule!r} of column {column!r} failed as a whole") from None
            where = np.zeros(typed.num_rows, dtype=np.bool_)
            where[case["index"].to_numpy(dtype=np.int64)] = True
            faults.note(where, str(column), code)
