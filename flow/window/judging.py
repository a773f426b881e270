"""A rule set made ready for one layout: machine code, which changes turn which rules, what an edge tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from flow.conditions.change import CHANGES, Analysis
from flow.conditions.formulas import WINDOW_MS, Formula, formula
from flow.conditions.native import KindRules, NativeRules
from flow.facts import KINDS, Fact, fact
from flow.window.layout import Layout, layout
from flow.window.memory import RulePlan
from policy.interpret import truth
from policy.ruleset import Rule, RuleSet

MOST_RULES = 63
"""Rules of one kind: each has a bit in a word."""


@dataclass(frozen=True)
class Told:
    """What an edge of one rule tells: ``index`` in the set, the names of its facts, and how each is made of cells;
    ``width``: cells of all of them; ``plain``: whether each fact is its cell."""

    index: int
    names: tuple[str, ...]
    formulas: tuple[Formula, ...]
    width: int
    plain: bool

    def facts(self, cells: Sequence[int]) -> dict[str, int | float | None]:
        """Values of the rule's facts from the cells that its edge carries."""
        if self.plain:
            return dict(zip(self.names, cells, strict=True))
        found: dict[str, int | float | None] = {}
        at = 0
        for name, made in zip(self.names, self.formulas, strict=True):
            found[name] = made.value(cells[at : at + len(made.cells)])
            at += len(made.cells)
        return found


def layout_of(rules: RuleSet) -> Layout:
    """The layout that keeps what the judged rules of a set read."""
    facts = {kind: [f for _, rule in _of_kind(rules, kind) for f in _facts(rule)] for kind in KINDS}
    return layout(facts, rules.currency, rules.utc_offset_minutes * 60_000)


class Judging:
    """``plan``: for the kernel; ``told``: [kind][bit]. Keeps the machine code alive. Raises ValueError where a kind has
    more than 63 rules."""

    def __init__(self, rules: RuleSet, layout: Layout) -> None:
        by_kind = [_of_kind(rules, kind) for kind in KINDS]
        for kind, mine in zip(KINDS, by_kind, strict=True):
            if len(mine) > MOST_RULES:
                raise ValueError(f"{len(mine)} rules on {kind}; at most {MOST_RULES} are judged together")
        self._native = NativeRules(
            [
                KindRules(
                    [rule.when.tree for _, rule in mine], partial(_formula, kind, rules.currency), columns.__getitem__
                )
                for kind, mine, columns in zip(KINDS, by_kind, layout.columns, strict=True)
            ]
        )
        self.told = [[_told(i, rule, rules.currency) for i, rule in mine] for mine in by_kind]
        self.plan = self._plan(by_kind, layout)

    def _plan(self, by_kind: list[list[tuple[int, Rule]]], layout: Layout) -> RulePlan:
        shape = len(KINDS), len(CHANGES)
        rises, depends = np.zeros(shape, np.uint64), np.zeros(shape, np.uint64)
        empty = np.zeros(len(KINDS), np.uint64)
        windows = np.zeros((len(KINDS), MOST_RULES + 1), np.int64)
        cells_at = np.zeros((len(KINDS), MOST_RULES + 1, 2), np.int64)
        cells: list[int] = []
        for k, mine in enumerate(by_kind):
            for bit, (_, rule) in enumerate(mine):
                flag = np.uint64(1 << bit)
                facts = _facts(rule)
                if truth(rule.when.tree, {f.name: None if f.nullable else 0 for f in facts}):
                    empty[k] |= flag
                for c, change in enumerate(CHANGES):
                    seen = Analysis(partial(fact, rule.on), change)
                    rises[k, c] |= flag if seen.rises(rule.when.tree) else np.uint64(0)
                    depends[k, c] |= flag if seen.depends(rule.when.tree) else np.uint64(0)
                windows[k, bit] = sum({1 << WINDOW_MS.index(f.window_ms) for f in facts})
                windows[k, bit] |= any(f.measure == "loops" for f in facts) << len(WINDOW_MS)
                start = len(cells)
                cells += [layout.columns[k][c] for made in self.told[k][bit].formulas for c in made.cells]
                cells_at[k, bit] = start, len(cells)
        code = np.array(self._native.addresses, np.int64)
        kept = np.array(cells, np.int32)
        return RulePlan(
            rises.view(np.int64), depends.view(np.int64), empty.view(np.int64), code, windows, kept, cells_at
        )


def _of_kind(rules: RuleSet, kind: str) -> list[tuple[int, Rule]]:
    return [(i, rule) for i, rule in enumerate(rules.rules) if rule.on == kind and rule.mode != "off"]


def _facts(rule: Rule) -> list[Fact]:
    return [fact(rule.on, name) for name in rule.when.facts]


def _formula(kind: str, currency: str, name: str) -> Formula:
    return formula(fact(kind, name), currency)


def _told(index: int, rule: Rule, currency: str) -> Told:
    formulas = tuple(formula(f, currency) for f in _facts(rule))
    plain = all(made.how == "count" and not made.daily for made in formulas)
    return Told(index, rule.when.facts, formulas, sum(len(made.cells) for made in formulas), plain)
