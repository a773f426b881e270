"""A feed: the contract of one kind of file, declared as data.

A feed says which columns a file has, how each is parsed and checked, which of them are personal, what makes a record
one and the same, and which nodes, edges and facts its rows become. Everything else (reading, checking, tokens,
quarantine, accounting, the page in the docs) is done once for all feeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class As(StrEnum):
    """How a column's text is parsed."""

    ID = "id"  # NFKC, trimmed, 1..128 characters, no control or bidirectional characters
    TEXT = "text"  # NFKC, trimmed, at most 512 characters, the same characters refused
    MONEY = "money"  # a decimal number in units of the row's currency -> integer minor units
    INTEGER = "integer"
    DECIMAL = "decimal"  # a finite number -> double
    BOOLEAN = "boolean"  # true/false, 1/0, yes/no, 是/否
    TIME = "time"  # ISO 8601, or epoch with --time-unit; naive times are in the feed's zone -> epoch ms
    DATE = "date"  # a day in the feed's zone -> epoch ms of its first moment


class Personal(StrEnum):
    """Personal data: brought to one form, then replaced by a keyed token (see ingest.pseudonym)."""

    NAME = "name"
    PHONE = "phone"
    IDENTITY = "identity"  # identity card or passport number, business licence
    CARD = "card"  # bank card or account number
    STREET = "street"
    WAYBILL = "waybill"


@dataclass(frozen=True)
class Column:
    """One column of a feed."""

    name: str
    parse: As
    doc: str
    sample: str
    required: bool = True
    personal: Personal | None = None
    choices: tuple[str, ...] = ()
    low: float | None = None  # inclusive, after parsing (money: in minor units)
    high: float | None = None


@dataclass(frozen=True)
class End:
    """An end of an edge, or a node: its kind and the column that holds its id.

    ``kind`` may be ``$column``: the kind then stands in that column (which must have choices). ``kinds``: of which
    kinds this column may hold the id (empty: any); a row that puts another kind's id here is rejected.
    """

    kind: str
    column: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class NodeRows:
    """Each row describes a node. ``properties``: model property -> column."""

    node: End
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EdgeRows:
    """Each row holds an edge; rows where either end is empty hold none.

    ``id_column`` gives the edge's own id; without it the id is made of type and ends (one edge per pair of ends).
    """

    type: str
    src: End
    dst: End
    properties: Mapping[str, str] = field(default_factory=dict)
    id_column: str | None = None


@dataclass(frozen=True)
class FactRows:
    """Each row is a fact. ``properties``: model property -> column."""

    fact: str
    id_column: str
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Feed:
    """The contract of one kind of file.

    ``key``: the columns that name a record (none: its whole content does). ``version``: the column that says when
    this version of the record came to be (its updated_ts); without it, or where it is empty, ``event_time`` does.
    ``known``: an optional column that says when we learnt it; without that column in the file, the time of the intake
    does (or, with ``--known event``, for a back-fill of history, the moment this version came to be). ``zone``: of
    naive times. ``currency``: of rows without a currency column; None: required. ``one_of``: groups of optional
    columns of which a row must fill at least one.
    """

    source: str
    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rows: tuple[NodeRows | EdgeRows | FactRows, ...]
    event_time: str
    version: str | None = None
    known: str = "known_at"
    zone: str = "Asia/Shanghai"
    currency: str | None = None
    one_of: tuple[tuple[str, ...], ...] = ()

    @property
    def full_name(self) -> str:
        """``source.name``, as in reports and receipts."""
        return f"{self.source}.{self.name}"

    def column(self, name: str) -> Column:
        """A column by name; KeyError when the feed has none of it."""
        for c in self.columns:
            if c.name == name:
                return c
        raise KeyError(name)


KNOWN_AT = Column("known_at", As.TIME, "when the bank learnt this row", "2025-12-01T04:00:00+08:00", required=False)
"""Every feed may carry it."""
