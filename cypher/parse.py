"""Reading a question: clauses and patterns. Whatever cannot be read is refused with its place and the reason."""

from __future__ import annotations

from cypher.errors import LintError
from cypher.expressions import ExpressionParser
from cypher.syntax import Clause, EdgePattern, Expr, Hop, Item, Match, NodePattern, Projection, Unwind, Var

WRITES = ("CREATE", "MERGE", "SET", "DELETE", "DETACH", "REMOVE", "COPY", "LOAD", "DROP", "ALTER", "CALL", "FOREACH")
CLAUSES = ("MATCH", "OPTIONAL", "WITH", "RETURN", "UNWIND", "UNION")


def parse(question: str, text: str) -> list[list[Clause]]:
    """The clauses of a question, one list for each side of a UNION. Raises LintError."""
    return _Parser(question, text).question_text()


class _Parser(ExpressionParser):
    def question_text(self) -> list[list[Clause]]:
        parts: list[list[Clause]] = [[]]
        while self.now.kind != "end":
            if self.now.is_word("UNION"):
                self.take()
                if self.now.is_word("ALL"):
                    self.take()
                parts.append([])
            else:
                if parts[-1] and isinstance(parts[-1][-1], Projection) and parts[-1][-1].final:
                    raise self.error("after_return", "nothing follows RETURN but UNION")
                parts[-1].append(self._clause())
        for part in parts:
            if not part or not (isinstance(part[-1], Projection) and part[-1].final):
                raise self.error("no_return", "a question ends with RETURN")
        return parts

    def _clause(self) -> Clause:
        at = self.now
        if at.is_word(*WRITES):
            raise self.error("not_a_question", f"{at.text.upper()} is not allowed: questions only read")
        if at.is_word("HINT"):
            raise self.error(
                "hint", "the join order is added by the adapter: write `// hint: join order` in the header"
            )
        if at.is_word("MATCH", "OPTIONAL"):
            return self._match()
        if at.is_word("WITH", "RETURN"):
            return self._projection()
        if at.is_word("UNWIND"):
            self.take()
            expr = self.expression()
            self.expect_word("AS")
            return Unwind(at, expr, self.name("a variable"))
        raise self.error("unknown_clause", f"{at.text!r} begins no clause of the common spelling")

    def _match(self) -> Match:
        at = self.now
        optional = at.is_word("OPTIONAL")
        self.take()
        if optional:
            self.expect_word("MATCH")
        if self.now.kind == "name":
            raise self.error("path", "paths have no name and no search function here: write hops out")
        hop = self.hop()
        if self.now.is_op(","):
            raise self.error("comma", "no comma in MATCH: write a WITH and another MATCH")
        where = None
        if self.now.is_word("WHERE"):
            self.take()
            where = self.expression()
        return Match(at, optional, hop, where)

    def hop(self) -> Hop:
        start = self._node()
        if not self.now.is_op("-", "<-"):
            if self.now.is_op("<", "->"):
                raise self.error("undirected", "edges have one direction")
            return Hop(start, None, None)
        edge = self._edge()
        end = self._node()
        if self.now.is_op("-", "<-"):
            raise self.error("two_hops", "one hop in a MATCH: write a WITH and another MATCH")
        return Hop(start, edge, end)

    def _node(self) -> NodePattern:
        at = self.now
        self.expect_op("(")
        if self.now.is_op("("):
            raise self.error("variable_length", "no repeated patterns: one file for each length")
        var = self.take().text if self.now.kind == "name" else None
        kinds = self._names()
        properties: list[tuple[str, Expr]] = []
        if self.now.is_op("{"):
            self.take()
            while True:
                key = self.name("a property")
                self.expect_op(":")
                properties.append((key, self.expression()))
                if not self.now.is_op(","):
                    break
                self.take()
            self.expect_op("}")
        if self.now.is_word("WHERE"):
            raise self.error("inline_where", "conditions stand in the WHERE of the MATCH, not in the pattern")
        self.expect_op(")")
        return NodePattern(at, var, kinds, tuple(properties))

    def _edge(self) -> EdgePattern:
        at = self.take()
        inward = at.text == "<-"
        if not self.now.is_op("["):
            raise self.error("unnamed_edge", "every edge has a name and a type: -[e:TYPE]->")
        self.take()
        var = self.take().text if self.now.kind == "name" else None
        types = self._names()
        if self.now.is_op("*"):
            raise self.error("variable_length", "no variable lengths: one file for each length")
        if self.now.is_op("{") or self.now.is_word("WHERE"):
            raise self.error("inline_where", "conditions on an edge stand in the WHERE of its MATCH")
        self.expect_op("]")
        closing = self.now
        self.expect_op("-", "->")
        outward = closing.text == "->"
        if self.now.is_op("+", "*", "{"):
            raise self.error("variable_length", "no variable lengths: one file for each length")
        if inward == outward:
            raise LintError("undirected", self.question, "edges have one direction", at.line, at.column)
        return EdgePattern(at, var, types, outward)

    def _names(self) -> tuple[str, ...]:
        names: list[str] = []
        if not self.now.is_op(":"):
            return ()
        self.take()
        names.append(self.name("a kind or type"))
        while self.now.is_op("|"):
            self.take()
            names.append(self.name("a kind or type"))
        if self.now.is_op(":"):
            raise self.error("two_labels", ":A:B means OR in one store and AND in the other: write :A|B")
        return tuple(names)

    def _projection(self) -> Projection:
        at = self.take()
        final = at.is_word("RETURN")
        distinct = self.now.is_word("DISTINCT")
        if distinct:
            self.take()
        if self.now.is_op("*"):
            raise self.error("star", "name what is carried on or returned")
        items = [self._item()]
        while self.now.is_op(","):
            self.take()
            items.append(self._item())
        order: list[Expr] = []
        if self.now.is_word("ORDER"):
            self.take()
            self.expect_word("BY")
            order.append(self._key())
            while self.now.is_op(","):
                self.take()
                order.append(self._key())
        skip = self._after("SKIP")
        limit = self._after("LIMIT")
        where = None if final else self._after("WHERE")
        return Projection(at, final, distinct, tuple(items), tuple(order), skip, limit, where)

    def _item(self) -> Item:
        expr = self.expression()
        if not self.now.is_word("AS"):
            if not isinstance(expr, Var):
                raise self.error("no_alias", "what is computed gets a name: AS ...")
            return Item(expr, None)
        self.take()
        return Item(expr, self.name("an alias"))

    def _key(self) -> Expr:
        expr = self.expression()
        if self.now.is_word("ASC", "DESC", "ASCENDING", "DESCENDING"):
            self.take()
        return expr

    def _after(self, word: str) -> Expr | None:
        if not self.now.is_word(word):
            return None
        self.take()
        return self.expression()
