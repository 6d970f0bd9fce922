"""How the compiler builds each operation of `lanes.py`: one instruction on a vector of 32 numbers. Only `lanes.py` imports this."""

import inspect
import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

LANES = 32
_INLINED: dict[str, Any] = {"jit_options": {"forceinline": True, "nogil": True}}
_BIT, _WHOLE, _FLOAT = ir.IntType(1), ir.IntType(32), ir.FloatType()
_PERMUTED = 16
"""Numbers that one instruction of AVX-512 permutes: tables are looked up in as many parts."""

Builder = Any
"""llvmlite's IRBuilder: neither library has types."""


class _Lanes(types.Type):
    """What the compiler knows 32 numbers by."""

    def __init__(self, name: str, element: Any) -> None:
        self.vector = ir.VectorType(element, LANES)
        super().__init__(name)

    def constant(self, value: float) -> Any:
        """The same number in all lanes."""
        return ir.Constant(self.vector, [value] * LANES)


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: _Lanes) -> None:
        super().__init__(manager, kind, kind.vector)  # type: ignore[no-untyped-call]


_FLOATS, _WHOLES, _MASK = _Lanes("FloatLanes", _FLOAT), _Lanes("WholeLanes", _WHOLE), _Lanes("MaskLanes", _BIT)
_LOADED = {types.float32: _FLOATS, types.int32: _WHOLES, types.uint32: _WHOLES}


