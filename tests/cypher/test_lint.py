"""The lint lets the common spelling through and refuses the rest, with the place and a code."""

from __future__ import annotations

import pytest

from cypher.catalogue import Question, read_question
from cypher.errors import LintError
from graph.store.questions import questions, vocabulary
from tests.cypher.mutants import MUTANTS, plain_hops

WORDS = vocabulary()

TWO_HOPS = """// Who got money from whoever got it from an account.
// params: id STRING, limit INT64
// returns: last STRING, tid STRING
MATCH (a:Account {id: $id})-[t1:TRANSFER]->(b:Account)
WHERE b.id <> a.id
WITH a, b, t1
MATCH (b)-[t2:TRANSFER]->(c:Account)
WHERE t2.ts > t1.ts AND c.id <> a.id
RETURN c.id AS last, t2.id AS tid
ORDER BY tid LIMIT $limit
"""

PARTS = """// Sums per currency.
// params: limit INT64
// returns: id STRING, currency STRING, total INT64
MATCH (a:Account)-[t:TRANSFER]->(b:Account)
WITH a, t.currency AS currency, coalesce(sum(t.amount), 0) AS total
WHERE total > 0
RETURN a.id AS id, currency, total
ORDER BY id, currency LIMIT $limit
"""


def refused(text: str) -> LintError:
    with pytest.raises(LintError) as caught:
        read_question("mine", text, WORDS)
    return caught.value


def changed(base: str, old: str, new: str) -> str:
    assert old in base
    return base.replace(old, new, 1)


