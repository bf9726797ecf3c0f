"""Products of vectors and matrices by their other names, and those along any dimensions: einsum, tensordot, kron.

Gradients flow to all operands.  RuntimeError for shapes that do not fit; `mm`, `bmm`, `mv`, `dot`, `inner`, `tensordot`
and what is added to such products are of one dtype alone, and there is a RuntimeError for two.  Numbers of dimensions
are given where they count: b of batches, n, k and m of rows and columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from minigrad.arrays import quiet
from minigrad.engine.graph import TensorBase, raw, record
from minigrad.engine.order import ordered
from minigrad.engine.places import op_called
from minigrad.ops.arithmetic import mul
from minigrad.ops.arranging import diagonal
from minigrad.ops.dims import axis
from minigrad.ops.linear_algebra import matmul_da, matmul_db, matmul_error
from minigrad.ops.promotion import array_of, as_dtype, check_tensors, factor_for, fitting_number, result_type, widened
from minigrad.ops.reductions import sum
from minigrad.ops.shaping import permute, reshape, unsqueeze

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    *("addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "dot", "einsum", "ger", "inner", "kron", "mm", "mv"),
    *("outer", "tensordot", "vdot"),
]

# Of so many dimensions --------------------------------------------------------------------------------------


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices, input and mat2: (n, k) @ (k, m) -> (n, m); without batches, unlike `matmul`."""
    check_tensors("mm", input=input, mat2=mat2)
    check_dims("mm", {"self": (input, 2), "mat2": (mat2, 2)}, "must be a matrix")
    return product(input, mat2, "MmBackward0")


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of as many matrices, input and mat2: (b, n, k) @ (b, k, m) -> (b, n, m); b does not broadcast."""
    check_tensors("bmm", input=input, mat2=mat2)
    check_dims("bmm", {"batch1": (input, 3), "batch2": (mat2, 3)}, "must be a 3D tensor")
    check_batches("bmm", input, mat2)
    return product(input, mat2, "BmmBackward0")


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector, input and vec: (n, k) @ (k) -> (n)."""
    check_tensors("mv", input=input, vec=vec)
    if (array_of(input).ndim, raw(vec).ndim) != (2, 1):
        raise RuntimeError(f"vector + matrix @ vector expected, got {raw(input).ndim}, {raw(vec).ndim} in mv()")
    return product(input, vec, "MvBackward0")


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The sum of the products of two vectors' elements, input and tensor: (k) and (k) -> ()."""
    return vectors_product(input, tensor, "DotBackward0")


def vdot(input: Tensor, other: Tensor) -> Tensor:
    """As `dot`: there are no complex numbers."""
    return vectors_product(input, other, "VdotBackward0")


def vectors_product(input: Tensor, tensor: Tensor, name: str) -> Tensor:
    """The product of two vectors under the name that PyTorch prints for it."""
    check_tensors("dot", input=input, tensor=tensor)
    x, y = array_of(input), raw(tensor)
    if (x.ndim, y.ndim) != (1, 1):
        raise RuntimeError(f"1D tensors expected, but got {x.ndim}D and {y.ndim}D tensors in dot()")
    if x.dtype != y.dtype:
        raise RuntimeError(f"dot : expected both vectors to have same dtype, but found {x.dtype} and {y.dtype}")
    if x.size != y.size:
        raise RuntimeError(
            "inconsistent tensor size, expected tensor [a] and src [a] to have the same number of elements, but got "
            f"{x.size} and {y.size} elements respectively in dot()"
        )
    return product(input, tensor, name)


def inner(input: Tensor, other: Tensor) -> Tensor:
    """The sums of products along the last dimension of both: out[i, j] = sum(input[i] * other[j])."""
    check_tensors("inner", input=input, other=other)
    x, y = array_of(input), raw(other)
    if x.ndim == 0 or y.ndim == 0:
        return mul(input, other)
    if x.shape[-1] != y.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(x.shape)} and {list(y.shape)}"
        )
    return dot(input, other) if x.ndim == y.ndim == 1 else tensordot(input, other, ([-1], [-1]))


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """All products of two vectors' elements: out[i, j] = input[i] * vec2[j], (n) and (m) -> (n, m).

    Two dtypes meet as in `mul`.
    """
    check_tensors("outer", input=input, vec2=vec2)
    for name, x in (("self", input), ("vec2", vec2)):
        if raw(x).ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {raw(x).ndim}-D")
    return mul(unsqueeze(input, 1), vec2)


