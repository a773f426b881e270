"""The page docs/questions.md, made from the catalogue: ``python -m graph.store.questions_page`` writes it anew."""

from __future__ import annotations

from pathlib import Path

from cypher.catalogue import Question
from graph.store.questions import questions

PAGE = Path(__file__).parent.parent.parent / "docs" / "questions.md"

CHAPTERS = (
    ("Shared devices, phones and addresses", ("device_", "phone_", "address_")),
    ("Fake-order rings", ("ring_",)),
    ("Fund loops", ("fund_loop", "transfer_", "account_")),
    ("Loan proceeds", ("loan_",)),
    ("Guarantee circles", ("guarantee_",)),
    ("Walking the graph", ("expand_", "node")),
)

INTRODUCTION = """# Questions

Made from `cypher/questions/` by `python -m graph.store.questions_page`; do not edit by hand.

Every question is one `.cypher` file and gives the same rows, in the same order, on the embedded store and on a server.
`ringfence ask QUESTION --param name=value` asks one. Times are epoch milliseconds UTC, windows milliseconds, amounts
minor units of their currency.

## The spelling

The embedded engine accepts more than it answers correctly: a condition between two edges that it plans together may be
judged against the wrong row, with rows too many and too few and no error. The spelling below is right on every store;
anything else is refused when the catalogue is loaded, with file, line, column and a code.

1. One hop in a `MATCH`, a `WITH` between two of them. No comma in a `MATCH`, no path, no variable length.
2. A later `MATCH` begins at a node that is known, written bare. A circle is closed with both ends known.
3. A condition stands in the `WHERE` of the hop that brings what it speaks of; after `WITH` only conditions on what that
   `WITH` computed.
4. Say that edges and nodes differ (`t2.ts > t1.ts`, `b.id <> a.id`): no store is relied on for it.
5. Every node and edge has a name, every edge a type and a direction. `:A|B` is fine, `:A:B` is not. A node that is
   found by its id has its kind given; an edge is looked up from a node it joins.
6. An alias never repeats the name of a node or an edge. Scalars are returned, never nodes, edges, maps or lists.
7. `coalesce(sum(x), 0)`; money is added up per currency; no `avg`; no arithmetic among parameters only.
8. `LIMIT` only after an `ORDER BY` that ends in an id; an order in `WITH` only with `LIMIT`.
9. Values are parameters. A filter that may be left out is another file. Functions: `count`, `sum`, `min`, `max`,
   `coalesce`, `collect`, `size`, and `kind(x)`, the kind of a node: ids are unique within a kind only, so where the
   kind is left open two nodes differ by id or by kind.
10. The header: the question in one sentence, `// params:`, `// returns:` with types; `// hint: join order` where the
    embedded engine gains by being told it (a walk from one node through a long edge table).

To add a question, write the file and its brute-force twin in `tests/cypher/twins.py`; the differential suite then asks
it on random hostile graphs.
"""


def page() -> str:
    """The whole page."""
    by_template: dict[str, Question] = {}
    for question in questions().values():
        by_template.setdefault(question.template, question)
    parts = [INTRODUCTION]
    for title, starts in CHAPTERS:
        parts.append(f"\n## {title}\n")
        parts += [_entry(q) for name, q in by_template.items() if name.startswith(starts)]
    left = [n for n in by_template if not n.startswith(tuple(s for _, starts in CHAPTERS for s in starts))]
    if left:
        raise ValueError(f"no chapter for {', '.join(left)}")
    return "".join(parts)


def _entry(question: Question) -> str:
    name, returns = question.template, question.returns
    more = ""
    if ":" in question.name:
        of = "for each kind" if name == "node" else "for each relation the model has"
        more = f"\nAsked as `{question.name}`, and likewise {of}.\n"
        if not name.endswith("_any"):
            more += "Returns besides, the properties of the kind or type.\n"
            returns = tuple(r for r in returns if r[0] in ("id", "src", "dst"))
    lines = [f"\n### {name}\n\n{question.doc}\n{more}"]
    params = [f"`{n}` {t}" + (f" ({question.notes[n]})" if n in question.notes else "") for n, t in question.params]
    lines.append(f"\n* Parameters: {', '.join(params) or 'none'}\n")
    lines.append(f"* Returns: {', '.join(f'`{n}` {t}' for n, t in returns)}\n")
    return "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
