"""Two instructions that numba has no words for: call machine code by its address, ask for memory ahead of its use."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


@intrinsic
def judge(_context: Any, _code: Any, _candidates: Any, _block: Any) -> Any:
    """Of the rules ``candidates`` (bits) those TRUE for the block at an address, by the code at another
    (``flow.conditions.native``)."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        function = ir.FunctionType(_I64, [_I64, _I64.as_pointer()]).as_pointer()
        code = builder.inttoptr(arguments[0], function)
        return builder.call(code, [arguments[1], builder.inttoptr(arguments[2], _I64.as_pointer())])

    return types.int64(types.int64, types.int64, types.int64), generate


@intrinsic
def prefetch(_context: Any, _address: Any) -> Any:
    """Ask for the cache line at an address, to be written soon."""

    def generate(target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], _I8.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, _I32, _I32, _I32])
        function = builder.module.declare_intrinsic("llvm.prefetch", [pointer.type], kind)
        builder.call(function, [pointer, _I32(1), _I32(3), _I32(1)])
        return target.get_dummy_value()

    return types.void(types.int64), generate
