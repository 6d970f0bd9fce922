"""Arrays without reference counts, for loops that hand many arrays to many small functions.

Numba counts references atomically, at each call and each slice; in the search that took a third of its time (measured).
A function's arguments belong to its caller for as long as it runs, so it need not count them.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload


def borrowed(value: Any) -> Any:
    """The same array, or NamedTuple of arrays and numbers, uncounted: only for arguments, and only as long as the function runs that was given them."""
    return value


@intrinsic
def _borrowed(_typing: Any, value: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return _without_owners(builder, values[0], value, ())

    return value(value), generate


def _without_owners(builder: Any, whole: Any, kind: Any, place: tuple[int, ...]) -> Any:
    """`whole` with the owner of each array in the part at `place` taken out: the first field of an array."""
    if isinstance(kind, types.Array):
        return builder.insert_value(whole, ir.Constant(ir.IntType(8).as_pointer(), None), (*place, 0))
    parts: Any = kind if isinstance(kind, types.BaseTuple) else ()
    for field, part in enumerate(parts):
        whole = _without_owners(builder, whole, part, (*place, field))
    return whole


overload(borrowed, jit_options={"forceinline": True, "nogil": True})(lambda value: lambda value: _borrowed(value))  # type: ignore[call-arg]
