"""Lines become events, or are refused with a code, a line and a field; nothing hostile gets through or breaks it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow import batch
from flow.batch import LONGEST_LINE, EventBatch, columns, decode, decode_lines
from flow.events import CLASSES, TYPES, body, digest, epoch_ms
from flow.refusals import CODES, FIELDS, Refusal
from tests.flow.events.lines import ONE_OF_EACH, event, line, mixed

GOOD = line(event_id="good")


def refused(bad: bytes) -> Refusal:
    """What becomes of a line between two good ones, which go on."""
    decoded = decode(b"\n".join([line(event_id="a"), bad, GOOD, b""]))
    assert [e.event_id for e in decoded.events] == ["a", "good"]
    assert decoded.lines == [1, 3]
    [refusal] = decoded.refusals
    assert refusal.line == 2
    assert refusal.code in CODES
    assert refusal.field is None or refusal.field in FIELDS
    return refusal


@pytest.mark.parametrize("type_", TYPES)
def test_every_type_is_taken(type_: str) -> None:
    [taken] = decode(line(type_)).events
    assert type(taken) is CLASSES[TYPES.index(type_)]
    assert json.loads(body(taken)) == event(type_, ts="2026-03-01T08:15:00.250000Z")


def test_columns_of_mixed_events() -> None:
    data = b"\n".join(line(t, f"e{i}") for i, t in enumerate(TYPES))
    found, refusals = decode_lines(data)
    assert not refusals
    assert found.event_id == [f"e{i}" for i in range(8)]
    assert found.type.tolist() == list(range(8))
    assert found.ts.tolist() == [1_772_352_900_250] * 8
    assert found.amount.tolist() == [12900, 12900, 5, 10**15, 0, -1, -1, -1]
    assert found.account == [None, None, "A1", "A1", "A1", None, None, None]
    assert found.counter == [None, None, "A2", None, None, None, None, None]
    assert found.merchant == ["M1", "M1", None, None, "M1", None, "M1", "M1"]
    assert found.status == [None, None, None, None, None, None, "signed", "severe"]
    assert found.code[7] == "FAKE_ORDERS"
    taken = found.take(np.array([2, 0]))
    assert (taken.event_id, taken.amount.tolist()) == (["e2", "e0"], [5, 12900])
    assert EventBatch.concat([taken, found]).event_id == ["e2", "e0", *found.event_id]
    assert len(EventBatch.concat([])) == 0


@pytest.mark.parametrize(
    ("bad", "code", "field"),
    [
        (b"{", "json", None),
        (b"[1]", "json", None),
        (b"17", "json", None),
        (b'"text"', "json", None),
        (GOOD + b" {}", "json", None),
        (b"[" * 10_000, "json", None),
        (b'{"a":' * 3_000, "json", None),
        (b'{"device_id":' * 1_000, "json", None),
        (line(amount=0).replace(b": 0", b": NaN"), "json", None),
        (line(amount=0).replace(b": 0", b": Infinity"), "json", None),
        (line(amount=0).replace(b": 0", b": 1e999"), "range", "amount"),
        (line(amount=0).replace(b": 0", b": " + b"9" * 5_000), "range", "amount"),
        (line(amount=-1), "range", "amount"),
        (line(amount=10**15 + 1), "range", "amount"),
        (line(amount=1.5), "wrong_type", "amount"),
        (line(amount="5"), "wrong_type", "amount"),
        (line(amount=True), "wrong_type", "amount"),
        (line(amount=None), "wrong_type", "amount"),
        (line(amount=[[[]]]), "wrong_type", "amount"),
        (line(amount=...), "missing", "amount"),
        (line(event_id=...), "missing", "event_id"),
        (line(type=...), "missing", "type"),
        (line(type="gift"), "unknown_type", "type"),
        (line(type=3), "unknown_type", "type"),
        (line(secret_13800000000=1), "unknown_field", None),
        (line(waybill="SF1"), "unknown_field", "waybill"),
        (line(kind=3), "unknown_field", None),
        (line(event_id=""), "length", "event_id"),
        (line(device_id=""), "length", "device_id"),
        (line(event_id="x" * 129), "length", "event_id"),
        (line(currency="CNYY"), "currency", "currency"),
        (line(currency="cny"), "currency", "currency"),
        (line(currency="XXX"), "currency", "currency"),
        (line(v=2), "choice", "v"),
        (line("logistics", status="lost"), "choice", "status"),
        (line("login", buyer_id=...), "missing", "merchant_id"),
        (line("login", buyer_id=None), "missing", "merchant_id"),
        (line(ts="2026-03-01T08:15:00"), "time", "ts"),
        (line(ts="yesterday"), "time", "ts"),
        (line(ts="2026-02-29T08:15:00Z"), "time", "ts"),
        (line(ts="2026-03-01T08:15:60Z"), "time", "ts"),
        (line(ts=1_772_352_900_250), "time", "ts"),
        (line(ts="2026-03-01T08:15:00.250500Z"), "time_precision", "ts"),
        (line(ts="1969-12-31T23:59:59.999Z"), "range", "ts"),
        (line(ts="2100-01-01T00:00:00Z"), "range", "ts"),
        (line(ts="0001-01-01T00:00:00+14:00"), "range", "ts"),
        (line(ts="9999-12-31T23:59:59-14:00"), "range", "ts"),
        (line(event_id="e\x00"), "characters", "event_id"),
        (line(event_id="e\n"), "characters", "event_id"),
        (line(event_id="e\x7f"), "characters", "event_id"),
        (line(merchant_id="M\u202e1"), "characters", "merchant_id"),
        (line(merchant_id="M\u200b1"), "characters", "merchant_id"),
        (line("transfer", purpose="货款\ufffd"), "characters", "purpose"),
        (GOOD.replace(b'"M1"', b'"M\\ud800"'), "json", None),
        (GOOD.replace(b'"M1"', b'"M\xff"'), "encoding", None),
        (GOOD.replace(b'"M1"', b'"M\x01"'), "json", None),
        (GOOD[:-1] + b', "amount": 1}', "duplicate_key", "amount"),
        (GOOD[:-1] + b', "event_id": "good"}', "duplicate_key", "event_id"),
        (GOOD[:-1] + b', "type": "order"}', "duplicate_key", "type"),
        (GOOD[:-1] + b', "device_id": null}', "duplicate_key", "device_id"),
        (b'{"phone": null, ' + GOOD[1:-1] + b', "phone": null}', "duplicate_key", "phone"),
        (GOOD[:-1] + b', "\\u0061mount": 1}', "duplicate_key", "amount"),
        (GOOD + b" " * LONGEST_LINE, "line_too_long", None),
    ],
)
def test_a_line_that_does_not_fit_is_refused_with_code_and_field(bad: bytes, code: str, field: str | None) -> None:
    refusal = refused(bad)
    assert (refusal.code, refusal.field) == (code, field)


def test_windows_line_ends_blank_lines_and_a_byte_order_mark_are_no_fault() -> None:
    decoded = decode(
        b"\xef\xbb\xbf" + line(event_id="a") + b"\r\n\r\n  \n" + line(event_id="b") + b"\r\n", first_line=1
    )
    assert not decoded.refusals
    assert ([e.event_id for e in decoded.events], decoded.lines) == (["a", "b"], [1, 4])


def test_a_byte_order_mark_further_down_is_a_fault_and_lines_count_from_the_first() -> None:
    decoded = decode(b"\xef\xbb\xbf" + line(event_id="a"), first_line=70)
    assert decoded.refusals == [Refusal(70, "json")]
    assert decode(b"").events == decode(b"\n\n").events == []


def test_chinese_and_escaped_text_is_taken() -> None:
    data = b"\n".join([line("transfer", purpose="货款"), line("transfer", "e2", purpose='a "b" \\ c')])
    assert [e.purpose for e in decode(data).events] == ["货款", 'a "b" \\ c']  # type: ignore[attr-defined]


def test_the_same_event_in_other_words_has_the_same_body() -> None:
    [a] = decode(line(device_id=..., ts="2026-03-01T08:15:00.250Z")).bodies
    turned = dict(reversed(list(event(device_id=None, v=1, ts="2026-03-01T16:15:00.250000+08:00").items())))
    [b] = decode(json.dumps(turned, indent=None).encode()).bodies
    [c] = decode(line(device_id=..., v=1)).bodies
    assert a == b == c
    assert digest(a) != digest(decode(line(device_id=..., amount=1)).bodies[0])


@given(st.integers(0, 4_102_444_799_999), st.sampled_from([0, 330, 480, -720, 840]))
def test_every_millisecond_survives_the_way_into_columns(ms: int, offset: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    local = moment.astimezone(timezone(timedelta(minutes=offset)))
    if local.year < 1970:
        return
    found, refusals = decode_lines(line(ts=local.isoformat()))
    assert not refusals
    assert found.ts.tolist() == [ms] == [epoch_ms(local)]


def test_the_quick_way_and_line_by_line_agree() -> None:
    lines = mixed(500)
    quick = decode(b"\n".join(lines))
    slow = batch._one_by_one(lines, 1)
    assert quick == slow
    assert columns(quick.events).digest == columns(slow.events, slow.bodies).digest


@given(st.data())
def test_a_chunk_gives_what_its_lines_give_alone(data: st.DataObject) -> None:
    good = [line(t, f"e{i}") for i, t in enumerate(ONE_OF_EACH)]
    odd = [
        GOOD[:-1] + b', "amount": 1}',
        line(currency="XXX"),
        line("login", buyer_id=...),
        line(ts="2026-03-01T08:15:00.2501Z"),
        line(event_id="\x00"),
        b"",
        b"{",
        line(device_id=None, v=1),
        line("transfer", purpose="货"),
    ]
    lines = data.draw(st.lists(st.sampled_from(good + odd), max_size=12))
    whole = decode(b"\n".join(lines) + b"\n")
    alone = [decode(one + b"\n", number) for number, one in enumerate(lines, 1)]
    assert whole.events == [e for d in alone for e in d.events]
    assert whole.bodies == [b for d in alone for b in d.bodies]
    assert whole.lines == [n for d in alone for n in d.lines]
    assert whole.refusals == [r for d in alone for r in d.refusals]


@given(st.binary(max_size=200))
def test_no_bytes_break_the_decoder(data: bytes) -> None:
    decoded = decode(data)
    assert not decoded.events
    assert all(r.code in CODES for r in decoded.refusals)