def ger(input: Tensor, vec2: Tensor) -> Tensor:
    """As `outer`."""
    return outer(input, vec2)


def product(a: Tensor, b: Tensor, name: str) -> Tensor:
    """a @ b under the name that PyTorch prints for it."""
    x, y = raw(a), raw(b)
    if x.dtype != y.dtype or x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
        raise misfit(a, b)
    with quiet():
        value = x @ y
    return record(value, (a, b), (matmul_da, matmul_db), x.ndim == 1, y.ndim == 1, name=name)


def misfit(a: Tensor, b: Tensor) -> Exception:
    """Why two operands have no matrix product, in the name of the op that was called."""
    error = matmul_error(a, b)
    return type(error)(str(error).replace("matmul()", f"{op_called()}()"))


def check_dims(op: str, operands: dict[str, tuple[Any, int]], wanted: str) -> None:
    """RuntimeError for an operand of another number of dimensions."""
    for name, (x, ndim) in operands.items():
        if array_of(x).ndim != ndim:
            raise RuntimeError(f"{name} {wanted}, but {op}() got shape {list(raw(x).shape)}")


def check_batches(op: str, a: Any, b: Any) -> None:
    """RuntimeError for batches of two sizes, or matrices that do not fit."""
    first, second = raw(a).shape, raw(b).shape
    if first[0] != second[0] or first[2] != second[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{first[0]}, {first[2]}] but got: "
            f"[{second[0]}, {second[1]}] in {op}()"
        )


# Added to a tensor ----------------------------------------------------------------------------------------------


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2); input broadcasts.  With beta=0 input is not looked at."""
    check_tensors("addmm", input=input, mat1=mat1, mat2=mat2)
    check_dims("addmm", {"mat1": (mat1, 2), "mat2": (mat2, 2)}, "must be a matrix")
    return plus_product(input, mat1, mat2, beta, alpha, "AddmmBackward0")


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (mat @ vec); input broadcasts.  With beta=0 input is not looked at."""
    check_tensors("addmv", input=input, mat=mat, vec=vec)
    check_dims("addmv", {"mat": (mat, 2)}, "must be a matrix")
    check_dims("addmv", {"vec": (vec, 1)}, "must be a vector")
    return plus_product(input, mat, vec, beta, alpha, "AddmvBackward0")


def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * outer(vec1, vec2); input broadcasts.  With beta=0 input is not looked at."""
    check_tensors("addr", input=input, vec1=vec1, vec2=vec2)
    check_dims("addr", {"vec1": (vec1, 1), "vec2": (vec2, 1)}, "must be a vector")
    dtype = result_type(input, vec1, vec2)
    c, a, b = (as_dtype(x, dtype) for x in (input, unsqueeze(vec1, 1), unsqueeze(vec2, 0)))
    refuse_sum(c, a, b)
    z, x, y = raw(c), raw(a), raw(b)
    for key, number in (("beta", beta), ("alpha", alpha)):
        if z.dtype.kind != "f" and isinstance(number, float):
            raise RuntimeError(f"For integral input tensors, argument {key} must not be a floating point number.")
    value = ordered(sum_with_product(z, x, y, beta, alpha), z, x, y)
    return record(value, (c, a, b), (addmm_dinput, addmm_da, addmm_db), beta, alpha, False, name="AddrBackward0")


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * bmm(batch1, batch2); input broadcasts.  With beta=0 input is not looked at."""
    check_tensors("baddbmm", input=input, batch1=batch1, batch2=batch2)
    check_dims("baddbmm", {"batch1": (batch1, 3), "batch2": (batch2, 3)}, "must be a 3D tensor")
    check_batches("baddbmm", batch1, batch2)
    return plus_product(input, batch1, batch2, beta, alpha, "BaddbmmBackward0")


