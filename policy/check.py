"""Does a rule set do what it says of itself? Reads it, runs its own tests, and says what is missing before it may be
published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice

from policy.interpret import Row, truth
from policy.language import FactType
from policy.problems import MAX_PROBLEMS, Problem, RuleSetError, problem_at
from policy.rule_fields import placeholders
from policy.ruleset import Rule, RuleSet, read
from policy.second_opinion import disagreements
from policy.toml_places import Path, Places

_NEEDED = ("text_en", "text_zh", "measure")


@dataclass(frozen=True)
class Report:
    """What came out of a check. ``rules`` is None where the text is no rule set; ``warnings`` stop nothing."""

    rules: RuleSet | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    tests: int

    @property
    def ok(self) -> bool:
        return self.rules is not None and not self.problems


def check(text: str, facts: Mapping[str, Mapping[str, FactType]], strict: bool = False) -> Report:
    """Check a set's text. A fact that a test does not give is as on a key without events: 0, or NULL.

    ``strict``, as publishing asks for: every rule says its sentences in English and Chinese and the measure, and has a
    test that fires and one that is silent; and DuckDB is asked for a second opinion of each. At most MAX_PROBLEMS
    problems, and as many warnings, are told.
    """
    try:
        rules = read(text, facts)
    except RuleSetError as why:
        return Report(None, why.problems, (), 0)
    places = Places(text)
    each = list(enumerate(rules.rules))
    problems: Iterator[Problem] = (p for i, rule in each for p in _of_rule(places, i, rule, facts[rule.on], strict))
    warnings = (p for i, rule in each for p in _worth_a_look(places, i, rule, facts[rule.on]))
    problems = chain(problems, _disputed(places, rules, facts)) if strict else problems
    tests = sum(len(r.tests.fires) + len(r.tests.silent) for r in rules.rules)
    return Report(rules, tuple(islice(problems, MAX_PROBLEMS)), tuple(islice(warnings, MAX_PROBLEMS)), tests)


def row_of(rule: Rule, given: Mapping[str, int | float], facts: Mapping[str, FactType]) -> Row:
    """The facts that a rule reads: the given ones, and the others as they are on a key without events."""
    return {name: given.get(name, None if facts[name].nullable else 0) for name in rule.when.facts}


def on_empty_key(rule: Rule, facts: Mapping[str, FactType]) -> bool | None:
    """What a rule says of a key without events. An alert is a rise from there."""
    return truth(rule.when.tree, row_of(rule, {}, facts))


def _of_rule(places: Places, number: int, rule: Rule, facts: Mapping[str, FactType], strict: bool) -> Iterator[Problem]:
    at: Path = ("rule", number)
    for wanted, rows in (("fires", rule.tests.fires), ("silent", rule.tests.silent)):
        for i, given in enumerate(rows):
            found = truth(rule.when.tree, row_of(rule, given, facts))
            if (found is True) != (wanted == "fires"):
                why = f"the condition is {'TRUE' if found else 'NULL' if found is None else 'FALSE'} here"
                yield problem_at(places, (*at, "tests", wanted, i), "test_failed", why, rule.code)
    if not strict:
        return
    for key in (k for k in _NEEDED if k in rule.defaulted):
        yield problem_at(places, at, "missing", f"a rule that is published says its {key}", rule.code)
    for wanted, rows in (("fires", rule.tests.fires), ("silent", rule.tests.silent)):
        if not rows:
            why = f"a rule that is published has a test that {wanted}"
            yield problem_at(places, (*at, "tests"), "untested", why, rule.code)


def _disputed(places: Places, rules: RuleSet, facts: Mapping[str, Mapping[str, FactType]]) -> Iterator[Problem]:
    disputed = disagreements(rules.rules, facts)
    for i, rule in enumerate(rules.rules):
        if rule.code in disputed:
            row = ", ".join(f"{name} = {value}" for name, value in disputed[rule.code].items())
            why = f"DuckDB says something else where {row}: report this, and write the condition another way"
            yield problem_at(places, ("rule", i, "when"), "disputed", why, rule.code)


def _worth_a_look(places: Places, number: int, rule: Rule, facts: Mapping[str, FactType]) -> Iterator[Problem]:
    at: Path = ("rule", number)
    if on_empty_key(rule, facts) is True:
        why = "it is true of a key without events, so it is raised only when it becomes true again"
        yield problem_at(places, (*at, "when"), "true_at_first", why, rule.code)
    for key, sentence in (("text_en", rule.text_en), ("text_zh", rule.text_zh)):
        for name in sorted(set(placeholders(sentence)) - set(rule.when.facts)):
            why = f"the condition does not read {name}, so an alert cannot say it"
            yield problem_at(places, (*at, key), "unread_fact", why, rule.code)
    for wanted, rows in (("fires", rule.tests.fires), ("silent", rule.tests.silent)):
        for i, given in enumerate(rows):
            for name in sorted(set(given) - set(rule.when.facts)):
                why = f"the rule does not read {name}"
                yield problem_at(places, (*at, "tests", wanted, i, name), "unread_fact", why, rule.code)
