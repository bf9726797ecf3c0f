"""What all optimizers share: parameter groups, state, hooks, and the order of a step."""

from __future__ import annotations

import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import wraps
from inspect import getgeneratorlocals, isgenerator
from typing import Any, ClassVar

from minigrad.arrays import copy_of, on_its_gpu, quiet
from minigrad.autograd import grad_mode
from minigrad.causes import of_no_gradient
from minigrad.devices import CPU, device_of, moved
from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import TensorBase, wrap
from minigrad.engine.places import user_frame
from minigrad.hooks import RemovableHandle
from minigrad.nn.mistakes import layers_in_a_list, no_state_dict, parameters_from
from minigrad.nn.parameter import clear_gradients
from minigrad.optim.packing import NOT_MADE_YET, Block, blocks_of, still_fit
from minigrad.tensor import Tensor

Hook = Callable[..., Any]
Group = dict[str, Any]

LATER_OPTIONS = {
    *("amsgrad", "capturable", "centered", "decoupled_weight_decay", "differentiable", "foreach", "fused"),
    *("maximize", "momentum", "nesterov"),
}
"""Options that PyTorch's optimizers did not always have: files without them are loaded, with the default."""


def number(option: Any) -> float:
    """An option as a Python number, of a tensor its only element.

    A float stays the object that it is: that of a captured step says how it is computed anew (compiled/numbers.py).
    """
    return option if isinstance(option, float) else float(option)


class Required:
    """What `required` is."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = Required()
"""As the default of an option of one's own optimizer: each group has to give it."""

global_pre_hooks: dict[int, Hook] = {}
global_post_hooks: dict[int, Hook] = {}


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Call hook(optimizer, args, kwargs) before every step of every optimizer; it may return new (args, kwargs).

    The handle that it gives takes the hook away again.
    """
    return RemovableHandle(global_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Call hook(optimizer, args, kwargs) after every step of every optimizer.

    The handle that it gives takes the hook away again.
    """
    return RemovableHandle(global_post_hooks, hook)


