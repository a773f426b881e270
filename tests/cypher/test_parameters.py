"""Parameters are checked before a store sees them, and no error repeats a value."""

from __future__ import annotations

from typing import Any

import pytest

from cypher.catalogue import find
from cypher.errors import QuestionError
from cypher.parameters import check_params, parse_param
from graph.store.questions import questions

LOOP = questions()["fund_loop_2"]
GOOD = {"id": "a", "from_ts": 0, "window": 1, "decay": 0.1, "growth": 0.0, "limit": 5}


def code_of(params: dict[str, Any]) -> tuple[str, str | None]:
    with pytest.raises(QuestionError) as caught:
        check_params(LOOP, params)
    assert "secret" not in str(caught.value)
    return caught.value.code, caught.value.parameter


def test_right_parameters_pass_and_whole_numbers_become_doubles_where_asked() -> None:
    found = check_params(LOOP, {**GOOD, "decay": 1})
    assert found == {**GOOD, "decay": 1.0}
    assert isinstance(found["decay"], float)


def test_a_missing_parameter_is_refused_by_name() -> None:
    assert code_of({k: v for k, v in GOOD.items() if k != "window"}) == ("param_missing", "window")


def test_an_unknown_parameter_is_refused_by_name() -> None:
    assert code_of({**GOOD, "windows": 1}) == ("param_unknown", "windows")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("id", 7, "param_type"),
        ("id", None, "param_type"),
        ("id", "secret\0", "param_range"),
        ("id", "secret\ud800", "param_range"),
        ("from_ts", "secret", "param_type"),
        ("from_ts", True, "param_type"),
        ("from_ts", 1.0, "param_type"),
        ("from_ts", 2**63, "param_range"),
        ("decay", float("nan"), "param_range"),
        ("decay", float("inf"), "param_range"),
        ("decay", "secret", "param_type"),
        ("limit", -1, "param_range"),
    ],
)
def test_values_of_another_type_or_out_of_range_are_refused(name: str, value: Any, code: str) -> None:
    assert code_of({**GOOD, name: value}) == (code, name)


def test_lists_hold_one_type() -> None:
    draw = questions()["transfer_draw_count"]
    assert check_params(draw, {"ids": ("a", "b")}) == {"ids": ["a", "b"]}
    for wrong in ("a", ["a", 1], {"a"}):
        with pytest.raises(QuestionError):
            check_params(draw, {"ids": wrong})


def test_what_people_type_is_read_by_type() -> None:
    draw = questions()["transfer_draw"]
    assert parse_param(draw, "ids", "a,b") == ["a", "b"]
    assert parse_param(draw, "ids", "") == []
    assert parse_param(LOOP, "window", "600") == 600
    assert parse_param(LOOP, "decay", "0.5") == 0.5
    for name, text in (("window", "soon"), ("decay", "nan"), ("nothing", "1")):
        with pytest.raises(QuestionError):
            parse_param(LOOP, name, text)


def test_an_unknown_question_is_a_coded_error() -> None:
    with pytest.raises(QuestionError) as caught:
        find(questions(), "nothing_like_it")
    assert caught.value.code == "unknown_question"