def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * bmm(batch1, batch2).sum(0); input broadcasts.  With beta=0 input is not looked at."""
    check_tensors("addbmm", input=input, batch1=batch1, batch2=batch2)
    check_dims("addbmm", {"batch1": (batch1, 3), "batch2": (batch2, 3)}, "must be a 3D tensor")
    check_batches("addbmm", batch1, batch2)
    (batches, n, k), m = raw(batch1).shape, raw(batch2).shape[-1]
    rows = reshape(permute(batch1, 1, 0, 2), n, batches * k)
    return plus_product(input, rows, reshape(batch2, batches * k, m), beta, alpha, "AddbmmBackward0")


def plus_product(c: Tensor, a: Tensor, b: Tensor, beta: float, alpha: float, name: str) -> Tensor:
    """beta * c + alpha * (a @ b), where c broadcasts to the product."""
    refuse_sum(c, a, b)
    z, x, y = raw(c), raw(a), raw(b)
    if z.dtype.kind != "f":
        beta, alpha = int(beta), int(alpha)  # PyTorch cuts the fractions off
    value = sum_with_product(z, x, y, beta, alpha)
    return record(value, (c, a, b), (addmm_dinput, addmm_da, addmm_db), beta, alpha, y.ndim == 1, name=name)


def refuse_sum(c: Tensor, a: Tensor, b: Tensor) -> None:
    """RuntimeError for dtypes or sizes that do not fit."""
    z, x, y = raw(c), raw(a), raw(b)
    if not z.dtype == x.dtype == y.dtype:
        raise RuntimeError(f"self, mat1 and mat2 must have the same dtype, but got {z.dtype}, {x.dtype} and {y.dtype}")
    if x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
        raise misfit(a, b)
    shape = (*x.shape[:-1], *y.shape[x.ndim - 1 :])
    if z.ndim > len(shape) or any(n not in (1, m) for n, m in zip(z.shape[::-1], shape[::-1])):
        raise RuntimeError(
            f"The expanded size of the tensor {list(shape)} must match the existing size: input has {list(z.shape)}"
        )


def sum_with_product(z: Any, x: Any, y: Any, beta: float, alpha: float) -> Any:
    """beta * z + alpha * (x @ y) of raw arrays, rounded to their dtype at the end."""
    dtype = z.dtype
    if dtype.kind in "iu":
        beta, alpha = fitting_number(beta, dtype), fitting_number(alpha, dtype)
    x, y, z = widened(x), widened(y), widened(z)
    with quiet():
        value = x @ y if alpha == 1 else (x @ y) * alpha
        value = value if beta == 0 else value + (z if beta == 1 else z * beta)
        return value.astype(dtype, copy=False)


def addmm_dinput(g: Tensor, _out: Any, _c: Any, _a: Any, _b: Any, beta: float, _alpha: float, _column: bool) -> Tensor:
    return g if beta == 1 else g * factor_for(g, beta)


def addmm_da(g: Tensor, _out: Any, _c: Any, a: Tensor, b: Tensor, _beta: float, alpha: float, column: bool) -> Tensor:
    return matmul_da(g if alpha == 1 else g * factor_for(g, alpha), g, a, b, False, column)


def addmm_db(g: Tensor, _out: Any, _c: Any, a: Tensor, b: Tensor, _beta: float, alpha: float, column: bool) -> Tensor:
    return matmul_db(g if alpha == 1 else g * factor_for(g, alpha), g, a, b, False, column)


# Along any dimensions -------------------------------------------------------------------------------------------


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sums of products along pairs of dimensions; the other dimensions of a come first, then those of b.

    dims: a number, of a's last and b's first dimensions, or the dimensions of a and those of b.
    """
    check_tensors("tensordot", a=a, b=b)
    x, y = array_of(a), raw(b)
    if isinstance(dims, TensorBase):
        dims = dims.tolist()  # type: ignore[attr-defined]
    if isinstance(dims, int):
        if dims < 0 or dims > min(x.ndim, y.ndim):
            raise RuntimeError(
                f"tensordot expects dims >= 0, but got dims={dims}"
                if dims < 0
                else f"tensordot expects dims < ndim_a or ndim_b, but got {dims} for {x.ndim} and {y.ndim}"
            )
        dims = list(range(x.ndim - dims, x.ndim)), list(range(dims))
    first, second = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(first) != len(second):
        raise RuntimeError(f"both dimension lists should have same length: tensordot() got {first} and {second}")
    first, second = [axis(d, x.ndim) for d in first], [axis(d, y.ndim) for d in second]
    for i, j in zip(first, second):
        n, m = x.shape[i], y.shape[j]
        if n == 1 != m:
            b = sum(b, j, keepdim=True, dtype=b.dtype)
        elif m == 1 != n:
            a = sum(a, i, keepdim=True, dtype=a.dtype)
        elif n != m:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {n} in dim {i} and second has size {m} in "
                f"dim {j}"
            )
    rows, columns = ([i for i in range(z.ndim) if i not in taken] for z, taken in ((x, first), (y, second)))
    inner = math.prod(raw(a).shape[i] for i in first)
    left = reshape(permute(a, rows + first), math.prod(x.shape[i] for i in rows), inner)
    right = reshape(permute(b, second + columns), inner, math.prod(y.shape[i] for i in columns))
    return reshape(mm(left, right), [x.shape[i] for i in rows] + [y.shape[i] for i in columns])


