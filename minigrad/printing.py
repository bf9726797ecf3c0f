"""How a tensor is printed: the text that PyTorch gives, number by number and line by line.

All numbers of a tensor are written in one notation and to one width, so that columns line up:

    scientific  1.0000e-05  when the largest is over 1000 times the smallest, or above 1e8,
                            or the smallest is below 1e-4
    whole       2.          else, when every float is a whole number
    fixed       0.5000      else

Signs, zeros, infinities and NaN have no say in that choice.  A tensor of over 1000 elements is summarised:
only the first and last three along each dimension count and are printed.
The rules were learned from torch/_tensor_str.py of PyTorch 2.13.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad.devices import CPU, moved
from minigrad.dtypes import bool_, get_default_dtype, int64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from minigrad.tensor import Tensor


@dataclass
class PrintOptions:
    """What `set_printoptions` sets."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


options = PrintOptions()

PROFILES: dict[str | None, dict[str, float]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed; what is None stays as it is, except `sci_mode`.

    precision: digits after the decimal point (at the start: 4).
    threshold: the number of elements above which a tensor is summarised (1000).
    edgeitems: how many items a summary shows at the beginning and end of each dimension (3).
    linewidth: the number of characters after which a line is broken (80).
    profile: "default", "short" or "full"; sets the four above, each of which can be given beside it.
        As in PyTorch, any other word changes nothing.
    sci_mode: True for scientific notation, False for none, None to choose by the numbers.  As in PyTorch,
        every call sets it.

    >>> import minigrad as torch
    >>> torch.set_printoptions(precision=2, threshold=5)
    >>> torch.tensor([1.12345]), torch.arange(10)
    (tensor([1.12]), tensor([0, 1, 2,  ..., 7, 8, 9]))
    >>> torch.set_printoptions(profile="default")
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    changes = PROFILES.get(profile, {}) | {name: value for name, value in given.items() if value is not None}
    for name, value in changes.items():
        setattr(options, name, value)
    options.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The options in force, as a dict that `set_printoptions(**options)` takes back."""
    return asdict(options)


def tensor_repr(tensor: Tensor) -> str:
    """The text of `print(tensor)`.

    >>> import minigrad as torch
    >>> torch.tensor([[0.5, -1.0], [100.0, float("nan")]], requires_grad=True)
    tensor([[  0.5000,  -1.0000],
            [100.0000,      nan]], requires_grad=True)
    """
    opening = "tensor("
    indent = len(opening)
    return _with_suffixes(opening + _numbers_text(moved(tensor.array, CPU), indent), _suffixes(tensor), indent)


def parameter_repr(parameter: Tensor) -> str:
    """The text of `print(parameter)`."""
    return "Parameter containing:\n" + tensor_repr(parameter)


def tensor_format(tensor: Tensor, spec: str) -> str:
    """The text of `f"{tensor:spec}"`: a 0-d tensor is formatted as the Python number in it.

    A tensor with dimensions takes no format but the empty one, which prints it; another raises TypeError.

    >>> import minigrad as torch
    >>> f"loss: {torch.tensor(0.123456):.4f}"
    'loss: 0.1235'
    """
    if tensor.array.ndim == 0:
        return format(tensor.array.item(), spec)
    return parameter_format(tensor, spec)


def parameter_format(parameter: Tensor, spec: str) -> str:
    """The text of `f"{parameter:spec}"`: PyTorch prints it, also when it is 0-d, and takes no format.

    Raises TypeError when `spec` is not empty.
    """
    if spec == "":
        return str(parameter)
    kind = type(parameter).__name__
    raise TypeError(
        f"unsupported format string passed to {kind}.__format__: a {kind} of shape "
        f"{tuple(parameter.array.shape)} is not a number; take one out, as in f'{{x.item():{spec}}}', "
        "or print it all, as in f'{x}'"
    )


class Style(NamedTuple):
    """How every element of one tensor is written."""

    spec: str
    width: int

    def write(self, element: Any) -> str:
        """The element as text, with spaces before it up to the width."""
        return format(element, self.spec).rjust(self.width)


def _numbers_text(array: NDArray[Any], indent: int) -> str:
    """The elements in nested brackets, the first of which stands `indent` characters into its line."""
    if array.size == 0:
        return "[]"
    summarise = array.size > options.threshold
    shown = [_shown_positions(size, summarise) for size in array.shape]
    elements = array[np.ix_(*[[p for p in positions if p is not None] for positions in shown])]
    return _block_text(array, shown, _style_of(elements.reshape(-1)), indent)


def _shown_positions(size: int, summarise: bool) -> list[int | None]:
    """Which positions along a dimension are printed; None stands for the dots in a summary."""
    edge = options.edgeitems
    if not summarise or size <= 2 * edge:
        return list(range(size))
    return [*range(edge), None, *range(size - edge, size)]


def _style_of(elements: NDArray[Any]) -> Style:
    """The style that suits these elements: those that are printed, in one dimension."""
    if elements.dtype.kind != "f":
        spec = ""
    else:
        elements = elements[np.isfinite(elements) & (elements != 0)]
        spec = _float_spec(elements)
    return Style(spec, max((len(format(element, spec)) for element in elements.tolist()), default=1))


def _float_spec(elements: NDArray[Any]) -> str:
    """The format of finite floats other than zero."""
    whole = "#.0f"  # "#" keeps the decimal point, which tells floats from integers
    if elements.size == 0:
        return whole
    scientific = options.sci_mode
    if scientific is None:
        smallest, largest = float(abs(elements).min()), float(abs(elements).max())
        scientific = largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4
    if scientific:
        return f".{options.precision}e"
    return whole if (elements == np.ceil(elements)).all() else f".{options.precision}f"


def _block_text(array: NDArray[Any], shown: Sequence[list[int | None]], style: Style, indent: int) -> str:
    if array.ndim == 0:
        return style.write(array.item())
    if array.ndim == 1:
        return _row_text(array, shown[0], style, indent)
    blocks = [
        "..." if position is None else _block_text(array[position], shown[1:], style, indent + 1)
        for position in shown[0]
    ]
    new_line = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return "[" + new_line.join(blocks) + "]"


def _row_text(row: NDArray[Any], shown: list[int | None], style: Style, indent: int) -> str:
    dots = " ..." if options.edgeitems else "..."
    words = [dots if position is None else style.write(row[position].item()) for position in shown]
    per_line = max(1, math.floor((options.linewidth - indent) / (style.width + len(", "))))
    lines = [", ".join(words[start : start + per_line]) for start in range(0, len(words), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _suffixes(tensor: Tensor) -> list[str]:
    """What is said after the numbers: all that a reader could not tell from them."""
    array = tensor.array
    suffixes = []
    if tensor.device.type != "cpu":
        suffixes.append(f"device='{tensor.device}'")
    if (array.ndim != 1) if array.size == 0 else (options.edgeitems == 0):
        suffixes.append(f"size={tuple(array.shape)}")
    told_by_numbers = (get_default_dtype(), int64, bool_) if array.size else (get_default_dtype(),)
    if tensor.dtype not in told_by_numbers:
        suffixes.append(f"dtype={tensor.dtype}")
    grad_fn = _grad_fn_name(tensor)
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    return suffixes


def _grad_fn_name(tensor: Tensor) -> str | None:
    """The name of a tensor's grad_fn; Invalid for a view that did not follow a change of its base."""
    try:
        return None if tensor.grad_fn is None else tensor.grad_fn.name().rpartition("::")[2]
    except RuntimeError:
        return "Invalid"


def _with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    """Add each suffix on the last line, or on a new one where it would not fit, and the closing bracket."""
    separator = ", "
    last_line = text.rpartition("\n")[2]
    length = len(last_line) + len(separator)
    for suffix in suffixes:
        # Counted with PyTorch's shorter name, so that lines break where PyTorch breaks them.
        added = len(suffix.replace("minigrad.", "torch."))
        if length + len(separator) + added > options.linewidth:
            text += ",\n" + " " * indent + suffix
            length = indent + added
        else:
            text += separator + suffix
            length += len(separator) + added
    return text + ")"
