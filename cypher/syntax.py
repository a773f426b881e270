"""The parts of a question, once read. Only what the common spelling has is here; nothing else can be read at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from cypher.tokens import Token


@dataclass(frozen=True)
class Expr:
    """Something with a value; ``at`` is where it begins."""

    at: Token

    def parts(self) -> Iterator[Expr]:
        """The expressions directly inside."""
        for f in fields(self):
            value = getattr(self, f.name)
            for inner in value if isinstance(value, tuple) else (value,):
                if isinstance(inner, Expr):
                    yield inner

    def walk(self) -> Iterator[Expr]:
        """This expression and everything inside."""
        yield self
        for part in self.parts():
            yield from part.walk()


@dataclass(frozen=True)
class Var(Expr):
    name: str


@dataclass(frozen=True)
class Prop(Expr):
    var: str
    name: str


@dataclass(frozen=True)
class Param(Expr):
    name: str


@dataclass(frozen=True)
class Literal(Expr):
    type: str
    text: str


@dataclass(frozen=True)
class Call(Expr):
    name: str
    args: tuple[Expr, ...]
    distinct: bool = False
    star: bool = False


@dataclass(frozen=True)
class Not(Expr):
    inner: Expr


@dataclass(frozen=True)
class Negative(Expr):
    inner: Expr


@dataclass(frozen=True)
class Binary(Expr):
    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class IsNull(Expr):
    inner: Expr


@dataclass(frozen=True)
class Case(Expr):
    whens: tuple[Expr, ...]  # condition, value, condition, value ...
    otherwise: Expr | None


@dataclass(frozen=True)
class Hops(Expr):
    """EXISTS { } or COUNT { } around one hop."""

    what: str
    hop: Hop
    where: Expr | None


@dataclass(frozen=True)
class NodePattern:
    at: Token
    var: str | None
    kinds: tuple[str, ...]
    properties: tuple[tuple[str, Expr], ...]

    @property
    def bare(self) -> bool:
        """Nothing but the variable."""
        return not self.kinds and not self.properties


@dataclass(frozen=True)
class EdgePattern:
    at: Token
    var: str | None
    types: tuple[str, ...]
    outward: bool


@dataclass(frozen=True)
class Hop:
    """One node, or two and the edge between."""

    start: NodePattern
    edge: EdgePattern | None
    end: NodePattern | None


@dataclass(frozen=True)
class Match:
    at: Token
    optional: bool
    hop: Hop
    where: Expr | None


@dataclass(frozen=True)
class Unwind:
    at: Token
    expr: Expr
    var: str


@dataclass(frozen=True)
class Item:
    expr: Expr
    alias: str | None

    @property
    def name(self) -> str | None:
        """The name it has afterwards."""
        return self.alias or (self.expr.name if isinstance(self.expr, Var) else None)


@dataclass(frozen=True)
class Projection:
    """A WITH or a RETURN."""

    at: Token
    final: bool
    distinct: bool
    items: tuple[Item, ...]
    order: tuple[Expr, ...]
    skip: Expr | None
    limit: Expr | None
    where: Expr | None


Clause = Match | Unwind | Projection


def conjuncts(expr: Expr | None) -> list[Expr]:
    """The conditions of a WHERE that all must hold."""
    if expr is None:
        return []
    if isinstance(expr, Binary) and expr.op == "AND":
        return [*conjuncts(expr.left), *conjuncts(expr.right)]
    return [expr]
