"""What a name in a question stands for, and of what type an expression is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cypher.errors import LintError
from cypher.syntax import Binary, Call, Case, Expr, Hops, IsNull, Literal, Negative, Not, Param, Prop, Var
from cypher.vocabulary import Vocabulary

NUMBERS = ("INT64", "DOUBLE")


@dataclass(frozen=True)
class NodeName:
    """A node, and the kinds it may be of."""

    kinds: frozenset[str]


@dataclass(frozen=True)
class EdgeName:
    """An edge, and the types it may be of."""

    types: frozenset[str]


@dataclass(frozen=True)
class ValueName:
    """A value of a known type; ``unique`` when it is the id of a node or an edge."""

    type: str
    is_id: bool = False


Scope = Mapping[str, NodeName | EdgeName | ValueName]


class Typing:
    """The types of expressions of one question; raises LintError where they do not fit."""

    def __init__(self, question: str, words: Vocabulary, params: Mapping[str, str]) -> None:
        self._question = question
        self._words = words
        self._params = params

    def error(self, code: str, message: str, expr: Expr) -> LintError:
        return LintError(code, self._question, message, expr.at.line, expr.at.column)

    def of(self, expr: Expr, scope: Scope) -> str:
        """STRING, INT64, DOUBLE, BOOLEAN, one of them with [], NODE or EDGE."""
        match expr:
            case Literal(type=type_):
                return type_
            case Param(name=name):
                if name not in self._params:
                    raise self.error("undeclared_parameter", f"${name} is not in the header's params", expr)
                return self._params[name]
            case Var(name=name):
                return self._variable(expr, scope)
            case Prop():
                return self._property(expr, scope)
            case Not(inner=inner):
                return self._boolean(inner, scope)
            case Negative(inner=inner):
                return self._number(inner, scope)
            case IsNull(inner=inner):
                if any(isinstance(e, Param) for e in inner.walk()):
                    raise self.error("optional_parameter", "a filter that may be left out is another file", expr)
                self.of(inner, scope)
                return "BOOLEAN"
            case Binary():
                return self._binary(expr, scope)
            case Case():
                return self._case(expr, scope)
            case Call():
                return self._call(expr, scope)
            case Hops(what=what):
                return "BOOLEAN" if what == "EXISTS" else "INT64"
        raise self.error("unreadable", "no type is known for this", expr)

    def _variable(self, expr: Var, scope: Scope) -> str:
        meaning = scope.get(expr.name)
        if meaning is None:
            raise self.error("unknown_variable", f"{expr.name} is not known here", expr)
        if isinstance(meaning, ValueName):
            return meaning.type
        return "NODE" if isinstance(meaning, NodeName) else "EDGE"

    def _property(self, expr: Prop, scope: Scope) -> str:
        meaning = scope.get(expr.var)
        if meaning is None:
            raise self.error("unknown_variable", f"{expr.var} is not known here", expr)
        if isinstance(meaning, ValueName):
            raise self.error("unknown_property", f"{expr.var} is a value and has no properties", expr)
        if isinstance(meaning, NodeName):
            owners = {k: self._words.kinds[k] for k in meaning.kinds}
        else:
            owners = {t: self._words.edges[t].properties for t in meaning.types}
        types = set()
        for owner, properties in owners.items():
            if expr.name not in properties:
                raise self.error("unknown_property", f"{owner} has no property {expr.name}", expr)
            types.add(properties[expr.name])
        if len(types) > 1:
            raise self.error("mixed_types", f"{expr.var}.{expr.name} has not one type", expr)
        return types.pop()

    def _boolean(self, expr: Expr, scope: Scope) -> str:
        found = self.of(expr, scope)
        if found != "BOOLEAN":
            raise self.error("type", f"a condition expected, this is {found}", expr)
        return found

    def _number(self, expr: Expr, scope: Scope) -> str:
        found = self.of(expr, scope)
        if found not in NUMBERS:
            raise self.error("type", f"a number expected, this is {found}", expr)
        return found

    def _binary(self, expr: Binary, scope: Scope) -> str:
        op, left, right = expr.op, expr.left, expr.right
        if op in ("AND", "OR", "XOR"):
            self._boolean(left, scope)
            return self._boolean(right, scope)
        if op in ("+", "-", "*", "/", "%"):
            return self._arithmetic(expr, scope)
        a, b = self.of(left, scope), self.of(right, scope)
        if op == "IN":
            if b != a + "[]":
                raise self.error("type", f"{a} IN {b} cannot hold", expr)
        elif op in ("CONTAINS", "STARTS WITH", "ENDS WITH"):
            if (a, b) != ("STRING", "STRING"):
                raise self.error("type", f"{op} compares texts, not {a} with {b}", expr)
        elif not (a == b and a in ("STRING", "BOOLEAN", *NUMBERS)) and not (a in NUMBERS and b in NUMBERS):
            raise self.error("type", f"{a} {op} {b}: compare ids and values of one type", expr)
        elif a == "BOOLEAN" and op not in ("=", "<>"):
            raise self.error("type", f"booleans have no order: {op}", expr)
        return "BOOLEAN"

    def _arithmetic(self, expr: Binary, scope: Scope) -> str:
        for side in (expr.left, expr.right):
            if self.of(side, scope) == "STRING":
                raise self.error("string_plus", "no arithmetic on texts: one that is NULL counts as empty", side)
        types = {self._number(expr.left, scope), self._number(expr.right, scope)}
        within = list(expr.walk())
        fixed = not any(isinstance(e, Prop | Var | Call | Hops) for e in within)
        if fixed and any(isinstance(e, Param) for e in within) and not any(_is_decimal(e) for e in within):
            message = "no arithmetic among parameters and whole numbers only: their width is what the value needs"
            raise self.error("parameter_arithmetic", message, expr)
        if fixed and sum(isinstance(e, Param) for e in within) > 1:
            raise self.error("parameter_arithmetic", "no arithmetic among parameters only", expr)
        return "DOUBLE" if "DOUBLE" in types else "INT64"

    def _case(self, expr: Case, scope: Scope) -> str:
        for condition in expr.whens[::2]:
            self._boolean(condition, scope)
        values = [*expr.whens[1::2], *([expr.otherwise] if expr.otherwise else [])]
        types = {self.of(v, scope) for v in values}
        if len(types) > 1:
            raise self.error("mixed_types", f"CASE gives {' and '.join(sorted(types))}", expr)
        return types.pop()

    def _call(self, expr: Call, scope: Scope) -> str:
        name, args = expr.name, expr.args
        if expr.star or name == "count":
            if len(args) > 1:
                raise self.error("type", "count takes one argument", expr)
            for a in args:
                if self.of(a, scope) in ("NODE", "EDGE"):
                    raise self.error("type", "count ids: count(DISTINCT x.id)", a)
            return "INT64"
        types = [self.of(a, scope) for a in args]
        if name == "coalesce":
            if len(set(types)) > 1 or len(types) < 2 or types[0] in ("NODE", "EDGE"):
                raise self.error("type", "coalesce takes two or more values of one type", expr)
            return types[0]
        if len(args) != 1:
            raise self.error("type", f"{name} takes one argument", expr)
        if name == "sum":
            return self._sum(expr, types[0])
        if name == "kind":
            return self._kind(args[0], types[0])
        if name == "size" and not (types[0].endswith("[]") or types[0] == "STRING"):
            raise self.error("type", "size is that of a list or a text", expr)
        if name in ("min", "max", "collect") and types[0] not in ("STRING", "BOOLEAN", *NUMBERS):
            raise self.error("type", f"{name} takes a value", expr)
        return {"size": "INT64", "collect": types[0] + "[]"}.get(name, types[0])

    def _kind(self, node: Expr, type_: str) -> str:
        """Which kind a node is of: ids are unique within a kind only. Stores put their own word for it."""
        if type_ != "NODE":
            raise self.error("type", "kind is that of a node", node)
        return "STRING"

    def _sum(self, expr: Call, type_: str) -> str:
        if type_ != "INT64":
            raise self.error("type", "sums are of whole numbers: others differ in their last digits", expr)
        return type_


def _is_decimal(expr: Expr) -> bool:
    return isinstance(expr, Literal) and expr.type == "DOUBLE"


def aggregates(expr: Expr) -> list[Call]:
    """The calls in an expression that fold many rows into one."""
    return [e for e in expr.walk() if isinstance(e, Call) and e.name in ("count", "sum", "min", "max", "collect")]


def names_in(expr: Expr) -> set[str]:
    """The names an expression speaks of."""
    names = {e.name for e in expr.walk() if isinstance(e, Var)}
    names |= {e.var for e in expr.walk() if isinstance(e, Prop)}
    for e in expr.walk():
        if isinstance(e, Hops):
            names |= {n for n in (e.hop.start.var, e.hop.end.var if e.hop.end else None) if n}
    return names