def with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """An optimizer's step with the hooks called around it."""

    @wraps(step)
    def step_with_hooks(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        self.has_stepped = True
        for hook in [*global_pre_hooks.values(), *self._pre_hooks.values()]:
            changed = hook(self, (self, *args), kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        f"a step pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                    )
                (_self, *args), kwargs = changed
        result = step(self, *args, **kwargs)
        for hook in [*self._post_hooks.values(), *global_post_hooks.values()]:
            hook(self, (self, *args), kwargs)
        return result

    step_with_hooks.notes_steps = True  # type: ignore[attr-defined]
    return step_with_hooks


class Optimizer:
    """Base of the optimizers: a subclass names its state and says how one block of parameters is updated.

    params: Tensors, or dicts with "params" and options of their own (parameter groups).  In the place of each Tensor
    there may be a tuple (name, Tensor), as `named_parameters()` gives: a group then has "param_names".  defaults: the
    options of groups that do not give them.  `state` holds for each parameter what the optimizer remembers of it.
    TypeError for what is no Tensor, ValueError for no parameters, for the result of an op, and for a parameter in two
    groups.  https://docs.pytorch.org/docs/stable/optim.html
    """

    counts_steps: ClassVar[bool] = False
    """Whether the state has the number of steps too."""

    needs_closure: ClassVar[bool] = False
    """Whether a step cannot be made without a closure."""

    _warned = False

    is_watched = False
    """Whether a scheduler asks for `has_stepped`: whether a step was made since the first one began to."""

    def __init__(self, params: Iterable[Any], defaults: Group) -> None:
        if isinstance(params, TensorBase):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{type(params).__name__}: put it in a list"
            )
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._blocks: dict[int, list[Block]] = {}
        self._pre_hooks: dict[int, Hook] = {}
        self._post_hooks: dict[int, Hook] = {}
        if not hasattr(params, "__iter__"):
            raise TypeError(f"'{type(params).__name__}' object is not iterable{parameters_from(params)}")
        module = getgeneratorlocals(params).get("self") if isgenerator(params) else None
        groups = list(params)
        if not groups:
            raise ValueError(f"optimizer got an empty parameter list{layers_in_a_list(module)}")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: Group) -> None:
        """Optimize further parameters, with their options: the dict param_group, checked before anything changes.

        The dict itself becomes the group: the options that it lacks are added to it.  TypeError for what is no dict or
        no Tensor, ValueError for a parameter that is in a group already, and the result of an op.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params, names = checked_params(param_group["params"])
        check_named(["param_names" in group for group in self.param_groups], names or "param_names" in param_group)
        taken = {id(p) for p in self._params()}
        if any(id(p) in taken for p in params):
            raise ValueError("some parameters appear in more than one parameter group")
        lacking = [name for name, default in self.defaults.items() if default is required and name not in param_group]
        if lacking:
            raise ValueError(f"parameter group didn't specify a value of required optimization parameter {lacking[0]}")
        param_group["params"] = params
        if names:
            param_group["param_names"] = names
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        self.param_groups.append(param_group)

    # A step -------------------------------------------------------------------------------------------------

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = with_hooks(cls.__dict__["step"])  # type: ignore[method-assign]

    @with_hooks
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient.

        closure: computes the loss anew, with its gradients; its result is returned.
        """
        loss = None
        if closure is not None:
            with grad_mode.enable_grad():
                loss = closure()
        with quiet():
            for number, group in enumerate(self.param_groups):
                for block in self.blocks(number, group):
                    self.update(block, group)
                    mark_changed(*block.params)
        return loss

    def update(self, block: Any, group: Group) -> None:
        """Update the parameters of one block; what a subclass is there for."""
        raise NotImplementedError

    def state_names(self, group: Group) -> tuple[str, ...]:
        """The state kept for each parameter, of its shape, under a group's options."""
        raise NotImplementedError

    def blocks(self, number: int, group: Group) -> list[Block]:
        """A group's parameters that have a gradient, in blocks: those of the last step if nothing has changed."""
        params = [p for p in group["params"] if p._grad is not None]
        blocks: list[Block] = self._blocks.get(number, NOT_MADE_YET)
        names = self.state_names(group)
        if not still_fit(blocks, params, names, self.state):
            blocks = blocks_of(params, self.state, names, self.counts_steps)
            self._blocks[number] = blocks
            if not params:
                self.warn_of_no_gradient()
        return blocks

    def warn_of_no_gradient(self) -> None:
        """Say once, at the user's line, that a step has changed nothing, and why that is."""
        params = self._params()
        if self._warned or any(p._grad is not None for p in params):
            return
        self._warned = True
        frame = user_frame(sys._getframe(1))
        message = f"{type(self).__name__}.step() changed nothing: no parameter has a gradient.{of_no_gradient(params)}"
        warnings.warn_explicit(message, UserWarning, frame.f_code.co_filename, frame.f_lineno)

    def watch_steps(self) -> None:
        """Note from now on whether a step was made (schedulers warn if none was)."""
        if not self.is_watched:
            self.is_watched, self.has_stepped = True, False

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients (or, with set_to_none=False, fill them with zeros)."""
        clear_gradients(self._params(), set_to_none)

    # Hooks --------------------------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) before each step; it may return new (args, kwargs)."""
        return RemovableHandle(self._pre_hooks, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) after each step."""
        return RemovableHandle(self._post_hooks, hook)

    # Saving -------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """State and options as PyTorch arranges them: parameters are numbered in the order of the groups."""
        numbers = {id(p): i for i, p in enumerate(self._params())}
        groups = [
            {**{k: v for k, v in group.items() if k != "params"}, "params": [numbers[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]
        state = {numbers.get(id(p), p): values for p, values in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over state and options from what `state_dict` gave.

        ValueError, with nothing changed, when the groups do not match.
        """
        refuse_other_than_state(state_dict)
        saved = state_dict["param_groups"]
        if len(saved) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(saved, self.param_groups)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        missing = self.defaults.keys() - LATER_OPTIONS - set.intersection(*(set(group) for group in saved))
        if missing:
            raise KeyError(
                f"the loaded state dict is not one of {type(self).__name__}: a parameter group lacks "
                f"{', '.join(map(repr, sorted(missing)))}"
            )
        params = dict(zip([n for group in saved for n in group["params"]], self._params()))
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for number, values in state_dict["state"].items():
            if number in params:
                p = params[number]
                state[p] = {name: loaded(value, p, name) for name, value in values.items()}
            else:
                state[number] = values
        self.param_groups = [
            {**self.defaults, **names_of(mine), **deepcopy(group), "params": mine["params"]}
            for group, mine in zip(saved, self.param_groups)
        ]
        self.state = state
        self._blocks = {}

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: not the blocks, which the copy makes anew, nor (as in PyTorch) the hooks."""
        return {**self.__dict__, "_blocks": {}, "_pre_hooks": {}, "_post_hooks": {}}

    def _params(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def __repr__(self) -> str:
        lines = [type(self).__name__ + " ("]
        for i, group in enumerate(self.param_groups):
            lines += ["", f"Parameter Group {i}"] if i else [f"Parameter Group {i}"]
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])


def names_of(group: Group) -> Group:
    """The names of a group's parameters, if they have any."""
    return {"param_names": group["param_names"]} if "param_names" in group else {}