def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: each element of input times the whole of other, as blocks; sizes are multiplied.

    Two dtypes meet as in `mul`; of two numbers of dimensions the smaller gets new leading ones.
    """
    check_tensors("kron", input=input, other=other)
    x, y = array_of(input), raw(other)
    ndim = max(x.ndim, y.ndim)
    n, m = ((1,) * (ndim - z.ndim) + z.shape for z in (x, y))
    blocks = reshape(input, [size for each in n for size in (each, 1)])
    products = mul(blocks, reshape(other, [size for each in m for size in (1, each)]))
    return reshape(products, [i * j for i, j in zip(n, m)])


Labels = list[Any]


def einsum(*args: Any) -> Tensor:
    """Einstein's sum of products: `einsum("ij,jk->ik", a, b)` multiplies matrices.

    args: the equation and the operands.  The equation names each dimension of each operand by a letter, or several by
    `...`; letters that the result does not have are summed over, a letter twice in one operand takes the diagonal,
    sizes of 1 broadcast.  Without `->` the result has the letters that come once, in the order of the alphabet.
    Operands are taken from left to right, two at a time, each time as one product of batches of matrices.  RuntimeError
    for an equation that does not fit the operands.  https://docs.pytorch.org/docs/stable/generated/torch.einsum.html
    """
    terms, output, operands = read_equation(args)
    parts = [with_labels(i, x, term) for i, (x, term) in enumerate(zip(operands, terms))]
    check_sizes(parts)
    ellipsis = sorted({label for _, labels in parts for label in labels if isinstance(label, int)})
    every = [label for _, labels in parts for label in labels if isinstance(label, str)]
    if output is None:
        output = ["...", *sorted(label for label in every if [*chain(*terms)].count(label) == 1)]
    wanted = [each for label in output for each in (ellipsis if label == "..." else [label])]
    summed = [each for each in [*ellipsis, *sorted({*every})] if each not in wanted]
    result, *others = (with_all_labels(x, labels, [*wanted, *summed]) for x, labels in parts)
    for i, x in enumerate(others, 2):
        later = {label for _, labels in parts[i:] for label in labels}
        result = pair_product(result, x, [i for i, each in enumerate(summed, len(wanted)) if each not in later])
    if not summed:
        return result
    if others:
        return reshape(result, raw(result).shape[: len(wanted)])
    return sum(result, tuple(range(len(wanted), len(wanted) + len(summed))))


def read_equation(args: tuple[Any, ...]) -> tuple[list[Labels], Labels | None, list[Any]]:
    """The labels of each operand and of the result (None if left open), and the operands."""
    if args and isinstance(args[0], str):
        equation, *operands = args
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands = list(operands[0])
        left, arrow, right = equation.replace(" ", "").partition("->")
        terms, output = [split_labels(term) for term in left.split(",")], split_labels(right) if arrow else None
    else:
        operands, given = list(args[0::2]), list(args[1::2])
        output = letters(operands.pop()) if len(operands) > len(given) else None
        terms = [letters(each) for each in given]
    check_tensors("einsum", **{f"operands[{i}]": x for i, x in enumerate(operands)})
    if len(operands) != len(terms):
        more = "more" if len(operands) > len(terms) else "fewer"
        raise RuntimeError(f"einsum(): {more} operands were provided than specified in the equation")
    if output is not None:
        for label in output:
            if output.count(label) > 1:
                raise RuntimeError(f"einsum(): output subscript {label} appears more than once in the output")
            if label != "..." and not any(label in term for term in terms):
                raise RuntimeError(
                    f"einsum(): output subscript {label} does not appear in the equation for any input operand"
                )
    return terms, output, operands


def split_labels(term: str) -> Labels:
    """The letters of one operand, and `...`."""
    before, dots, after = term.partition("...")
    for letter in before + after:
        if not (letter.isascii() and letter.isalpha()):
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {term.index(letter)}: {letter!r} is no letter"
            )
    return [*before, *([dots] if dots else []), *after]


def letters(numbers: Sequence[Any]) -> Labels:
    """Labels given as numbers from 0 on (and Ellipsis) as letters."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return ["..." if n is Ellipsis else alphabet[n] for n in numbers]


