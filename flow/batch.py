"""Lines of events to checked events and to columns, about as fast as JSON can be read.

The usual case is checked for a whole chunk at once: every line decodes, all bytes are plain ASCII without a backslash,
and the lines have exactly as many quotation marks as the events written anew (a field named twice would leave some
over). Only where that does not hold are lines looked at one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as default
from datetime import UTC
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from flow.events import ONE_OF, AnyEvent, Event, body, digest, encode, epoch_ms
from flow.refusals import Refusal, of_error
from graph.currencies import DECIMALS
from ingest.text import invisible

LONGEST_LINE = 16_384
"""Bytes of a line; longer ones are refused."""
LATEST_US = 4_102_444_800_000_000
"""2100-01-01 in epoch microseconds: times before 1970 and from here on are refused."""

_DECODER = msgspec.json.Decoder(AnyEvent)
_decode = _DECODER.decode
_BOM = b"\xef\xbb\xbf"
_currency = attrgetter("currency")
_CURRENCIES = {*DECIMALS, None}


@dataclass(frozen=True)
class Decoded:
    """Events in the order of their lines; of each its body (its one form, see flow.events.body) and its line; and the
    lines that were refused."""

    events: list[Event]
    bodies: list[bytes]
    lines: list[int]
    refusals: list[Refusal]


@dataclass
class EventBatch:
    """Events as columns, in the order they arrived. ``ts`` in epoch ms; ``type`` the place in TYPES; ``amount`` in
    minor units, -1 where there is none; in the other columns None where there is none. Transfers have their source in
    ``account`` and their destination in ``counter``; ``status`` is a parcel's status or a notice's severity;
    ``digest`` tells whether two events of one id are the same."""

    event_id: list[str]
    ts: npt.NDArray[np.int64]
    type: npt.NDArray[np.int8]
    amount: npt.NDArray[np.int64]
    currency: list[str | None]
    merchant: list[str | None]
    buyer: list[str | None]
    device: list[str | None]
    address: list[str | None]
    account: list[str | None]
    counter: list[str | None]
    loan: list[str | None]
    order: list[str | None]
    purpose: list[str | None]
    status: list[str | None]
    channel: list[str | None] = default(default_factory=list)
    code: list[str | None] = default(default_factory=list)
    digest: list[bytes] = default(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("channel", "code", "digest"):  # what few look at may be left out
            if not getattr(self, name):
                setattr(self, name, [b"" if name == "digest" else None] * len(self.event_id))

    def __len__(self) -> int:
        return len(self.event_id)

    def take(self, index: npt.NDArray[np.intp] | Sequence[int]) -> EventBatch:
        """The events at these places, in that order."""
        at = np.asarray(index, dtype=np.intp)
        places = at.tolist()
        taken: dict[str, Any] = {}
        for name, values in self._columns():
            taken[name] = values[at] if isinstance(values, np.ndarray) else [values[i] for i in places]
        return EventBatch(**taken)

    @staticmethod
    def concat(batches: Sequence[EventBatch]) -> EventBatch:
        """One batch after the other."""
        if not batches:
            return columns([])
        whole: dict[str, Any] = {}
        for name, first in batches[0]._columns():
            parts = [getattr(b, name) for b in batches]
            whole[name] = np.concatenate(parts) if isinstance(first, np.ndarray) else [v for p in parts for v in p]
        return EventBatch(**whole)

    def _columns(self) -> Iterator[tuple[str, Any]]:
        return iter(vars(self).items())


def decode_lines(data: bytes, first_line: int = 1) -> tuple[EventBatch, list[Refusal]]:
    """NDJSON to columns, with the lines that were refused (numbered from ``first_line``); good lines go on."""
    decoded = decode(data, first_line)
    return columns(decoded.events, decoded.bodies), decoded.refusals


def decode(data: bytes, first_line: int = 1) -> Decoded:
    """NDJSON to events. Lines end in LF or CRLF, blank ones are passed over, a byte order mark may stand first."""
    lines = (data.removeprefix(_BOM) if first_line == 1 else data).split(b"\n")
    if not lines[-1]:
        lines.pop()
    try:
        events: list[Event] = [_decode(line) for line in lines]
    except (ValueError, RecursionError):
        return _one_by_one(lines, first_line)
    if not data.isascii() or b"\\" in data or b"\x7f" in data:
        return _one_by_one(lines, first_line)
    bodies = [encode(e) for e in events]
    if not _plain(data, lines, events, bodies):
        return _one_by_one(lines, first_line)
    for i, event in enumerate(events):
        if event.ts.tzinfo is not UTC or event.v is not None:
            bodies[i] = body(event)
    return Decoded(events, bodies, list(range(first_line, first_line + len(lines))), [])


def _plain(data: bytes, lines: list[bytes], events: list[Event], bodies: list[bytes]) -> bool:
    """Whether all is well with lines of plain ASCII; False says only that they must be looked at one by one.

    A field that is named twice, null or written with an escape has quotation marks that the event written anew has
    not; it never has more than the line.
    """
    if b"".join(bodies).count(b'"') != data.count(b'"') or max(map(len, lines), default=0) > LONGEST_LINE:
        return False
    if set(map(_currency, events)) - _CURRENCIES or not all(_whole(e) for e in events if type(e) in ONE_OF):
        return False
    us = _epoch_us(events)
    return not (us % 1000).any() and (not len(us) or bool(us.min() >= 0 and us.max() < LATEST_US))


def decode_stored(bodies: bytes) -> list[Event]:
    """Events out of bodies joined by line feeds, as the journal keeps them: they were checked when they came."""
    return list(_DECODER.decode_lines(bodies))


def times_of(events: Sequence[Event]) -> npt.NDArray[np.int64]:
    """Times in epoch ms."""
    return _epoch_us(events) // 1000


def _epoch_us(events: Sequence[Event]) -> npt.NDArray[np.int64]:
    """Times as epoch microseconds. Exact from 1970 to 2100: there a double of seconds is within 0.25 us."""
    seconds = np.array([e.ts.timestamp() for e in events], np.float64)
    return np.rint(seconds * 1e6).astype(np.int64)


def _one_by_one(lines: list[bytes], first_line: int) -> Decoded:
    decoded = Decoded([], [], [], [])
    for number, line in enumerate(lines, first_line):
        if not line.strip(b" \t\r"):
            continue
        event = _one(line, number)
        if isinstance(event, Refusal):
            decoded.refusals.append(event)
        else:
            decoded.events.append(event)
            decoded.bodies.append(body(event))
            decoded.lines.append(number)
    return decoded


def _one(line: bytes, number: int) -> Event | Refusal:
    if len(line) > LONGEST_LINE:
        return Refusal(number, "line_too_long")
    try:
        event: Event = _decode(line)
    except (ValueError, RecursionError) as error:
        return of_error(number, error)
    names = [name for name, _ in json.loads(line, object_pairs_hook=list)]  # flat, or it had not decoded
    if len(set(names)) < len(names):
        return Refusal(number, "duplicate_key", next(n for n in names if names.count(n) > 1))
    if event.ts.microsecond % 1000:
        return Refusal(number, "time_precision", "ts")
    if not 0 <= epoch_ms(event.ts) * 1000 < LATEST_US:
        return Refusal(number, "range", "ts")
    if not _whole(event):
        return Refusal(number, "missing", ONE_OF[type(event)][0])
    if _currency(event) not in _CURRENCIES:
        return Refusal(number, "currency", "currency")
    for name in type(event).__struct_fields__:
        value = getattr(event, name)
        if isinstance(value, str) and not _readable(value):
            return Refusal(number, "characters", name)
    return event


def _whole(event: Event) -> bool:
    """Whether one of each group of fields is there of which one must be."""
    return type(event) not in ONE_OF or any(getattr(event, name) for name in ONE_OF[type(event)])


_SEEN: set[str] = set(map(chr, range(0x20, 0x7F)))  # characters known to be fit; at most all of Unicode


def _readable(text: str) -> bool:
    """Whether no character of a text is invisible: two ids that differ in one would look the same to a person."""
    if _SEEN.issuperset(text):
        return True
    if invisible(text):
        return False
    _SEEN.update(text)
    return True


def columns(events: Sequence[Event], bodies: Sequence[bytes] | None = None) -> EventBatch:
    """Events as columns; ``bodies``: of each, where they are at hand."""

    def of(name: str) -> list[Any]:
        return list(map(attrgetter(name), events))

    def first_of(name: str, other: str) -> list[Any]:
        return [a or b for a, b in zip(of(name), of(other), strict=True)]

    return EventBatch(
        event_id=of("event_id"),
        ts=times_of(events),
        type=np.array(of("kind"), np.int8),
        amount=np.array(of("amount"), np.int64),
        currency=of("currency"),
        merchant=of("merchant_id"),
        buyer=of("buyer_id"),
        device=of("device_id"),
        address=of("address_id"),
        account=first_of("account_id", "src"),
        counter=of("dst"),
        loan=of("loan_id"),
        order=of("order_id"),
        purpose=of("purpose"),
        status=first_of("status", "severity"),
        channel=of("channel"),
        code=of("code"),
        digest=[digest(b) for b in (map(body, events) if bodies is None else bodies)],
    )
