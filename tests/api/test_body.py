"""Hostile bodies: refused by field and code, without an echo and in little time."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.body import depth, parse
from api.errors import Refused
from api.routes.score import ScoreBody

GOOD = {
    "application_id": "AP1",
    "merchant_id": "M1",
    "amount": 5_000_000,
    "currency": "CNY",
    "as_of": "2025-06-15T16:00:00+00:00",
}


def _refusal(body: bytes, max_depth: int = 8) -> tuple[int, str, list[tuple[str, str]]]:
    with pytest.raises(Refused) as refused:
        parse(ScoreBody, body, max_depth)
    answer = refused.value.answer
    return answer.status, answer.code, [(f.field, f.code) for f in refused.value.fields]


def _with(**changed: object) -> bytes:
    return json.dumps({**GOOD, **changed}, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _raw(field: str, text: str) -> bytes:
    rest = json.dumps({k: v for k, v in GOOD.items() if k != field})
    return f'{rest[:-1]}, "{field}": {text}}}'.encode()


def test_a_good_body_is_read() -> None:
    body = parse(ScoreBody, _with(), 8)
    assert (body.amount, body.currency, body.as_of.tzinfo is not None) == (5_000_000, "CNY", True)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_are_not_finite_are_told_by_field(text: str) -> None:
    assert _refusal(_raw("amount", text)) == (422, "invalid_request", [("amount", "not_finite")])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("true", "int_type"),
        ('"1_000"', "int_type"),
        ('"1000"', "int_type"),
        ("1000.5", "int_type"),
        ("1000.0", "int_type"),
        ("null", "int_type"),
        ("[1]", "int_type"),
        ("0", "greater_than"),
        ("-1", "greater_than"),
        ("1000000000000001", "less_than_equal"),
        ("9" * 400, "less_than_equal"),
    ],
)
def test_an_amount_is_a_whole_positive_number_of_minor_units(text: str, code: str) -> None:
    assert _refusal(_raw("amount", text)) == (422, "invalid_request", [("amount", code)])


def test_a_number_of_any_length_costs_nothing() -> None:
    status, _, _ = _refusal(_raw("amount", "9" * 60_000))
    assert status in (400, 422)


@pytest.mark.parametrize(
    ("as_of", "code"),
    [
        ("2025-06-15T16:00:00", "timezone_aware"),
        ("2025-06-15", "time_form"),
        ("2025-06-15 16:00:00Z", "time_form"),
        ("1750000000", "time_form"),
        (1750000000, "time_form"),
        (True, "time_form"),
        (None, "time_form"),
        ("2025-13-15T16:00:00Z", "time_form"),
        ("2025-02-29T16:00:00Z", "time_form"),
        ("2025-06-15T24:00:00Z", "time_form"),
        ("0000-06-15T16:00:00Z", "time_form"),
        ("2025-06-15T16:00:00+99:00", "time_form"),
        ("2025-06-15T16:00:00.123456789Z", "time_form"),
        ("٢٠٢٥-06-15T16:00:00Z", "time_form"),
    ],
)
def test_a_time_needs_its_form_and_a_zone(as_of: object, code: str) -> None:
    status, _, fields = _refusal(_with(as_of=as_of))
    assert (status, fields) == (422, [("as_of", code)])


@pytest.mark.parametrize(
    ("id_", "code"),
    [
        ("", "string_too_short"),
        ("x" * 129, "string_too_long"),
        (" M1", "id_form"),
        ("Ｍ１", "id_form"),
        ("M\u202e1", "id_characters"),
        ("M\u200b1", "id_characters"),
        ("M\x001", "id_characters"),
        ("M\n1", "id_characters"),
        (7, "string_type"),
        (None, "string_type"),
    ],
)
def test_an_id_is_short_visible_and_in_its_one_form(id_: object, code: str) -> None:
    for field in ("application_id", "merchant_id"):
        assert _refusal(_with(**{field: id_})) == (422, "invalid_request", [(field, code)])


@pytest.mark.parametrize("currency", ["cny", "XXX", "RMB", "", "CNYY", "人民币"])
def test_a_currency_is_a_code_of_the_standard(currency: str) -> None:
    status, _, fields = _refusal(_with(currency=currency))
    assert (status, [f for f, _ in fields]) == (422, ["currency"])


def test_unknown_missing_and_repeated_fields_are_told_by_name() -> None:
    assert _refusal(_with(sum=1))[2] == [("sum", "extra_forbidden")]
    assert _refusal(b"{}")[2] == [(field, "missing") for field in GOOD]
    twice = _raw("amount", '1, "amount": 2')
    assert _refusal(twice) == (422, "invalid_request", [("amount", "repeated")])
    escaped = _raw("amount", '1, "\\u0061mount": 2')
    assert _refusal(escaped) == (422, "invalid_request", [("amount", "repeated")])


def test_a_field_name_that_may_be_personal_is_not_repeated() -> None:
    for name in ("110101199003071234", "张三", "a@b.cn", "Ab", "x" * 65):
        assert _refusal(_with(**{name: 1}))[2] == [("?", "extra_forbidden")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"null x",
        b"{",
        b'{"a":1,}',
        b"{'a':1}",
        b"\xff\xfe{\x00}\x00",
        b'{"a": "\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"application_id": "\\ud800"}',
        b'{"a": 01}',
        b'{"a": "unterminated',
        b'{"a": "line\nbreak"}',
    ],
)
def test_what_is_not_json_in_utf8_is_400(body: bytes) -> None:
    assert _refusal(body) == (400, "invalid_json", [])


@pytest.mark.parametrize("body", [b"[]", b"1", b'"text"', b"null", b"true", b"NaN"])
def test_json_that_is_no_object_is_422(body: bytes) -> None:
    assert _refusal(body)[0] == 422


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":[', b'{"\\"":'])
def test_deep_nesting_is_refused_before_it_is_parsed(opening: bytes) -> None:
    assert _refusal(opening * 20_000)[1] == "too_deep"
    assert _refusal(b'{"a":' * 9 + b"1" + b"}" * 9)[1] == "too_deep"
    assert _refusal(b'{"a":' * 8 + b"1" + b"}" * 8)[1] == "invalid_request"


def test_brackets_inside_strings_are_not_nesting() -> None:
    assert depth(b'{"a": "[[[[[[[[[[[[", "b\\"[[[[": 1}') == 1
    assert depth(b'{"a": "[[[[') == 1
    assert depth(b'{"a": "[[\\') == 1


def _deepest(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((_deepest(v) for v in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_deepest(v) for v in value), default=0)
    return 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_depth_is_what_a_parser_finds(value: object) -> None:
    assert depth(json.dumps(value).encode()) == _deepest(value)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | JSON.map(lambda v: json.dumps(v).encode()))
@example(b"[" * 60_000)
@example(b'"' + b"\\" * 60_000)
@example(b'"' + b'\\"' * 30_000)
@example(b'"' + b'\\"' * 30_000 + b"\\")
def test_any_bytes_are_read_or_refused_and_never_a_fault(body: bytes) -> None:
    try:
        parse(ScoreBody, body, 8)
    except Refused as refused:
        assert refused.answer.status in (400, 422)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(GOOD)), JSON, min_size=1))
def test_no_value_of_a_refused_body_is_in_what_is_told(changed: dict[str, object]) -> None:
    try:
        parse(ScoreBody, json.dumps({**GOOD, **changed}).encode(), 8)
    except Refused as refused:
        for field in refused.fields:
            assert field.field == "?" or field.field.split(".")[0] in {*GOOD, "body"}
            assert field.code.replace("_", "").isalpha()