def check_named(groups: list[bool], named: Any) -> None:
    """ValueError where some groups have the names of their parameters and a new one has not, or the other way round."""
    if groups and groups[0] != bool(named):
        raise ValueError(
            "all optimizer param groups should be with/without names. cannot add param group "
            f"{'with' if named else 'without'} names to the optimizer"
        )


def checked_params(params: Any) -> tuple[list[Tensor], list[str]]:
    """A group's parameters, and their names, if given; TypeError or ValueError for what cannot be optimized."""
    if isinstance(params, TensorBase):
        params = [params]
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
            "will change between runs. Please use a list instead."
        )
    given = list(params)
    names = [p[0] for p in given if isinstance(p, tuple)]
    if names and len(names) < len(given):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    checked: list[Tensor] = [p[1] for p in given] if names else given
    for p in checked:
        if not isinstance(p, Tensor):
            raise TypeError(
                f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}{parameters_from(p)}"
            )
        if not (p.is_leaf or p.retains_grad):
            raise ValueError(
                f"can't optimize a non-leaf Tensor: it was computed at {p.node.line}. Make a leaf of it with "  # type: ignore[union-attr]
                ".detach().requires_grad_(), and use that from then on"
            )
    if len({id(p) for p in checked}) != len(checked):
        warnings.warn(
            "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
            "see github.com/pytorch/pytorch/issues/40967 for more information",
            stacklevel=4,
        )
    return checked, names


def refuse_other_than_state(state_dict: Any) -> None:
    """AttributeError or KeyError, as in PyTorch, for what is no optimizer's state_dict."""
    if not isinstance(state_dict, Mapping):
        raise AttributeError(
            f"'{type(state_dict).__name__}' object has no attribute 'copy'. {no_state_dict(state_dict)}"
        )
    if "param_groups" not in state_dict:
        inner = [key for key, value in state_dict.items() if isinstance(value, Mapping) and "param_groups" in value]
        advice = f"write load_state_dict(checkpoint[{inner[0]!r}])" if inner else "is it a model's?"
        raise KeyError(f"param_groups: this is not the state_dict of an optimizer, {advice}")


def loaded(value: Any, p: Tensor, name: str) -> Any:
    """A copy of a saved value, in the parameter's dtype, on its device (the number of steps: float32, on the CPU)."""
    if isinstance(value, (list, tuple)):
        return type(value)(loaded(each, p, name) for each in value)
    if not isinstance(value, TensorBase):
        return deepcopy(value)
    if name == "step":
        return wrap(copy_of(moved(value.array, CPU)))
    array = moved(value.array, device_of(p.array))
    with quiet():
        return wrap(on_its_gpu(array).astype(p.array.dtype))


def check(name: str, value: Any, fits: Callable[[Any], bool] = lambda x: x >= 0.0) -> None:
    """ValueError for an option out of its range, TypeError for one that is no number, in PyTorch's words."""
    check_range(f"Invalid {name}:", value, fits)


def check_range(words: str, value: Any, fits: Callable[[Any], bool] = lambda x: x >= 0.0) -> None:
    """As `check`, where PyTorch's words are others."""
    try:
        valid = fits(value)
    except TypeError as error:
        raise TypeError(f"{error}: a number is needed, but {value!r} was given. {words.rstrip(':')}") from None
    if not valid:
        raise ValueError(f"{words} {value}")


def check_learning_rate(lr: Any, words: str = "Invalid learning rate:") -> None:
    """ValueError for a rate below 0, or a tensor of other than one element."""
    if isinstance(lr, TensorBase) and lr.array.size != 1:
        raise ValueError("Tensor lr must be 1-element")
    check_range(words, lr)


def check_betas(betas: Any) -> None:
    """TypeError or ValueError unless they are two shares of what is remembered of an average."""
    if not isinstance(betas, (tuple, list)):
        raise TypeError(f"'{type(betas).__name__}' object is not subscriptable: betas are two numbers, (0.9, 0.999)")
    for index, beta in enumerate(betas[:2]):
        check(f"beta parameter at index {index}", beta, is_beta)


def is_beta(x: float) -> bool:
    """Whether it is a share of what is remembered of an average."""
    return 0.0 <= x < 1.0


__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]