def test_the_common_spelling_is_accepted() -> None:
    found = read_question("mine", TWO_HOPS, WORDS)
    assert found.params == (("id", "STRING"), ("limit", "INT64"))
    assert found.columns == ("last", "tid")
    assert read_question("mine", PARTS, WORDS).doc == "Sums per currency."


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("two_hops", "->(b:Account)\n", "->(b:Account)-[t9:TRANSFER]->(z:Account)\n"),
        ("comma", "->(b:Account)\n", "->(b:Account), (z:Account)\n"),
        ("no_with_between", "WITH a, b, t1\n", ""),
        ("unbound_start", "MATCH (b)-[t2", "MATCH (z:Account)-[t2"),
        ("bound_not_bare", "MATCH (b)-[t2", "MATCH (b:Account)-[t2"),
        ("late_condition", "t2.ts > t1.ts", "t1.amount > 5"),
        ("late_condition", "WITH a, b, t1\n", "WITH a, b, t1\nWHERE t1.amount > 5\n"),
        ("variable_length", "[t2:TRANSFER]", "[t2:TRANSFER*1..3]"),
        ("variable_length", "[t2:TRANSFER]->", "[t2:TRANSFER]->+"),
        ("undirected", "]->(c", "]-(c"),
        ("undirected", "(b)-[t2", "(b)<-[t2"),
        ("two_labels", "c:Account", "c:Account:Device"),
        ("unnamed_edge", "[t2:TRANSFER]", "[:TRANSFER]"),
        ("unnamed_edge", "[t2:TRANSFER]", "[t2]"),
        ("unnamed_edge", "-[t2:TRANSFER]->", "-->"),
        ("unnamed_node", "(c:Account)", "(:Account)"),
        ("path", "MATCH (b)-[t2", "MATCH p = (b)-[t2"),
        ("path", "MATCH (b)-[t2:TRANSFER]->(c:Account)", "MATCH shortestPath((b)-[t2:TRANSFER]->(c:Account))"),
        ("inline_where", "[t2:TRANSFER]", "[t2:TRANSFER {ts: 3}]"),
        ("inline_where", "(c:Account)", "(c:Account WHERE c.id <> a.id)"),
        ("self_loop", "->(c:Account)", "->(b)"),
        ("repeated_name", "[t2:TRANSFER]", "[t1:TRANSFER]"),
        ("alias_of_variable", "c.id AS last", "c.id AS c"),
        ("renamed", "WITH a, b, t1", "WITH a, b AS q, t1"),
        ("returns_node", "c.id AS last", "c"),
        ("no_alias", "c.id AS last", "c.id"),
        ("star", "RETURN c.id AS last, t2.id AS tid", "RETURN *"),
        ("map_or_list", "c.id AS last", "{id: c.id} AS last"),
        ("map_or_list", "c.id <> a.id", "c.id IN ['x']"),
        ("function", "c.id AS last", "id(c) AS last"),
        ("function", "c.id AS last", "labels(c) AS last"),
        ("function", "c.id AS last", "type(t2) AS last"),
        ("function", "c.id <> a.id", "toLower(c.id) <> a.id"),
        ("function", "c.id AS last", "avg(t2.amount) AS last"),
        ("string_plus", "c.id AS last", "c.id + a.id AS last"),
        ("chained_comparison", "t2.ts > t1.ts", "t2.ts > t1.ts > 0"),
        ("optional_parameter", "c.id <> a.id", "($id IS NULL OR c.id <> a.id)"),
        ("undeclared_parameter", "c.id <> a.id", "c.id <> $other"),
        ("unused_parameter", "id STRING, limit", "id STRING, more INT64, limit"),
        ("parameter_arithmetic", "t2.ts > t1.ts", "t2.ts > $limit * $limit"),
        ("parameter_arithmetic", "t2.ts > t1.ts", "t2.ts > $limit + 100"),
        ("no_limit", " LIMIT $limit", ""),
        ("limit_without_order", "ORDER BY tid LIMIT", "LIMIT"),
        ("type", "ORDER BY tid LIMIT $limit", "ORDER BY tid LIMIT $id"),
        ("order_key", "ORDER BY tid", "ORDER BY t2.ts"),
        ("order_without_limit", "WITH a, b, t1", "WITH a, b, t1 ORDER BY t1.id"),
        ("unknown_kind", "c:Account", "c:Acount"),
        ("unknown_type", "[t2:TRANSFER]", "[t2:TRANSFERS]"),
        ("unknown_property", "t2.ts > t1.ts", "t2.Ts > t1.ts"),
        ("unknown_property", "{id: $id}", "{name: $id}"),
        ("unknown_variable", "t2.ts > t1.ts", "t2.ts > t0.ts"),
        ("impossible_hop", "c:Account", "c:Device"),
        ("type", "t2.ts > t1.ts", "t2.ts > c.id"),
        ("type", "t2.ts > t1.ts", "t2.ts"),
        ("returns", "last STRING, tid", "tid STRING, last"),
        ("returns", "last STRING", "last INT64"),
        ("open_anchor", "(a:Account {id: $id})", "(a {id: $id})"),
        ("not_a_question", "WITH a, b, t1", "SET a.bank = 'x' WITH a, b, t1"),
        ("not_a_question", "MATCH (a:Account", "CALL db.labels() MATCH (a:Account"),
        ("hint", "RETURN c.id", "HINT (b JOIN t2) JOIN c RETURN c.id"),
        ("escaped_name", "c.id AS last", "c.`id` AS last"),
        ("unreadable", "t2.ts > t1.ts", "t2.ts ~ t1.ts"),
        ("unreadable", "RETURN c.id AS last", "RETURN 'c AS last"),
        ("no_return", "RETURN c.id AS last, t2.id AS tid\nORDER BY tid LIMIT $limit\n", ""),
        ("after_return", "LIMIT $limit", "LIMIT $limit MATCH (x:Account)"),
        ("header", "// params: id STRING, limit INT64\n", ""),
        ("header", "id STRING, limit", "id TEXT, limit"),
        ("header", "account.\n", "account\n"),
        ("header", "// returns", "// hint: use an index\n// returns"),
    ],
)
def test_what_stores_answer_differently_is_refused(code: str, old: str, new: str) -> None:
    assert refused(changed(TWO_HOPS, old, new)).code == code


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("bare_sum", "coalesce(sum(t.amount), 0)", "sum(t.amount)"),
        ("mixed_currencies", "t.currency AS currency", "t.channel AS currency"),
        ("no_tie_break", "ORDER BY id, currency", "ORDER BY total DESC, currency"),
        ("nested_aggregate", "coalesce(sum(t.amount), 0)", "coalesce(sum(count(t.id)), 0)"),
        ("mixed_types", "coalesce(sum(t.amount), 0)", "CASE WHEN t.ts > 1 THEN 1 ELSE 'x' END"),
        ("type", "coalesce(sum(t.amount), 0)", "coalesce(sum(t.amount), 'x')"),
    ],
)
def test_sums_and_orders_are_checked(code: str, old: str, new: str) -> None:
    assert refused(changed(PARTS, old, new)).code == code


