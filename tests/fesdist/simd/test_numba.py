"""What `fesdist.simd` takes from inside numba and llvmlite; when a newer release fails, the message says what moved.

Every name and behaviour has a test of its own. A failure is a reason to keep the upper bound in pyproject.toml until
the primitive that it names has been rewritten; weights must not change in a bit.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite
import numba
import numpy as np
import pytest
from llvmlite import ir
from numba import njit
from numpy.typing import NDArray

from fesdist.simd.lanes import LANES, OCTET_LANES, load, multiply, multiply_add, store, subtract
from tests.conftest import REPOSITORY
from tests.fesdist.simd.registers import AVX512, applied

Array = NDArray[Any]

NAMES = [
    ("numba.core.cgutils", "get_or_insert_function", "declares llvm.fma for multiply_add and multiply_subtract"),
    ("numba.core.codegen", "get_host_cpu_features", "names what is compiled for, by which samples are packed"),
    ("numba.core.types", "Type", "is the base of Lanes"),
    ("numba.core.types", "intp", "types the index of every load and store"),
    ("numba.core.types", "void", "types store and close_sum"),
    ("numba.core.types", "float64", "types scale and sum_of_lanes"),
    ("numba.core.types", "uint32", "are pairs in memory"),
    ("numba.core.types", "int32", "are fours of bytes in memory"),
    ("numba.core.types", "UniTuple", "holds the sums of a run of shifts"),
    ("numba.extending", "intrinsic", "makes every primitive"),
    ("numba.extending", "register_model", "says how Lanes lies in memory"),
    ("numba.extending", "models", "has PrimitiveModel, the base of LanesModel"),
    ("numba.core.base", "BaseContext.make_array", "finds an array's data for every address"),
    ("numba.core.base", "BaseContext.get_dummy_value", "is what store and close_sum return"),
    ("llvmlite.ir", "VectorType", "is the register"),
    ("llvmlite.ir", "Undefined", "begins spread, scale and shuffles"),
    ("llvmlite.ir", "IRBuilder.shuffle_vector", "brings lanes together"),
    ("llvmlite.ir", "IRBuilder.insert_element", "begins spread and scale"),
    ("llvmlite.ir", "IRBuilder.extract_element", "ends sums of lanes"),
    ("llvmlite.ir", "IRBuilder.fcmp_ordered", "compares in positive_reciprocal"),
    ("llvmlite.ir", "IRBuilder.fneg", "makes multiply_subtract of multiply_add"),
    ("llvmlite.ir", "IRBuilder.gep", "finds the address of an element"),
    ("llvmlite.ir", "IRBuilder.bitcast", "turns an address of numbers into one of registers"),
    ("llvmlite.ir", "IRBuilder.insert_value", "sets a sum of a run of shifts"),
    ("llvmlite.ir", "IRBuilder.asm", "keeps shifts and products in their order"),
    ("llvmlite.ir", "IRBuilder.if_then", "leaves out sums that do not count"),
    ("llvmlite.ir", "IRBuilder.sext", "widens halves of pairs before they are multiplied"),
]

MOVED = f"with numba {numba.__version__} and llvmlite {llvmlite.__version__}"


@pytest.mark.parametrize(("module", "name", "use"), NAMES, ids=[f"{module}.{name}" for module, name, _ in NAMES])
def test_a_name_is_where_it_was(module: str, name: str, use: str) -> None:
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        assert hasattr(found, part), f"{MOVED} there is no {module}.{name}, which {use}: see fesdist/simd"
        found = getattr(found, part)


def test_an_address_may_be_aligned_to_a_byte() -> None:
    builder = ir.IRBuilder(ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), []), "f").append_basic_block())
    place = builder.alloca(ir.VectorType(ir.FloatType(), LANES))
    loaded = builder.load(place, align=1)
    builder.store(loaded, place, align=1)
    assert str(builder.block).count("align 1") == 2, f"{MOVED} load and store drop align=1: windows start anywhere"
    assert loaded.type.count == LANES, f"{MOVED} a vector type has no count, which constants are made by"


def test_a_product_and_a_difference_are_not_contracted() -> None:
    x = np.full(LANES, 1 + np.finfo(np.float64).eps)
    apart = njit(lambda out, a, b: store(out, 0, subtract(multiply(load(a, 0), load(a, 0)), load(b, 0))))
    out = np.ones(LANES)
    apart(out, x, x * x)
    assert not out.any(), f"{MOVED} products and sums are fused unasked: every bit of every weight may change"


def test_a_multiply_add_is_not_split() -> None:
    x = np.full(LANES, 1 + np.finfo(np.float64).eps)
    assert applied(multiply_add, -x * x, x, x).all(), f"{MOVED} llvm.fma is rounded twice: every bit may change"


class _Named(NamedTuple):
    array: Array
    number: int


@njit
def _sum_of(named: _Named) -> Any:
    array, number = named
    return array[number] + named.array[named.number]


def test_a_named_tuple_of_arrays_is_one_argument() -> None:
    given = _Named(np.arange(4.0), 3)
    assert _sum_of(given) == 6.0, f"{MOVED} kernels no longer take named tuples of arrays: see Workspace, Equations"


@njit(inline="always")
def _first_of(named: _Named) -> Any:
    return named.array[0]


@njit
def _first_inlined(named: _Named) -> Any:
    return _first_of(named) + _first_of(named)


def test_a_named_tuple_goes_through_inlined_functions() -> None:
    assert _first_inlined(_Named(np.full(1, 2.0), 0)) == 4.0, f"{MOVED} inline='always' does not take named tuples"


@njit(forceinline=True)
def _doubled(pair: Any) -> Any:
    return multiply_add(pair[0], pair[0], pair[1]), pair[1]


@njit
def _twice_doubled(sums: Array, ones: Array) -> None:
    store(sums, 0, _doubled(_doubled((load(sums, 0), load(ones, 0))))[0])


def test_tuples_of_registers_go_through_functions_that_llvm_inlines() -> None:
    sums = np.arange(LANES, dtype=np.float64)
    _twice_doubled(sums, np.ones(LANES))
    assert np.array_equal(sums, 4.0 * np.arange(LANES)), f"{MOVED} forceinline does not take registers"


@njit
def _add_products(sums: Array, left: Array, right: Array) -> None:
    store(sums, 0, multiply_add(load(sums, 0), load(left, 0), load(right, 0)))


def _assembly(dtype: Any) -> str:
    given = np.zeros(LANES, dtype)
    _add_products(given, given, given)
    (signature,) = [s for s in _add_products.signatures if s[0].dtype == numba.from_dtype(np.dtype(dtype))]
    return str(_add_products.inspect_asm(signature))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names instructions of x86-64")
@pytest.mark.parametrize(
    ("dtype", "instructions"),
    [
        (np.uint32, "v?pmaddwd|vpdpwssd"),
        (np.int32, "vpdpbusd"),
        (np.float32, r"vfn?madd\w+ps"),
        (np.float64, r"vfn?madd\w+pd"),
    ],
)
def test_a_multiply_add_is_the_widest_instruction_there_is(dtype: Any, instructions: str) -> None:
    if dtype is np.int32 and not OCTET_LANES:
        pytest.skip("this CPU does not multiply bytes")
    if np.dtype(dtype).kind == "f" and "fma" not in _cpu_flags():
        pytest.skip("this CPU has no fused multiply-add")
    assert re.search(instructions, _assembly(dtype)), f"{MOVED} LLVM does not find {instructions}: kernels get slow"


PRODUCTS = """
from numba import types
from fesdist.families.windowed.kernels.planes import add_products
from fesdist.simd.compiler import compile_here
compile_here()  # what is kept cannot be looked into
packed, sums, line = types.int32[:, ::1], types.int64[:, ::1], types.int64[::1]
add_products.compile((packed, packed, line, types.intp, types.intp, sums, types.boolean))
(signature,) = add_products.signatures
print(add_products.inspect_asm(signature))
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names instructions of x86-64")
@pytest.mark.parametrize(
    ("features", "register"),
    [("+avx2,+fma,+avxvnni", "ymm"), (f"{AVX512},+avx512vnni", "zmm")],
)
def test_products_of_bytes_take_them_from_memory(features: str, register: str, tmp_path: Path) -> None:
    """Compiled for CPUs that this one need not be, and not run."""
    compiled_for = {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", PRODUCTS]
    ran = subprocess.run(command, env=os.environ | compiled_for, capture_output=True, text=True, check=True)
    found = re.findall(rf"vpdpbusd\s+\S*\(.*\), %{register}", ran.stdout)
    assert len(found) >= 6, f"{MOVED} LLVM loads what it could multiply in place: kernels get slow"


def _cpu_flags() -> set[str]:
    import llvmlite.binding

    return {name for name, has in llvmlite.binding.get_host_cpu_features().items() if has}


def test_compiled_kernels_are_kept_where_we_say() -> None:
    program = "import fesdist.simd, numba; print(numba.config.CACHE_DIR)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found.strip(), f"{MOVED} numba.config.CACHE_DIR cannot be set: kernels would be kept beside the code"


def test_the_requirement_has_an_upper_bound() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    (requirement,) = [line for line in project["dependencies"] if re.match(r"numba\b", line)]
    bound = re.search(r"<(\d+)\.(\d+)$", requirement)
    assert bound is not None, f"{requirement}: fesdist.simd uses numba's interior, so name the first untested release"
    installed = tuple(int(part) for part in numba.__version__.split(".")[:2])
    assert installed < tuple(map(int, bound.groups())), f"numba {numba.__version__} is beyond {requirement}"
