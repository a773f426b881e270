"""The common spelling: a question that passes is answered alike by every store, the others are refused with the place.

The embedded engine accepts more than it answers correctly: a condition between two edges that it plans together may be
judged against the wrong row, with rows too many and too few and no error. One hop for each MATCH, a WITH between, and
conditions at the hop they belong to, were right wherever they were tried; see docs/questions.md for the rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cypher.errors import LintError
from cypher.lint_projection import check_projection
from cypher.meaning import EdgeName, NodeName, Scope, Typing, ValueName, names_in
from cypher.parse import parse
from cypher.syntax import (
    Binary,
    Clause,
    Expr,
    Hop,
    Hops,
    Literal,
    Match,
    NodePattern,
    Param,
    Projection,
    Prop,
    Unwind,
    Var,
    conjuncts,
)
from cypher.tokens import Token
from cypher.vocabulary import Vocabulary

Columns = Sequence[tuple[str, str]]


def lint(question: str, text: str, params: Columns, returns: Columns, words: Vocabulary) -> None:
    """Check a question's text against its header and the vocabulary. Raises LintError at the first thing wrong."""
    parts = parse(question, text)
    used: set[str] = set()
    for part in parts:
        checker = _Checker(question, words, dict(params))
        checker.part(part, returns)
        used |= checker.used
    for name, _ in params:
        if name not in used:
            raise LintError("unused_parameter", question, f"parameter {name} of the header is not used", 1, 1)


