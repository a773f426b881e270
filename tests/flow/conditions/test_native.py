"""Machine code of rules says what the plain interpreter says of the same facts."""

from __future__ import annotations

import ctypes

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from flow.conditions.formulas import Cell, formula
from flow.conditions.native import KindRules, NativeRules
from flow.facts import MEASURES, fact
from policy.interpret import truth
from policy.language import parse
from policy.ruleset import Rule
from tests.flow.window.streams import catalogue, conditions, rule

KIND = "merchant"
NUMBERS = st.one_of(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 7]), st.integers(0, 40), st.integers(0, 2**62))


MOST = {"count": 2**20, "high": 2**40}


def readable(text: str) -> bool:
    try:
        parse(text, catalogue()[KIND])
    except ValueError:
        return False
    return True


def cells_of(rules: list[Rule]) -> list[Cell]:
    return sorted({c for r in rules for n in r.when.facts for c in formula(fact(KIND, n), "CNY").cells})


def native(rules: list[Rule], cells: list[Cell], block: npt.NDArray[np.int64], *asked: int) -> list[int]:
    """Which of the rules asked (as bits) are TRUE for a block that holds these cells one after the other."""
    made = NativeRules(
        [KindRules([r.when.tree for r in rules], lambda name: formula(fact(KIND, name), "CNY"), cells.index)]
    )
    function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)(made.addresses[0])
    return [int(function(bits, block.ctypes.data)) for bits in asked]


@settings(max_examples=15, deadline=None)
@given(st.lists(conditions(KIND).filter(readable), min_size=1, max_size=5), st.data())
def test_machine_code_is_the_interpreter(texts: list[str], data: st.DataObject) -> None:
    rules = [rule(f"R{i}", KIND, text) for i, text in enumerate(texts)]
    cells = cells_of(rules)
    numbers = {c: data.draw(NUMBERS) % MOST.get(c.role, 2**31) for c in cells}
    for window in {c.window for c in cells}:  # gaps belong to as many events, and their squares to them
        gaps = data.draw(st.lists(st.integers(0, 2**27), max_size=6))
        numbers[Cell(window, "count", MEASURES["events"].classes)] = len(gaps) + 1 if gaps else data.draw(NUMBERS) % 2
        numbers[Cell(window, "gap_sum")] = sum(gaps)
        numbers[Cell(window, "gap_squares")] = sum(g * g for g in gaps)
    block = np.array([numbers[c] for c in cells], np.int64)
    row = {}
    for name in {n for r in rules for n in r.when.facts}:
        made = formula(fact(KIND, name), "CNY")
        row[name] = made.value([numbers[c] for c in made.cells])
    wanted = sum(1 << i for i, r in enumerate(rules) if truth(r.when.tree, row) is True)
    everything = (1 << len(rules)) - 1
    asked = data.draw(st.integers(0, everything))
    assert native(rules, cells, block, everything, asked) == [wanted, wanted & asked]


def test_a_sum_is_rounded_once() -> None:
    """2**53 + 1 in two halves: the double nearest to the whole, not to one of them."""
    power = "9 * 1000000000000000 + 7199254740992"  # 2**53
    rules = [rule("R", KIND, f"sum_1h = {power}"), rule("S", KIND, f"sum_1h > {power}")]
    cells = cells_of(rules)
    total = 2**53 + 1
    parts = {"amounts": 2, "high": total >> 32, "low": total & (2**32 - 1)}
    block = np.array([parts[c.role] for c in cells], np.int64)
    assert native(rules, cells, block, 3) == [1]
