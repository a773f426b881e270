"""Rule sets as TOML: what is taken, what is refused and where, and what makes two sets one version."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flow.facts import catalogue
from policy.check import check
from policy.publish import SHIPPED
from policy.ruleset import MAX_RULES, Problem, RuleSetError, canonical, read
from policy.toml_places import Places
from tests.policy.sets import FACTS, RULE


def problems(text: str) -> list[Problem]:
    with pytest.raises(RuleSetError) as caught:
        read(text, FACTS)
    return list(caught.value.problems)


def test_a_rule_is_read_as_it_is_written() -> None:
    (rule,) = read(RULE, FACTS).rules
    assert (rule.code, rule.on, rule.when.facts, rule.severity, rule.mode) == (
        "VOL",
        "merchant",
        ("orders_24h",),
        "high",
        "active",
    )
    assert rule.cooldown_ms == 6 * 3_600_000
    assert rule.tests.fires == ({"orders_24h": 21},)
    assert not rule.defaulted


def test_all_but_code_kind_and_condition_may_be_left_out() -> None:
    rules = read('[[rule]]\ncode = "A"\non = "account"\nwhen = "transfers_24h >\\n 3"', FACTS)
    (rule,) = rules.rules
    assert (rule.severity, rule.mode, rule.cooldown_ms, rule.measure) == ("medium", "active", 0, "review")
    assert rule.text_en == "A: transfers_24h > 3"
    assert rule.text_zh == "规则 A：transfers_24h > 3"
    assert (rules.currency, rules.utc_offset_minutes, rules.name) == ("CNY", 0, "rules")
    assert rule.defaulted == {"severity", "text_en", "text_zh", "measure", "tests"}


@pytest.mark.parametrize(
    ("written", "ms"),
    [("0s", 0), ("250ms", 250), ("45s", 45_000), ("30m", 1_800_000), ("6h", 21_600_000), ("1d", 86_400_000)],
)
def test_durations(written: str, ms: int) -> None:
    assert read(RULE.replace('"6h"', f'"{written}"'), FACTS).rules[0].cooldown_ms == ms


@pytest.mark.parametrize(
    ("written", "minutes"), [("+08:00", 480), ("-03:30", -210), ("+00:00", 0), ("+14:00", 840), ("-00:15", -15)]
)
def test_offsets_from_utc(written: str, minutes: int) -> None:
    assert read(f'utc_offset = "{written}"\n{RULE}', FACTS).utc_offset_minutes == minutes


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ('code = "VOL"', 'code = "VOL SPIKE"', "bad_code", 2),
        ('code = "VOL"', 'code = ""', "bad_code", 2),
        ('code = "VOL"', "code = 5", "bad_code", 2),
        ('code = "VOL"', f'code = "{"A" * 65}"', "bad_code", 2),
        ('code = "VOL"\n', "", "missing", 1),
        ('on = "merchant"', 'on = "shop"', "unknown_kind", 3),
        ('on = "merchant"', "on = [1]", "unknown_kind", 3),
        ('on = "merchant"\n', "", "missing", 1),
        ('when = "orders_24h > 20"', 'when = "order_24h > 20"', "unknown_fact", 4),
        ('when = "orders_24h > 20"', 'when = "orders_24h"', "wrong_type", 4),
        ('when = "orders_24h > 20"', "when = true", "wrong_type", 4),
        ('when = "orders_24h > 20"\n', "", "missing", 1),
        ('severity = "high"', 'severity = "High"', "bad_severity", 5),
        ('mode = "active"', "mode = true", "bad_mode", 6),
        ('cooldown = "6h"', 'cooldown = "6 h"', "bad_duration", 7),
        ('cooldown = "6h"', 'cooldown = "-6h"', "bad_duration", 7),
        ('cooldown = "6h"', "cooldown = 6", "bad_duration", 7),
        ('cooldown = "6h"', 'cooldown = "367d"', "bad_duration", 7),
        ('cooldown = "6h"', 'cooldown = "６h"', "bad_duration", 7),
        ('cooldown = "6h"', 'cooldown_ms = "6h"', "unknown_key", 7),
        ("{orders_24h} orders", "{order_24h} orders", "unknown_fact", 8),
        ("{orders_24h} orders", "{transfers_24h} orders", "unknown_fact", 8),
        ("{orders_24h} orders", "{orders_24h.__class__}", "unknown_fact", 8),
        ("{orders_24h} orders", "{orders_24h!r} orders", "unknown_fact", 8),
        ("{orders_24h} orders", "{orders_24h:>9999999}", "unknown_fact", 8),
        ("{orders_24h} orders", "{} orders", "unknown_fact", 8),
        ("{orders_24h} orders", "{orders_24h orders", "bad_placeholder", 8),
        ("{orders_24h} orders", "{{orders_24h}} orders", "bad_placeholder", 8),
        ("{orders_24h} orders", "two\\nlines", "bad_text", 8),
        ("{orders_24h} orders", "right \\u202E left", "bad_text", 8),
        ("{orders_24h} orders", " ", "bad_text", 8),
        ("{orders_24h} orders", "x" * 501, "bad_text", 8),
        ("call the owner", "call {orders_24h}", "unknown_fact", 10),
        ("orders_24h = 21", "orders_24h = 21.5", "wrong_type", 11),
        ("orders_24h = 21", "orders_24h = true", "wrong_type", 11),
        ("orders_24h = 21", "orders_24h = inf", "wrong_type", 11),
        ("orders_24h = 21", 'orders_24h = "21"', "wrong_type", 11),
        ("orders_24h = 21", "order_24h = 21", "unknown_fact", 11),
        ("fires = [{ orders_24h = 21 }]", "fires = { orders_24h = 21 }", "wrong_type", 11),
        ("fires = [", "fire = [", "unknown_key", 11),
        ("tests = {", "tests = [{", "bad_toml", 12),
        ('severity = "high"', 'severity = "high"\nseverity = "low"', "bad_toml", 6),
        ('severity = "high"', 'severtiy = "high"', "unknown_key", 5),
    ],
)
def test_what_is_wrong_is_refused_with_code_and_line(old: str, new: str, code: str, line: int) -> None:
    assert old in RULE
    found = problems(RULE.replace(old, new))
    assert [(p.code, p.line) for p in found] == [(code, line)]


@pytest.mark.parametrize(
    ("top", "code"),
    [
        ('currency = "cny"', "bad_currency"),
        ("currency = 1", "wrong_type"),
        ('utc_offset = "8"', "bad_utc_offset"),
        ('utc_offset = "+15:00"', "bad_utc_offset"),
        ('utc_offset = "+08:60"', "bad_utc_offset"),
        ('colour = "red"', "unknown_key"),
        ('name = ""', "bad_name"),
    ],
)
def test_the_top_of_a_set_is_read_as_strictly(top: str, code: str) -> None:
    assert [(p.code, p.line, p.column) for p in problems(f"{top}\n{RULE}")] == [(code, 1, 1)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("rule = 1", "wrong_type"),
        ('[rule]\ncode = "A"', "wrong_type"),
        ("rule = [1]", "wrong_type"),
        ("a = ", "bad_toml"),
        (f"a = {'[' * 100_000}", "too_deep"),
        (f"a = {'9' * 10_000}", "bad_toml"),
        ("#" * 300_000, "too_large"),
        ("\x00", "bad_toml"),
        ("when: orders", "bad_toml"),
    ],
)
def test_what_is_no_set_at_all_is_refused(text: str, code: str) -> None:
    assert [p.code for p in problems(text)] == [code]


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041"])
def test_nothing_hides_in_a_set_from_whoever_approves_it_not_even_in_a_comment(hidden: str) -> None:
    (problem,) = problems(f"# a set\n# limit {hidden} 20\n{RULE}")
    assert (problem.code, problem.line, problem.column) == ("invisible", 2, 9)


def test_a_mark_of_byte_order_may_stand_first() -> None:
    assert read("\ufeff" + RULE, FACTS) == read(RULE, FACTS)


def test_every_problem_is_told_at_once_in_the_order_of_the_file() -> None:
    text = "x = 1\n" + RULE.replace('"VOL"', '"V V"').replace('"6h"', '"x"') + RULE.replace("high", "higher")
    assert [(p.code, p.line, p.rule) for p in problems(text)] == [
        ("unknown_key", 1, None),
        ("bad_code", 3, None),
        ("bad_duration", 8, None),
        ("bad_severity", 17, "VOL"),
    ]


def test_a_code_may_stand_once_whatever_its_capitals() -> None:
    (problem,) = problems(RULE + RULE.replace("VOL", "Vol"))
    assert (problem.code, problem.line, problem.rule) == ("duplicate", 13, "Vol")


def test_at_most_63_rules_are_judged_on_a_kind() -> None:
    def many(n: int, mode: str = "active") -> str:
        rows = [
            f'[[rule]]\ncode = "R{i}"\non = "merchant"\nwhen = "orders_1h > {i}"\nmode = "{mode}"' for i in range(n)
        ]
        return "\n".join(rows)

    assert len(read(many(MAX_RULES), FACTS).rules) == 63
    assert [p.code for p in problems(many(64))] == ["too_many_rules"]
    assert len(read(many(64, "off"), FACTS).judged()) == 0


def test_the_place_inside_a_condition_of_several_lines_is_that_in_the_file() -> None:
    text = RULE.replace('"orders_24h > 20"', '"""\norders_24h > 20\n  AND nosuch > 1"""')
    assert [(p.code, p.line, p.column) for p in problems(text)] == [("unknown_fact", 6, 7)]


def test_tables_of_a_rule_may_be_written_out_below_it() -> None:
    text = (
        RULE.replace("tests = { fires = [{ orders_24h = 21 }], silent = [{ orders_24h = 20 }] }", "")
        + """