class _Checker:
    def __init__(self, question: str, words: Vocabulary, params: Mapping[str, str]) -> None:
        self._question = question
        self._words = words
        self._typing = Typing(question, words, params)
        self.used: set[str] = set()

    def error(self, code: str, message: str, at: Token) -> LintError:
        return LintError(code, self._question, message, at.line, at.column)

    def part(self, clauses: list[Clause], returns: Columns) -> None:
        """One side of a UNION, or a whole question."""
        patterns = _pattern_names(clauses)
        scope: Scope = {}
        matched, pending = False, False  # a MATCH was seen at all; one was seen since the last WITH
        for clause in clauses:
            if isinstance(clause, Projection):
                scope = check_projection(self._question, self._typing, clause, scope, patterns, returns)
                self._projected(clause)
                pending = False
            elif isinstance(clause, Match):
                if pending:
                    raise self.error("no_with_between", "between two MATCH stands a WITH", clause.at)
                scope = self._match(clause, scope, first=not matched)
                matched = pending = True
            else:
                scope = self._unwind(clause, scope)

    def _projected(self, clause: Projection) -> None:
        more = [e for e in (*clause.order, clause.skip, clause.limit, clause.where) if e is not None]
        for expr in [*(i.expr for i in clause.items), *more]:
            self._note(expr)

    def _note(self, expr: Expr) -> None:
        self.used |= {e.name for e in expr.walk() if isinstance(e, Param)}

    def _unwind(self, clause: Unwind, scope: Scope) -> Scope:
        if not isinstance(clause.expr, Param) or scope:
            raise self.error("unwind", "UNWIND opens a question and takes a parameter", clause.at)
        self._note(clause.expr)
        type_ = self._typing.of(clause.expr, scope)
        if not type_.endswith("[]"):
            raise self.error("type", f"UNWIND takes a list, ${clause.expr.name} is {type_}", clause.at)
        return {clause.var: ValueName(type_[:-2])}

    def _match(self, clause: Match, before: Scope, first: bool) -> Scope:
        if not first and clause.hop.start.var not in before:
            message = "a later MATCH begins at a node that is known already"
            raise self.error("unbound_start", message, clause.hop.start.at)
        if first and clause.optional:
            raise self.error("optional_first", "OPTIONAL MATCH needs something before it", clause.at)
        scope, fresh = self._hop(clause.hop, before)
        self._anchors(clause, scope, fresh, first)
        self._where(clause.where, scope, fresh)
        return scope

    def _hop(self, hop: Hop, before: Scope) -> tuple[Scope, set[str]]:
        """The names after a hop, and which of them it brought."""
        scope, fresh = dict(before), set()
        nodes = [hop.start, *([hop.end] if hop.end else [])]
        kinds: list[frozenset[str]] = []
        for node in nodes:
            kinds.append(self._node(node, before))
            if node.var not in before:
                fresh.add(str(node.var))
        if hop.end and hop.start.var == hop.end.var:
            raise self.error("self_loop", "a hop has two ends with two names", hop.end.at)
        if hop.edge and hop.end:
            edge = hop.edge
            if edge.var is None or not edge.types:
                raise self.error("unnamed_edge", "every edge has a name and a type: -[e:TYPE]->", edge.at)
            if edge.var in before or edge.var in fresh:
                raise self.error("repeated_name", f"{edge.var} is a name already", edge.at)
            for t in edge.types:
                if t not in self._words.edges:
                    raise self.error("unknown_type", f"there is no edge type {t}", edge.at)
            source, target = (kinds[0], kinds[1]) if edge.outward else (kinds[1], kinds[0])
            pairs = [p for t in edge.types for p in self._words.pairs(t, source, target)]
            if not pairs:
                raise self.error("impossible_hop", f"no {'|'.join(edge.types)} joins such ends", edge.at)
            ends = [frozenset(a for a, _ in pairs), frozenset(b for _, b in pairs)]
            kinds = ends if edge.outward else ends[::-1]
            scope[edge.var] = EdgeName(frozenset(edge.types))
            fresh.add(edge.var)
        for node, possible in zip(nodes, kinds, strict=True):
            scope[str(node.var)] = NodeName(possible)
        for node in nodes:
            for name, value in node.properties:
                self._typing.of(Binary(node.at, "=", Prop(node.at, str(node.var), name), value), scope)
                self._note(value)
        return scope, fresh

    def _node(self, node: NodePattern, before: Scope) -> frozenset[str]:
        if node.var is None:
            raise self.error("unnamed_node", "every node has a name: (a:Kind)", node.at)
        for kind in node.kinds:
            if kind not in self._words.kinds:
                raise self.error("unknown_kind", f"there is no kind {kind}", node.at)
        known = before.get(node.var)
        if known is None:
            return frozenset(node.kinds or self._words.kinds)
        if not isinstance(known, NodeName):
            raise self.error("repeated_name", f"{node.var} is a name already, not of a node", node.at)
        if not node.bare:
            raise self.error("bound_not_bare", f"({node.var}) is known: write it bare", node.at)
        return known.kinds

    def _where(self, where: Expr | None, scope: Scope, fresh: set[str]) -> None:
        for condition in conjuncts(where):
            if self._typing.of(condition, scope) != "BOOLEAN":
                raise self.error("type", "a condition expected", condition.at)
            self._note(condition)
            if not fresh & names_in(condition):
                message = "a condition stands at the hop it belongs to; this one says nothing of what this MATCH brings"
                raise self.error("late_condition", message, condition.at)
            self._inner_hops(condition, scope)

    def _inner_hops(self, expr: Expr, scope: Scope) -> None:
        for inner in expr.walk():
            if isinstance(inner, Hops):
                if inner.hop.start.var not in scope or inner.hop.edge is None:
                    raise self.error("unbound_start", f"{inner.what} begins at a known node and has a hop", inner.at)
                inside, fresh = self._hop(inner.hop, scope)
                self._where(inner.where, inside, fresh)

    def _anchors(self, clause: Match, scope: Scope, fresh: set[str], first: bool) -> None:
        """Ids anchor at a node whose kind is given; an edge is not looked up by its id alone."""
        nodes = [n for n in (clause.hop.start, clause.hop.end) if n is not None]
        anchored, by_edge = set(), None
        for node in nodes:
            if any(name == "id" for name, _ in node.properties):
                anchored.add(node.var)
        for condition in conjuncts(clause.where):
            name = _fixed_id(condition, scope)
            if name and isinstance(scope[name], EdgeName):
                by_edge = condition
            elif name:
                anchored.add(name)
        for node in nodes:
            if node.var in anchored and node.var in fresh and not node.kinds:
                raise self.error("open_anchor", f"({node.var}) is found by its id: give its kind", node.at)
        if first and by_edge and not anchored:
            raise self.error("edge_by_id", "an edge is looked up from a node it joins, not by its id", by_edge.at)


def _fixed_id(condition: Expr, scope: Scope) -> str | None:
    """The name in ``x.id = $p`` or ``x.id IN $p``."""
    if isinstance(condition, Binary) and condition.op in ("=", "IN"):
        for a, b in ((condition.left, condition.right), (condition.right, condition.left)):
            if isinstance(a, Prop) and a.name == "id" and a.var in scope:
                constant = isinstance(b, Param | Literal)
                value = isinstance(b, Var) and isinstance(scope.get(b.name), ValueName)
                if constant or value:
                    return a.var
    return None


def _pattern_names(clauses: list[Clause]) -> set[str]:
    names: set[str] = set()
    for clause in clauses:
        if isinstance(clause, Match):
            hop = clause.hop
            names |= {n for n in (hop.start.var, hop.edge and hop.edge.var, hop.end and hop.end.var) if n}
    return names