def compiled_as(instruction: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: compiled code runs the instruction where it calls the function. For up to three arguments."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        n_arguments = len(inspect.signature(function).parameters)
        overload(function, **_INLINED)(_FORWARD[n_arguments](instruction))
        return function

    return decorate


_FORWARD: list[Callable[[Any], Callable[..., Any]]] = [
    lambda instruction: lambda: lambda: instruction(),
    lambda instruction: lambda a: lambda a: instruction(a),
    lambda instruction: lambda a, b: lambda a, b: instruction(a, b),
    lambda instruction: lambda a, b, c: lambda a, b, c: instruction(a, b, c),
]
"""By number of arguments: a function of the arguments' types that returns what is compiled for them."""


def _instruction(result: Any, *arguments: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: a function that builds an instruction becomes one that compiled code can call."""

    def decorate(build: Callable[..., Any]) -> Any:
        def generate(_context: Any, builder: Builder, _signature: Any, values: Any) -> Any:
            return build(builder, *values)

        typed = result(*arguments), generate
        return intrinsic([lambda _: typed, lambda _, a: typed, lambda _, a, b: typed, lambda _, a, b, c: typed][len(arguments)])

    return decorate


def _spread(builder: Builder, value: Any, kind: _Lanes) -> Any:
    undefined = ir.Constant(kind.vector, ir.Undefined)
    return builder.shuffle_vector(builder.insert_element(undefined, value, ir.Constant(_WHOLE, 0)), undefined, _WHOLES.constant(0))


def _call(builder: Builder, name: str, kind: _Lanes, *values: Any) -> Any:
    """A call of one of LLVM's own functions, the same on vectors and on numbers."""
    signature = ir.FunctionType(kind.vector, [kind.vector] * len(values))
    function: Any = cgutils.get_or_insert_function
    return builder.call(function(builder.module, signature, f"llvm.{name}.v{LANES}{'f32' if kind is _FLOATS else 'i32'}"), values)


def _reduced(builder: Builder, name: str, values: Any, kind: _Lanes) -> Any:
    """One number of all lanes."""
    element = kind.vector.element
    signature = ir.FunctionType(element, [kind.vector])
    function: Any = cgutils.get_or_insert_function
    return builder.call(function(builder.module, signature, f"llvm.vector.reduce.{name}.v{LANES}{element.intrinsic_name}"), [values])


def _address(context: Any, builder: Builder, kind: Any, rows: Any, *, first: Any, lanes: _Lanes) -> Any:
    data = context.make_array(kind)(context, builder, rows).data
    return builder.bitcast(builder.gep(data, [first]), lanes.vector.as_pointer())


@intrinsic
def load(_typing: Any, rows: Any, first: Any) -> Any:
    """32 numbers from memory."""
    kind = _LOADED[rows.dtype]

    def generate(context: Any, builder: Builder, signature: Any, values: Any) -> Any:
        return builder.load(_address(context, builder, signature.args[0], values[0], first=values[1], lanes=kind), align=4)

    return kind(rows, types.intp), generate


@intrinsic
def store(_typing: Any, rows: Any, first: Any, values: Any) -> Any:
    """32 numbers to memory."""

    def generate(context: Any, builder: Builder, signature: Any, given: Any) -> Any:
        builder.store(given[2], _address(context, builder, signature.args[0], given[0], first=given[1], lanes=signature.args[2]), align=4)
        return context.get_dummy_value()

    return types.void(rows, types.intp, values), generate


@_instruction(_FLOATS, types.float32)
def splat(builder: Builder, value: Any) -> Any:
    """One number to all lanes."""
    return _spread(builder, value, _FLOATS)


@_instruction(_WHOLES)
def no_bits(_builder: Builder) -> Any:
    """Zero."""
    return _WHOLES.constant(0)


@_instruction(_FLOATS, _MASK, _FLOATS)
def where(builder: Builder, mask: Any, values: Any) -> Any:
    """Masked values."""
    return builder.select(mask, values, _FLOATS.constant(0.0))


@_instruction(_MASK, _WHOLES, types.intp)
def has_bit(builder: Builder, bits: Any, bit: Any) -> Any:
    """Test of a bit."""
    return builder.icmp_unsigned("!=", builder.and_(bits, _spread(builder, builder.trunc(bit, _WHOLE), _WHOLES)), _WHOLES.constant(0))


@_instruction(_WHOLES, _WHOLES, _MASK)
def a_week_older(builder: Builder, bits: Any, mask: Any) -> Any:
    """Shift, and a masked or."""
    moved = builder.shl(bits, _WHOLES.constant(1))
    return builder.select(mask, builder.or_(moved, _WHOLES.constant(2)), moved)


@_instruction(_FLOATS, _WHOLES, _WHOLES)
def n_common(builder: Builder, bits: Any, others: Any) -> Any:
    """Count of bits."""
    return builder.sitofp(_call(builder, "ctpop", _WHOLES, builder.and_(bits, others)), _FLOATS.vector)


@_instruction(_FLOATS, _FLOATS, _FLOATS, _FLOATS)
def times_plus(builder: Builder, factor: Any, values: Any, summand: Any) -> Any:
    """Fused multiply and add, by name: never left to the compiler's choice."""
    return _call(builder, "fma", _FLOATS, factor, values, summand)


@_instruction(_FLOATS, _FLOATS)
def floor(builder: Builder, values: Any) -> Any:
    """Rounding down."""
    return _call(builder, "floor", _FLOATS, values)


@_instruction(_FLOATS, _FLOATS)
def ceiling(builder: Builder, values: Any) -> Any:
    """Rounding up."""
    return _call(builder, "ceil", _FLOATS, values)


@_instruction(_FLOATS, _FLOATS, _FLOATS)
def smaller(builder: Builder, values: Any, others: Any) -> Any:
    """Minimum."""
    return builder.select(builder.fcmp_ordered("<", values, others), values, others)


@_instruction(_FLOATS, _FLOATS, _FLOATS)
def larger(builder: Builder, values: Any, others: Any) -> Any:
    """Maximum."""
    return builder.select(builder.fcmp_ordered(">", values, others), values, others)


@_instruction(_FLOATS, _MASK, _FLOATS, _FLOATS)
def choose(builder: Builder, mask: Any, values: Any, others: Any) -> Any:
    """Blend."""
    return builder.select(mask, values, others)


@_instruction(_FLOATS, _FLOATS)
def square_root(builder: Builder, values: Any) -> Any:
    """Rounded correctly."""
    return _call(builder, "sqrt", _FLOATS, values)


@_instruction(_FLOATS, _FLOATS)
def exponent(builder: Builder, values: Any) -> Any:
    """From the bits."""
    power = builder.lshr(builder.bitcast(values, _WHOLES.vector), _WHOLES.constant(23))
    return builder.sitofp(builder.sub(power, _WHOLES.constant(126)), _FLOATS.vector)


@_instruction(_FLOATS, _FLOATS)
def mantissa(builder: Builder, values: Any) -> Any:
    """The bits with another exponent."""
    bits = builder.and_(builder.bitcast(values, _WHOLES.vector), _WHOLES.constant(0x7FFFFF))
    return builder.bitcast(builder.or_(bits, _WHOLES.constant(0x3F000000)), _FLOATS.vector)


@_instruction(_WHOLES, _WHOLES, types.uint32)
def scrambled(builder: Builder, words: Any, shift: Any) -> Any:
    """Exclusive or."""
    return builder.xor(words, _spread(builder, shift, _WHOLES))


@_instruction(_FLOATS, _WHOLES, types.intp)
def leading_bits(builder: Builder, words: Any, n_bits: Any) -> Any:
    """Shift, and conversion; fewer than 32 bits are never negative."""
    dropped = builder.sub(ir.Constant(_WHOLE, 32), builder.trunc(n_bits, _WHOLE))
    return builder.sitofp(builder.lshr(words, _spread(builder, dropped, _WHOLES)), _FLOATS.vector)


@_instruction(_WHOLES, _WHOLES, _WHOLES, types.uint32)
def one_more(builder: Builder, counts: Any, words: Any, level: Any) -> Any:
    """Unsigned comparison, and a masked addition."""
    reaches = builder.icmp_unsigned(">=", words, _spread(builder, level, _WHOLES))
    return builder.add(counts, builder.zext(reaches, _WHOLES.vector))


@_instruction(_MASK, _WHOLES, types.intp)
def is_count(builder: Builder, counts: Any, count: Any) -> Any:
    """Comparison."""
    return builder.icmp_signed("==", counts, _spread(builder, builder.trunc(count, _WHOLE), _WHOLES))


@_instruction(_WHOLES, _WHOLES, _MASK, types.intp)
def with_bit(builder: Builder, bits: Any, mask: Any, bit: Any) -> Any:
    """A masked or."""
    return builder.select(mask, builder.or_(bits, _spread(builder, builder.trunc(bit, _WHOLE), _WHOLES)), bits)


@_instruction(_WHOLES, _WHOLES, _WHOLES)
def either(builder: Builder, bits: Any, others: Any) -> Any:
    """Or."""
    return builder.or_(bits, others)


@_instruction(types.intp, _WHOLES)
def all_bits(builder: Builder, bits: Any) -> Any:
    """Reduction."""
    return builder.zext(_reduced(builder, "or", bits, _WHOLES), ir.IntType(64))


@_instruction(types.boolean, _MASK)
def is_any(builder: Builder, mask: Any) -> Any:
    """Reduction."""
    return _reduced(builder, "or", mask, _MASK)


@intrinsic
def look_up(_typing: Any, table: Any, values: Any) -> Any:
    """Permutations of the table's parts, of which the index chooses, instead of a gather from memory."""

    def generate(context: Any, builder: Builder, signature: Any, given: Any) -> Any:
        data, index = context.make_array(signature.args[0])(context, builder, given[0]).data, builder.fptosi(given[1], _WHOLES.vector)
        halves = [_permuted(builder, data, _half(builder, index, half)) for half in (0, 1)]
        return builder.shuffle_vector(*halves, ir.Constant(_WHOLES.vector, list(range(LANES))))

    return _FLOATS(table, values), generate


def _half(builder: Builder, values: Any, half: int) -> Any:
    places = ir.Constant(ir.VectorType(_WHOLE, _PERMUTED), [half * _PERMUTED + lane for lane in range(_PERMUTED)])
    return builder.shuffle_vector(values, ir.Constant(values.type, ir.Undefined), places)


def _permuted(builder: Builder, data: Any, index: Any) -> Any:
    """16 numbers of a table of 48. Extracting and inserting lane by lane is how LLVM is told of a permutation."""
    part_type = ir.VectorType(_FLOAT, _PERMUTED)
    lanes = [ir.Constant(_WHOLE, lane) for lane in range(_PERMUTED)]
    inside = builder.and_(index, ir.Constant(index.type, [_PERMUTED - 1] * _PERMUTED))
    places, result = [builder.extract_element(inside, lane) for lane in lanes], None
    for part in (2, 1, 0):
        numbers = builder.load(builder.bitcast(builder.gep(data, [ir.Constant(_WHOLE, part * _PERMUTED)]), part_type.as_pointer()), align=4)
        found = ir.Constant(part_type, ir.Undefined)
        for lane, place in zip(lanes, places, strict=True):
            found = builder.insert_element(found, builder.extract_element(numbers, place), lane)
        is_here = builder.icmp_signed("<", index, ir.Constant(index.type, [(part + 1) * _PERMUTED] * _PERMUTED))
        result = found if result is None else builder.select(is_here, found, result)
    return result


def _teach(sign: Callable[..., Any], result: _Lanes, build: Callable[..., Any]) -> None:
    """Let compiled code use an operator between two lanes."""
    apply = _instruction(result, _FLOATS, _FLOATS)(build)
    overload(sign, **_INLINED)(lambda a, b: (lambda a, b: apply(a, b)) if a is _FLOATS and b is _FLOATS else None)


_teach(operator.add, _FLOATS, lambda builder, a, b: builder.fadd(a, b))
_teach(operator.sub, _FLOATS, lambda builder, a, b: builder.fsub(a, b))
_teach(operator.mul, _FLOATS, lambda builder, a, b: builder.fmul(a, b))
_teach(operator.truediv, _FLOATS, lambda builder, a, b: builder.fdiv(a, b))
_teach(operator.lt, _MASK, lambda builder, a, b: builder.fcmp_ordered("<", a, b))
_teach(operator.le, _MASK, lambda builder, a, b: builder.fcmp_ordered("<=", a, b))
_teach(operator.eq, _MASK, lambda builder, a, b: builder.fcmp_ordered("==", a, b))