def test_an_edge_is_not_found_by_its_id_alone() -> None:
    text = """// A transfer.
// params: tid STRING
// returns: n INT64
MATCH (a:Account)-[t:TRANSFER]->(b:Account)
WHERE t.id = $tid
RETURN count(*) AS n
"""
    assert refused(text).code == "edge_by_id"
    anchored = text.replace("tid STRING", "src STRING, tid STRING").replace("(a:Account)", "(a:Account {id: $src})")
    assert read_question("mine", anchored, WORDS).name == "mine"


def test_the_error_says_where() -> None:
    error = refused(changed(TWO_HOPS, "t2.ts > t1.ts", "t1.amount > 5"))
    assert (error.line, error.column) == (8, 7)
    assert str(error).startswith("mine.cypher:8:7: ")


@pytest.mark.parametrize(
    "where",
    [
        "EXISTS { (c)-[u:USED_DEVICE]->(d:Device) WHERE d.device_type = 'phone' }",
        "NOT EXISTS { MATCH (c)-[u:USED_DEVICE]->(d:Device) }",
        "COUNT { (c)-[u:TRANSFER]->(x:Account) WHERE u.ts > t2.ts } >= 2",
        "CASE WHEN t2.amount IS NULL THEN FALSE ELSE t2.amount > 5 END",
        "(c.bank IS NOT NULL OR c.id STARTS WITH 'A//' XOR t2.channel CONTAINS '`')",
        "t2.amount * (1.0 - 0.5) <= t1.amount / 2",
    ],
)
def test_what_both_stores_do_alike_is_accepted(where: str) -> None:
    read_question("mine", changed(TWO_HOPS, "c.id <> a.id", f"c.id <> a.id AND {where}"), WORDS)


def test_comments_and_strings_do_not_hide_or_make_code() -> None:
    text = changed(TWO_HOPS, "WITH a, b, t1\n", "// WITH a, b, t1\n/* WITH a, b, t1 */\n")
    assert refused(text).code == "no_with_between"
    quoted = changed(TWO_HOPS, "c.id <> a.id", "c.id <> 'MATCH (x)--(y), $nothing // `'")
    read_question("mine", quoted, WORDS)


def mutable() -> list[Question]:
    return [q for q in questions().values() if plain_hops(q.text)]


def test_the_ordinary_spelling_of_every_question_is_refused() -> None:
    tried = 0
    for question in mutable():
        header = (
            f"// {question.doc}\n// params: {_columns(question.params)}\n// returns: {_columns(question.returns)}\n"
        )
        assert read_question(question.name, header + question.text, WORDS).text == question.text
        for name, mutate in MUTANTS.items():
            text = mutate(question.text)
            if text is None or text == question.text:
                continue
            tried += 1
            with pytest.raises(LintError) as caught:
                read_question(question.name, header + text, WORDS)
            assert caught.value.code in ("two_hops", "comma", "no_with_between"), (question.name, name)
    assert tried > 100


def _columns(columns: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{n} {t}" for n, t in columns) or "none"
