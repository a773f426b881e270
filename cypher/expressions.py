"""Reading what stands in WHERE, WITH and RETURN: conditions, sums, calls of the functions both stores agree on."""

from __future__ import annotations

from abc import ABC, abstractmethod

from cypher.errors import LintError
from cypher.syntax import (
    Binary,
    Call,
    Case,
    Expr,
    Hop,
    Hops,
    IsNull,
    Literal,
    Negative,
    Not,
    Param,
    Prop,
    Var,
)
from cypher.tokens import Token, tokenize

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
FUNCTIONS = ("count", "sum", "min", "max", "coalesce", "collect", "size", "kind")
_WORDS = """
    MATCH OPTIONAL WHERE WITH RETURN UNWIND UNION ORDER BY SKIP LIMIT AS AND OR XOR NOT IN IS NULL CASE WHEN THEN ELSE
    END DISTINCT EXISTS COUNT STARTS ENDS CONTAINS TRUE FALSE"""
RESERVED = frozenset(_WORDS.split())


class ExpressionParser(ABC):
    """A reader with a place in the tokens of one question."""

    def __init__(self, question: str, text: str) -> None:
        self.question = question
        self._tokens = tokenize(question, text)
        self._at = 0

    @property
    def now(self) -> Token:
        """The token that is read next."""
        return self._tokens[self._at]

    def take(self) -> Token:
        """Read one token."""
        token = self.now
        if token.kind != "end":
            self._at += 1
        return token

    def error(self, code: str, message: str) -> LintError:
        """An error at the present place."""
        return LintError(code, self.question, message, self.now.line, self.now.column)

    def expect_op(self, *ops: str) -> None:
        if not self.now.is_op(*ops):
            raise self.error("unreadable", f"{' or '.join(ops)} expected, not {self.now.text or 'the end'!r}")
        self.take()

    def expect_word(self, word: str) -> None:
        if not self.now.is_word(word):
            raise self.error("unreadable", f"{word} expected, not {self.now.text or 'the end'!r}")
        self.take()

    def name(self, what: str) -> str:
        if self.now.kind != "name":
            raise self.error("unreadable", f"{what} expected, not {self.now.text or 'the end'!r}")
        return self.take().text

    @abstractmethod
    def hop(self) -> Hop:
        """Read a pattern of at most one hop."""

    def expression(self) -> Expr:
        """Read an expression."""
        return self._joined(("OR", "XOR"))

    def _joined(self, words: tuple[str, ...]) -> Expr:
        left = self._joined(("AND",)) if "OR" in words else self._negation()
        while self.now.is_word(*words):
            op = self.take()
            right = self._joined(("AND",)) if "OR" in words else self._negation()
            left = Binary(left.at, op.text.upper(), left, right)
        return left

    def _negation(self) -> Expr:
        if self.now.is_word("NOT"):
            at = self.take()
            return Not(at, self._negation())
        return self._comparison()

    def _comparison(self) -> Expr:
        left = self._sum()
        at = self.now
        if at.is_op(*COMPARISONS):
            self.take()
            found: Expr = Binary(left.at, at.text, left, self._sum())
        elif at.is_word("IN", "CONTAINS"):
            self.take()
            found = Binary(left.at, at.text.upper(), left, self._sum())
        elif at.is_word("STARTS", "ENDS"):
            self.take()
            self.expect_word("WITH")
            found = Binary(left.at, at.text.upper() + " WITH", left, self._sum())
        elif at.is_word("IS"):
            self.take()
            negated = self.now.is_word("NOT")
            if negated:
                self.take()
            self.expect_word("NULL")
            found = Not(left.at, IsNull(left.at, left)) if negated else IsNull(left.at, left)
        else:
            return left
        if self.now.is_op(*COMPARISONS):
            raise self.error("chained_comparison", "one comparison at a time, joined by AND")
        return found

    def _sum(self) -> Expr:
        left = self._product()
        while self.now.is_op("+", "-"):
            op = self.take()
            left = Binary(left.at, op.text, left, self._product())
        return left

    def _product(self) -> Expr:
        left = self._single()
        while self.now.is_op("*", "/", "%"):
            op = self.take()
            left = Binary(left.at, op.text, left, self._single())
        return left

    def _single(self) -> Expr:
        at = self.now
        if at.is_op("-"):
            self.take()
            return Negative(at, self._single())
        if at.is_op("("):
            self.take()
            inner = self.expression()
            self.expect_op(")")
            return inner
        if at.is_op("{", "["):
            raise self.error("map_or_list", "no maps and lists in a question: pass a parameter, return scalars")
        if at.kind == "param":
            self.take()
            return Param(at, at.text[1:])
        if at.kind in ("int", "float", "string"):
            self.take()
            return Literal(at, {"int": "INT64", "float": "DOUBLE", "string": "STRING"}[at.kind], at.text)
        if at.is_word("TRUE", "FALSE"):
            self.take()
            return Literal(at, "BOOLEAN", at.text)
        if at.is_word("CASE"):
            return self._case()
        if at.kind == "name":
            return self._named()
        raise self.error("unreadable", f"a value expected, not {at.text or 'the end'!r}")

    def _named(self) -> Expr:
        at = self.take()
        if self.now.is_op("{") and at.is_word("EXISTS", "COUNT"):
            return self._hops(at)
        if self.now.is_op("("):
            return self._call(at)
        if at.text.upper() in RESERVED:
            raise LintError("unreadable", self.question, f"a value expected, not {at.text}", at.line, at.column)
        if not self.now.is_op("."):
            return Var(at, at.text)
        self.take()
        name = self.name("a property")
        if self.now.is_op("."):
            raise self.error("unreadable", "a property has no properties")
        return Prop(at, at.text, name)

    def _call(self, at: Token) -> Call:
        name = at.text.lower()
        if name not in FUNCTIONS:
            message = f"{at.text}() is not among {', '.join(FUNCTIONS)}: the stores do not answer it alike"
            raise LintError("function", self.question, message, at.line, at.column)
        self.take()
        distinct = self.now.is_word("DISTINCT")
        if distinct:
            self.take()
        if self.now.is_op("*") and name == "count":
            self.take()
            self.expect_op(")")
            return Call(at, name, (), distinct, star=True)
        args = [self.expression()]
        while self.now.is_op(","):
            self.take()
            args.append(self.expression())
        self.expect_op(")")
        return Call(at, name, tuple(args), distinct)

    def _case(self) -> Case:
        at = self.take()
        if not self.now.is_word("WHEN"):
            raise self.error("unreadable", "CASE is followed by WHEN and a condition")
        whens: list[Expr] = []
        while self.now.is_word("WHEN"):
            self.take()
            whens.append(self.expression())
            self.expect_word("THEN")
            whens.append(self.expression())
        otherwise = None
        if self.now.is_word("ELSE"):
            self.take()
            otherwise = self.expression()
        self.expect_word("END")
        return Case(at, tuple(whens), otherwise)

    def _hops(self, at: Token) -> Hops:
        self.take()
        if self.now.is_word("MATCH"):
            self.take()
        hop = self.hop()
        if self.now.is_op(","):
            raise self.error("comma", "no comma in MATCH")
        where = None
        if self.now.is_word("WHERE"):
            self.take()
            where = self.expression()
        self.expect_op("}")
        return Hops(at, at.text.upper(), hop, where)
