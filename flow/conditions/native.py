"""Rules as machine code: checked trees straight to LLVM, one function for each kind of key.

Nothing here is text that gets executed: a tree is walked and each node becomes an instruction, so a rule can do
nothing but arithmetic on its key's cells. A rule counts when it is TRUE, so only "is TRUE" and "is FALSE" are ever
worked out of a condition (NOT swaps them): SQL's three-valued logic without three values. A number is a double and,
where it can be NULL, a bit that says it is not. 63 rules take some tens of milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import llvmlite.binding as llvm
from llvmlite import ir
from sqlglot import expressions as E  # noqa: N812 - the letter stands before every node of a tree

from flow.conditions.formulas import DAYS, Cell, Formula

Column = Callable[[Cell], int]
Lookup = Callable[[str], Formula]

_I1, _I64, _F64 = ir.IntType(1), ir.IntType(64), ir.DoubleType()
_FUNCTION = ir.FunctionType(_I64, [_I64, _I64.as_pointer()])
_ORDER: dict[type[E.Expression], str] = {E.GT: ">", E.GTE: ">=", E.LT: "<", E.LTE: "<=", E.EQ: "==", E.NEQ: "!="}
_LOW = (1 << 32) - 1
_TWO_32 = 4294967296.0


@dataclass(frozen=True)
class KindRules:
    """The rules of one kind, bit after bit, and where their facts come from."""

    trees: Sequence[E.Expression]
    formula: Lookup  # fact name -> formula
    column: Column  # cell -> place in the key's block


class NativeRules:
    """Machine code of the rules of every kind. ``addresses``: of ``(candidates, block) -> those TRUE``, both sets of
    rules as bits; valid as long as this object lives."""

    def __init__(self, kinds: Sequence[KindRules]) -> None:
        module = ir.Module("rules")
        for i, kind in enumerate(kinds):
            _function(module, f"kind_{i}", kind)
        self._engine = _compiled(str(module))
        self.addresses = [self._engine.get_function_address(f"kind_{i}") for i in range(len(kinds))]


def _compiled(text: str) -> llvm.ExecutionEngine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(text)
    module.verify()
    machine = llvm.Target.from_default_triple().create_target_machine(opt=1, jit=True)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=1))
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine


def _function(module: ir.Module, name: str, kind: KindRules) -> None:
    function = ir.Function(module, _FUNCTION, name)
    candidates, block = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    found: ir.Value = _I64(0)
    for bit, tree in enumerate(kind.trees):
        flag = _I64(1 << bit)
        asked = builder.icmp_unsigned("!=", builder.and_(candidates, flag), _I64(0))
        before, judged, after = builder.block, function.append_basic_block(), function.append_basic_block()
        builder.cbranch(asked, judged, after)
        builder.position_at_end(judged)
        true = _Emitter(builder, kind, block).condition(tree, True)
        with_it = builder.select(true, builder.or_(found, flag), found)
        last = builder.block
        builder.branch(after)
        builder.position_at_end(after)
        merged = builder.phi(_I64)
        merged.add_incoming(found, before)
        merged.add_incoming(with_it, last)
        found = merged
    builder.ret(found)


@dataclass(frozen=True)
class _Number:
    value: ir.Value
    known: ir.Value | None  # bit: not NULL; None where it never is


class _Emitter:
    """Instructions of one rule."""

    def __init__(self, builder: ir.IRBuilder, kind: KindRules, block: ir.Value) -> None:
        self._b, self._kind, self._block = builder, kind, block

    def condition(self, e: E.Expression, want: bool) -> ir.Value:
        """A bit: the condition is TRUE (``want``), or FALSE (not ``want``)."""
        if isinstance(e, E.Paren):
            return self.condition(e.this, want)
        if isinstance(e, E.Not):
            return self.condition(e.this, not want)
        if isinstance(e, E.And | E.Or):
            both = isinstance(e, E.And) == want
            return self._joined(both, [self.condition(e.this, want), self.condition(e.expression, want)])
        if isinstance(e, E.Boolean):
            return _I1(bool(e.this) == want)
        if isinstance(e, E.Between):
            x, low, high = self.number(e.this), self.number(e.args["low"]), self.number(e.args["high"])
            return self._joined(want, [self._compared(">=", x, low, want), self._compared("<=", x, high, want)])
        if isinstance(e, E.In):
            x = self.number(e.this)
            return self._joined(not want, [self._compared("==", x, self.number(y), want) for y in e.expressions])
        if isinstance(e, E.Is):
            return self._is(e, want)
        if type(e) in _ORDER:
            return self._compared(_ORDER[type(e)], self.number(e.this), self.number(e.expression), want)
        raise TypeError(f"{type(e).__name__} is no condition of a checked tree")

    def _joined(self, both: bool, bits: list[ir.Value]) -> ir.Value:
        found = bits[0]
        for bit in bits[1:]:
            found = self._b.and_(found, bit) if both else self._b.or_(found, bit)
        return found

    def _compared(self, how: str, a: _Number, b: _Number, want: bool) -> ir.Value:
        bit = self._b.fcmp_ordered(how, a.value, b.value)
        return self._all(a.known, b.known, bit if want else self._b.not_(bit)) or _I1(True)

    def _is(self, e: E.Is, want: bool) -> ir.Value:
        if isinstance(e.expression, E.Null):
            known = self.number(e.this).known
            bit = _I1(True) if known is None else known
            return self._b.not_(bit) if want else bit
        bit = self.condition(e.this, bool(e.expression.this))
        return bit if want else self._b.not_(bit)

    def number(self, e: E.Expression) -> _Number:
        """A number, with the bit that says it is not NULL."""
        b = self._b
        if isinstance(e, E.Paren):
            return self.number(e.this)
        if isinstance(e, E.Literal):
            return _Number(_F64(float(e.this)), None)
        if isinstance(e, E.Null):
            return _Number(_F64(0.0), _I1(False))
        if isinstance(e, E.Column):
            return self._fact(self._kind.formula(e.name))
        if isinstance(e, E.Neg | E.Abs):
            x = self.number(e.this)
            minus = b.fneg(x.value)
            if isinstance(e, E.Abs):
                minus = b.select(b.fcmp_ordered("<", x.value, _F64(0.0)), minus, x.value)
            return _Number(minus, x.known)
        if isinstance(e, E.Add | E.Sub | E.Mul | E.Div):
            return self._arithmetic(e)
        if isinstance(e, E.Coalesce):
            found = self.number(e.this)
            for part in e.expressions:
                if found.known is None:
                    break
                found = self._either(found.known, found, self.number(part), coalesce=True)
            return found
        if isinstance(e, E.Nullif):
            x, y = self.number(e.this), self.number(e.expression)
            same = self._all(y.known, b.fcmp_ordered("==", x.value, y.value))
            return _Number(x.value, self._all(x.known, b.not_(same)))
        if isinstance(e, E.Case):
            default = e.args.get("default")
            found = self.number(default if default is not None else E.Null())
            for branch in reversed(e.args["ifs"]):
                found = self._either(self.condition(branch.this, True), self.number(branch.args["true"]), found)
            return found
        raise TypeError(f"{type(e).__name__} is no number of a checked tree")

    def _arithmetic(self, e: E.Expression) -> _Number:
        b, x, y = self._b, self.number(e.this), self.number(e.expression)
        known = self._all(x.known, y.known)
        if isinstance(e, E.Div):
            not_zero = b.fcmp_ordered("!=", y.value, _F64(0.0))
            return _Number(b.fdiv(x.value, y.value), self._all(known, not_zero))
        how = b.fadd if isinstance(e, E.Add) else b.fsub if isinstance(e, E.Sub) else b.fmul
        return _Number(how(x.value, y.value), known)

    def _either(self, bit: ir.Value, yes: _Number, no: _Number, coalesce: bool = False) -> _Number:
        """``yes`` where the bit is set, else ``no``; for COALESCE the bit is that of ``yes`` itself."""
        b, value = self._b, self._b.select(bit, yes.value, no.value)
        if coalesce:
            return _Number(value, None if no.known is None else b.or_(bit, no.known))
        if yes.known is None and no.known is None:
            return _Number(value, None)
        y, n = (_I1(True) if k is None else k for k in (yes.known, no.known))
        return _Number(value, b.select(bit, y, n))

    def _all(self, *bits: ir.Value | None) -> ir.Value | None:
        there = [bit for bit in bits if bit is not None]
        return self._joined(True, there) if there else None

    def _fact(self, formula: Formula) -> _Number:
        found = self._formula(formula)
        return _Number(self._b.fdiv(found.value, _F64(DAYS)), found.known) if formula.daily else found

    def _formula(self, formula: Formula) -> _Number:
        b = self._b
        cells = [b.load(b.gep(self._block, [_I64(self._kind.column(c))])) for c in formula.cells]
        a = cells[0]
        if formula.how == "count":
            return _Number(self._double(a), None)
        if formula.how == "ratio":
            return _Number(b.fdiv(self._double(a), self._double(cells[1])), b.icmp_signed(">", cells[1], _I64(0)))
        there = b.icmp_signed(">", a, _I64(0))
        if formula.how == "sum":
            return _Number(self._whole(cells[1], cells[2]), there)
        if formula.how == "max":
            return _Number(self._double(cells[1]), there)
        gaps = b.sub(a, _I64(1))
        there = b.icmp_signed(">", gaps, _I64(0))
        if formula.how == "gap_mean":
            return _Number(b.fdiv(self._double(cells[1]), self._double(gaps)), there)
        return _Number(self._deviation(gaps, cells[1], cells[2]), there)

    def _double(self, whole: ir.Value) -> ir.Value:
        return self._b.sitofp(whole, _F64)

    def _whole(self, high: ir.Value, low: ir.Value) -> ir.Value:
        """high * 2**32 + low as a double, rounded once: both parts are exact after the carry."""
        b = self._b
        high = b.add(high, b.ashr(low, _I64(32)))
        low = b.and_(low, _I64(_LOW))
        return b.fadd(b.fmul(self._double(high), _F64(_TWO_32)), self._double(low))

    def _deviation(self, gaps: ir.Value, total: ir.Value, squares: ir.Value) -> ir.Value:
        """sqrt(gaps * squares - total**2) / gaps; the difference exactly, in halves of 32 bits, then rounded once."""
        b, low = self._b, _I64(_LOW)
        square = b.mul(total, total)
        high = b.sub(b.mul(gaps, b.ashr(squares, _I64(32))), b.ashr(square, _I64(32)))
        rest = b.sub(b.mul(gaps, b.and_(squares, low)), b.and_(square, low))
        root = b.module.declare_intrinsic("llvm.sqrt", [_F64])
        return b.fdiv(b.call(root, [self._whole(high, rest)]), self._double(gaps))