[[rule.tests.fires]]
orders_24h = 21
[[rule.tests.silent]]
orders_24h = 20
[[rule.tests.silent]]
order_24h = 20
"""
    )
    assert [(p.code, p.line, p.where) for p in problems(text)] == [
        ("unknown_fact", 18, "rule[0].tests.silent[1].order_24h")
    ]


def test_a_fact_of_another_kind_is_told_so() -> None:
    (problem,) = problems(RULE.replace('"orders_24h > 20"', '"transfers_24h > 20"'))
    assert "it is one of account, not of merchant" in problem.reason


def test_comments_layout_name_and_spelled_out_defaults_make_no_new_version() -> None:
    plain = '[[rule]]\ncode="A"\non="merchant"\nwhen="orders_24h>20 and orders_1h<>3"'
    laid_out = """
# a set
name = "other"
currency = "CNY"
[[rule]]   # the only one
when = '''orders_24h > 20
  AND orders_1h != 3'''
on = "merchant"
code = "A"
severity = "medium"
mode = "active"
cooldown = "0m"
"""
    assert read(plain, FACTS).version == read(laid_out, FACTS).version
    assert canonical(read(plain, FACTS)) == canonical(read(laid_out, FACTS))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("> 20", ">= 20"),
        ("VOL", "VOM"),
        ("high", "low"),
        ("active", "shadow"),
        ('"6h"', '"7h"'),
        ("{orders_24h} orders", "orders"),
        ("笔", "次"),
        ("call the owner", "call"),
        ("orders_24h = 21", "orders_24h = 22"),
    ],
)
def test_every_change_of_what_a_set_says_makes_a_new_version(old: str, new: str) -> None:
    assert read(RULE, FACTS).version != read(RULE.replace(old, new), FACTS).version


def test_versions_stay_what_they_are_from_release_to_release() -> None:
    """Alerts on record carry them. Where this must change, FORM is raised."""
    assert read(RULE, FACTS).version == "be6613dee6f32561"


def test_the_order_of_rules_is_part_of_the_version() -> None:
    other = RULE.replace("VOL", "B")
    assert read(RULE + other, FACTS).version != read(other + RULE, FACTS).version


def test_of_a_text_full_of_faults_a_hundred_are_told_and_no_more_is_looked_at() -> None:
    sentence = "{x}" * 160
    text = "".join(
        f'[[rule]]\ncode = "R{i}"\non = "merchant"\nwhen = "orders_1h > 1"\ntext_en = "{sentence}"\n'
        for i in range(200)
    )
    with pytest.raises(RuleSetError, match="and at least 80 more") as caught:
        read(text, FACTS)
    assert len(caught.value.problems) == 100


SHIPPED_TEXT = SHIPPED.read_text("utf-8")


@settings(max_examples=30)
@given(
    st.integers(0, len(SHIPPED_TEXT)),
    st.integers(0, 6),
    st.sampled_from(["", '"', "\n", "[", "]", "{", "9", "= ", "é"]),
)
def test_the_shipped_set_with_a_piece_changed_is_taken_or_refused_with_places(at: int, cut: int, put: str) -> None:
    text = SHIPPED_TEXT[:at] + put + SHIPPED_TEXT[at + cut :]
    report = check(text, catalogue(), strict=True)
    lines = text.split("\n")
    for problem in report.problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@given(st.text(max_size=200) | st.text(alphabet="[]{}=\"#\n\\ruleabc.1, '", max_size=120))
@example('a = """\n\\\n"""\nb = 1')
@example("'a.b'.\"c\" = [\n'x', # ]\n{d = ']'}]\ne=1")
def test_any_text_is_taken_or_refused_never_a_crash(text: str) -> None:
    try:
        read(text, FACTS)
    except RuleSetError as why:
        assert why.problems


@given(st.data())
def test_every_key_of_a_set_is_found_where_it_stands(data: st.DataObject) -> None:
    """Values are drawn to look like keys and headers; each key carries its own number as its value's neighbour."""
    values = ["1", '"x"', "'[[rule]]'", '"""\n[[rule]]\nk0 = 1\n"""', "'''\n# ' '''", "[1, # ]\n 'k=1']", '{ z = "]" }']
    drawn = data.draw(st.lists(st.lists(st.sampled_from(values), min_size=1, max_size=4), min_size=1, max_size=4))
    lines: list[str] = []
    expected: dict[tuple[str | int, ...], int] = {}
    for i, table in enumerate(drawn):
        lines.append("[[rule]] # [[rule]]")
        for j, value in enumerate(table):
            expected[("rule", i, f"k{j}")] = "\n".join(lines).count("\n") + 2
            lines.append(f"k{j} = {value} # k9 = 1")
    text = "\n".join(lines)
    tomllib.loads(text)
    places = Places(text)
    assert {path: places.key(path).line for path in expected} == expected
