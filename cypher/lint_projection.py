"""The rules of WITH and RETURN: what is carried on, what is summed, what is sorted and cut."""

from __future__ import annotations

from collections.abc import Sequence

from cypher.errors import LintError
from cypher.meaning import EdgeName, NodeName, Scope, Typing, ValueName, aggregates, names_in
from cypher.syntax import Call, Expr, Item, Literal, Param, Projection, Prop, Var, conjuncts
from cypher.tokens import Token


def check_projection(
    question: str,
    typing: Typing,
    clause: Projection,
    before: Scope,
    patterns: set[str],
    returns: Sequence[tuple[str, str]],
) -> Scope:
    """Check a WITH or RETURN; the names that are known after it. ``patterns``: names of nodes and edges anywhere."""
    return _Check(question, typing, clause, before, patterns).run(returns)


class _Check:
    def __init__(self, question: str, typing: Typing, clause: Projection, before: Scope, patterns: set[str]) -> None:
        self._question = question
        self._typing = typing
        self._clause = clause
        self._before = before
        self._patterns = patterns

    def error(self, code: str, message: str, at: Token) -> LintError:
        return LintError(code, self._question, message, at.line, at.column)

    def run(self, returns: Sequence[tuple[str, str]]) -> Scope:
        after: dict[str, NodeName | EdgeName | ValueName] = {}
        for item in self._clause.items:
            name = str(item.name)
            if name in after:
                raise self.error("repeated_name", f"{name} is given twice", item.expr.at)
            after[name] = self._item(item)
        self._order(after)
        self._having(after)
        if self._clause.final:
            self._returned(after, returns)
        return after

    def _item(self, item: Item) -> NodeName | EdgeName | ValueName:
        expr, type_ = item.expr, self._typing.of(item.expr, self._before)
        if item.alias is not None and item.alias in self._patterns:
            raise self.error("alias_of_variable", f"{item.alias} is the name of a node or edge already", expr.at)
        if type_ in ("NODE", "EDGE"):
            if self._clause.final:
                raise self.error("returns_node", "return properties, never nodes or edges", expr.at)
            if item.alias is not None or not isinstance(expr, Var):
                raise self.error("renamed", "nodes and edges keep their name", expr.at)
            return self._before[expr.name]
        self._sums(expr)
        is_id = isinstance(expr, Prop) and expr.name == "id"
        if isinstance(expr, Var):
            known = self._before[expr.name]
            is_id = isinstance(known, ValueName) and known.is_id
        return ValueName(type_, is_id)

    def _sums(self, expr: Expr) -> None:
        wrapped = {id(c.args[0]) for c in expr.walk() if isinstance(c, Call) and c.name == "coalesce"}
        for call in aggregates(expr):
            if call.name == "sum":
                if id(call) not in wrapped:
                    message = "write coalesce(sum(...), 0): the sum of no rows is NULL in one store and 0 in the other"
                    raise self.error("bare_sum", message, call.at)
                self._one_currency(call)
        for call in aggregates(expr):
            if any(aggregates(a) for a in call.args):
                raise self.error("nested_aggregate", "an aggregate of an aggregate needs a WITH between", call.at)

    def _one_currency(self, call: Call) -> None:
        """Money is added up for each currency by itself."""
        for prop in [e for a in call.args for e in a.walk() if isinstance(e, Prop)]:
            money = Prop(prop.at, prop.var, "currency")
            try:
                self._typing.of(money, self._before)
            except LintError:
                continue  # nothing with a currency
            groups = [i.expr for i in self._clause.items if not aggregates(i.expr)]
            if not any(isinstance(g, Prop) and (g.var, g.name) == (prop.var, "currency") for g in groups):
                message = f"money is added up per currency: carry {prop.var}.currency beside this sum"
                raise self.error("mixed_currencies", message, call.at)

    def _order(self, after: Scope) -> None:
        clause = self._clause
        for cut in (clause.skip, clause.limit):
            if cut is None:
                continue
            if not isinstance(cut, Param | Literal) or self._typing.of(cut, self._before) != "INT64":
                raise self.error("type", "LIMIT and SKIP take a whole number or a parameter", cut.at)
        if clause.order and clause.limit is None and not clause.final:
            raise self.error("order_without_limit", "an order in WITH is lost without LIMIT", clause.order[0].at)
        if (clause.limit or clause.skip) and not clause.order:
            raise self.error("limit_without_order", "LIMIT without ORDER BY gives any rows", clause.at)
        is_id = False
        for key in clause.order:
            if not isinstance(key, Var) or not isinstance(after.get(key.name), ValueName):
                if isinstance(key, Prop) and not clause.final and key.var in after:
                    self._typing.of(key, after)
                    is_id = is_id or key.name == "id"
                    continue
                raise self.error("order_key", "order by the names of what is returned", key.at)
            known = after[key.name]
            is_id = is_id or (isinstance(known, ValueName) and known.is_id)
        if clause.order and not is_id:
            raise self.error("no_tie_break", "the order ends in an id, or ties come in any order", clause.order[0].at)
        folded = all(aggregates(i.expr) for i in clause.items)
        if clause.final and not folded and clause.limit is None:
            raise self.error("no_limit", "rows come in an order and with a LIMIT", clause.at)

    def _having(self, after: Scope) -> None:
        computed = {i.alias for i in self._clause.items if i.alias is not None}
        for condition in conjuncts(self._clause.where):
            if self._typing.of(condition, after) != "BOOLEAN":
                raise self.error("type", "a condition expected", condition.at)
            if not computed & names_in(condition):
                message = "after WITH, conditions are on what it computed; others stand at their MATCH"
                raise self.error("late_condition", message, condition.at)
            if any(isinstance(e, Prop) for e in condition.walk()):
                raise self.error("late_condition", "after WITH, conditions name what it computed", condition.at)

    def _returned(self, after: Scope, returns: Sequence[tuple[str, str]]) -> None:
        found = [(n, m.type) for n, m in after.items() if isinstance(m, ValueName)]
        if found != list(returns):
            said = ", ".join(f"{n} {t}" for n, t in found)
            raise self.error("returns", f"the header's returns must be: {said}", self._clause.at)