def with_labels(number: int, x: Tensor, term: Labels) -> tuple[Tensor, Labels]:
    """An operand and a different label for each of its dimensions: those of `...` are numbers, -1 for the last."""
    ndim, named = array_of(x).ndim, len(term) - ("..." in term)
    if named > ndim or (named < ndim and "..." not in term):
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({named}) "
            + ("is more than" if named > ndim and "..." in term else "does not match")
            + f" the number of dimensions ({ndim}) for operand {number}"
            + ("" if "..." in term else " and no ellipsis was given")
        )
    rest = list(range(named - ndim, 0))
    labels = [each for label in term for each in (rest if label == "..." else [label])]
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            if raw(x).shape[i] != raw(x).shape[j]:
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for operand {number} but the sizes don't match, "
                    f"{raw(x).shape[j]} != {raw(x).shape[i]}"
                )
            x = diagonal(x, 0, i, j)
            labels = [each for k, each in enumerate(labels) if k not in (i, j)] + [label]
    return x, labels


def check_sizes(parts: list[tuple[Tensor, Labels]]) -> None:
    """RuntimeError for a label of two sizes neither of which is 1."""
    seen: dict[Any, int] = {}
    for number, (x, labels) in enumerate(parts):
        for label, size in zip(labels, raw(x).shape):
            before = seen.get(label, 1)
            if 1 not in (before, size) and before != size:
                raise RuntimeError(
                    f"einsum(): subscript {label} has size {size} for operand {number} which does not broadcast with "
                    f"previously seen size {before}"
                )
            seen[label] = size if before == 1 else before


def with_all_labels(x: Tensor, labels: Labels, order: Labels) -> Tensor:
    """An operand with its dimensions in an order of labels, and dimensions of 1 for those that it has not."""
    x = permute(x, [labels.index(label) for label in order if label in labels])
    for i, label in enumerate(order):
        x = x if label in labels else unsqueeze(x, i)
    return x


def pair_product(a: Tensor, b: Tensor, dims: list[int]) -> Tensor:
    """The sum of products of two operands of as many dimensions over some of these, which become 1.

    It is one product of batches of matrices, of which the dimensions in dims that both have are the inner ones.
    """
    n, m = raw(a).shape, raw(b).shape
    alone = [tuple(d for d in dims if sizes[d] != 1 == others[d]) for sizes, others in ((n, m), (m, n))]
    a, b = (summed_alone(x, d) if d else x for x, d in zip((a, b), alone))
    inner = [d for d in dims if n[d] != 1 != m[d]]
    if not inner:
        return mul(a, b)
    n, m = raw(a).shape, raw(b).shape
    kept = [d for d in range(len(n)) if d not in inner]
    batch = [d for d in kept if n[d] != 1 != m[d]]
    rows = [d for d in kept if n[d] != 1 == m[d]]
    columns = [d for d in kept if d not in batch and d not in rows]
    if rows and columns and columns[-1] < rows[0]:  # so the product lies in memory in the order of its dimensions
        a, b, n, m, rows, columns = b, a, m, n, columns, rows
    left, right = in_groups(a, batch, rows, inner), in_groups(b, batch, inner, columns)
    order = [*batch, *rows, *inner, *columns]
    sizes = [n[d] if d not in columns else m[d] for d in order]
    product = reshape(bmm(left, right), [1 if d in inner else size for d, size in zip(order, sizes)])
    return permute(product, [order.index(d) for d in range(len(order))])


def summed_alone(x: Tensor, dims: tuple[int, ...]) -> Tensor:
    """The sum over some dimensions, which become 1, with the strides of rows: those of 1 too count in PyTorch's mul."""
    return reshape(sum(x, dims), [1 if d in dims else n for d, n in enumerate(raw(x).shape)])


def in_groups(a: Tensor, *groups: list[int]) -> Tensor:
    """An operand with its dimensions in three groups, each made one; those in no group are of 1."""
    shape = [math.prod(raw(a).shape[d] for d in group) for group in groups]
    order = [d for group in groups for d in group]
    return reshape(permute(a, order + [d for d in range(raw(a).ndim) if d not in order]), shape)
