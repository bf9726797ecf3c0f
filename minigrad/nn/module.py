"""Module: the base of layers and models, which knows its parameters, its buffers and its parts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from minigrad import devices, dtypes
from minigrad.hooks import RemovableHandle
from minigrad.nn import backward_hooks, loading, mistakes, which_layer
from minigrad.nn.loading import IncompatibleKeys, saved_tensors
from minigrad.nn.parameter import Parameter, clear_gradients
from minigrad.tensor import Tensor

Self = TypeVar("Self", bound="Module")


class Module:
    """A part of a model: assign Parameters and other Modules to its attributes, and define `forward`.

    Called as module(input), it runs the hooks and `forward`.  `parameters()` are all that are assigned here or below,
    by the order of assignment; `state_dict()` has them and the buffers by their dotted names; `train()` and `eval()`
    set `training`; `to()` moves and casts.  AttributeError for an assignment before `super().__init__()`, and for an
    attribute that there is not; NotImplementedError for a call without a `forward`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html

    >>> import minigrad as torch
    >>> class Line(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.slope = torch.nn.Parameter(torch.ones(1))
    ...     def forward(self, x):
    ...         return self.slope * x
    >>> Line()(torch.tensor([3.0]))
    tensor([3.], grad_fn=<MulBackward0>)
    """

    _tensors_taken: ClassVar[int] = 0
    """How many tensors the options of a layer are, at most."""

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _not_saved: set[str]
    _has_hooks: bool
    """Whether there ever was one."""
    _forward_hooks: dict[int, Any]
    _forward_pre_hooks: dict[int, Any]

    def __init__(self) -> None:
        for name, value in (
            ("training", True),
            ("_parameters", {}),
            ("_buffers", {}),
            ("_modules", {}),
            ("_not_saved", set()),
            ("_has_hooks", False),
            ("_forward_hooks", {}),
            ("_forward_pre_hooks", {}),
        ):
            object.__setattr__(self, name, value)

    def __new__(cls, *args: Any, **_kwargs: Any) -> Any:
        """Refuse the input of a layer where its options belong: `nn.ReLU(x)`."""
        mistakes.refuse_input(cls, args)
        return super().__new__(cls)

    def forward(self, *input: Any) -> Any:
        """Compute the output; every module defines its own."""
        raise NotImplementedError(mistakes.no_forward(self))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The output of `forward`, after the hooks have seen it.  An error gains a note that says in which layer."""
        try:
            if self._has_hooks or of_all_modules:
                return self._called_with_hooks(args, kwargs)
            return self.forward(*args, **kwargs)
        except Exception as error:
            which_layer.add_note(error)
            raise

    def _called_with_hooks(self, args: Any, kwargs: Any) -> Any:
        for hook, with_kwargs in list(self._forward_pre_hooks.values()):
            args, kwargs = changed_arguments(hook, with_kwargs, self, args, kwargs)
        output = self.forward(*args, **kwargs)
        for hook, with_kwargs in [*of_all_modules.values(), *self._forward_hooks.values()]:
            changed = hook(self, args, kwargs, output) if with_kwargs else hook(self, args, output)
            output = output if changed is None else changed
        return output

    # Registration -------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        attributes = self.__dict__
        parameters, buffers, modules = map(attributes.get, ("_parameters", "_buffers", "_modules"))
        if isinstance(value, Parameter):
            if parameters is None:
                raise AttributeError("cannot assign parameters" + mistakes.before_init(self))
            self._forget(name, attributes, buffers, modules)
            self.register_parameter(name, value)
        elif parameters is not None and name in parameters:
            refuse_unless_none(value, name, "parameter", "torch.nn.Parameter or None")
            parameters[name] = None
        elif isinstance(value, Module):
            if modules is None:
                raise AttributeError("cannot assign module" + mistakes.before_init(self))
            self._forget(name, attributes, parameters, buffers)
            modules[name] = value
        elif modules is not None and name in modules:
            refuse_unless_none(value, name, "child module", "torch.nn.Module or None")
            modules[name] = None
        elif buffers is not None and name in buffers:
            if not isinstance(value, Tensor):
                refuse_unless_none(value, name, "buffer", "torch.Tensor or None")
            buffers[name] = value
        elif getattr(value, "_is_buffer", False) and buffers is not None:
            self._forget(name, attributes)
            self.register_buffer(name, value, value.persistent)
        else:
            object.__setattr__(self, name, value)

    def _forget(self, name: str, *registers: Any) -> None:
        """Take a name out of registers that it may be in: what is assigned anew is of another kind."""
        for register in registers:
            register.pop(name, None)
        self._not_saved.discard(name)

    def __getattr__(self, name: str) -> Any:
        if name in (parameters := self.__dict__.get("_parameters", ())):
            return parameters[name]
        if name in (modules := self.__dict__.get("_modules", ())):
            return modules[name]
        if name in (buffers := self.__dict__.get("_buffers", ())):
            return buffers[name]
        missing = f"'{type(self).__name__}' object has no attribute '{name}'"
        if "_modules" not in self.__dict__ and name in Module.__annotations__:
            missing = f"{missing}: it was used" + mistakes.before_init(self)
        raise AttributeError(missing, name=name, obj=self)

    def __delattr__(self, name: str) -> None:
        for register in (self._parameters, self._buffers, self._modules):
            if name in register:
                del register[name]
                self._not_saved.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = {*object.__dir__(self), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if name.isidentifier())

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Register a Parameter, param (or None, for one that is left out), under a name.

        TypeError for what is no Parameter, KeyError for a name with a dot in it, an empty one, or one that an attribute
        has.
        """
        self._check_new(name, "parameter", "_parameters")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type_name(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Register a tensor under a name that is part of the state but not trained; persistent ones are saved.

        TypeError for what is no tensor or None, KeyError for a name with a dot in it, an empty one, or one that an
        attribute has.
        """
        self._check_new(name, "buffer", "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type_name(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        if persistent:
            self._not_saved.discard(name)
        else:
            self._not_saved.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Register a part under a name."""
        self._check_new(name, "module", "_modules")
        if module is not None and not isinstance(module, Module):
            raise TypeError(mistakes.no_module(module, type_name(module)))
        self._modules[name] = module

    register_module = add_module

    def _check_new(self, name: Any, kind: str, register: str) -> None:
        if register not in self.__dict__:
            raise AttributeError(f"cannot assign {kind}" + mistakes.before_init(self))
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type_name(name)}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in self.__dict__[register]:
            raise KeyError(f"attribute '{name}' already exists")

    # Parts, parameters, buffers -----------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The parts with their names, each once."""
        seen: set[int] = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Module]:
        """The parts."""
        return (module for _, module in self.named_children())

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it with their names, outermost first, each once.

        prefix: what the names begin with.  remove_duplicate=False: a module that has several names comes under each.
        memo: a set of modules to leave out.
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, dotted(prefix, name), remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their names, in the order of registration, each once.

        prefix: what the names begin with.  recurse=False: without those of the modules below.  remove_duplicate=False:
        a parameter that has several names comes under each.
        """
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, in the order of registration; recurse=False: without those of the modules below."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their names: prefix, recurse and remove_duplicate as for `named_parameters`."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers; recurse=False: without those of the modules below."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    def _named(self, register: str, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[Any]:
        seen: set[int] = set()
        owners = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for owner, module in owners:
            for name, tensor in getattr(module, register).items():
                if tensor is None or id(tensor) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(tensor))
                yield dotted(owner, name), tensor

    def get_submodule(self, target: str) -> Module:
        """The module below this one under a dotted name, target; AttributeError if there is none."""
        module: Module = self
        for name in target.split(".") if target else []:
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter under a dotted name, target; AttributeError if there is none."""
        owner, name = self._owner(target)
        parameter = getattr(owner, name)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return parameter

    def get_buffer(self, target: str) -> Tensor:
        """The buffer under a dotted name, target; AttributeError if there is none."""
        owner, name = self._owner(target)
        buffer = owner._buffers.get(name)
        if buffer is None:
            raise AttributeError(f"`{name}` is not a buffer")
        return buffer

    def _owner(self, target: str) -> tuple[Module, str]:
        prefix, _, name = target.rpartition(".")
        owner = self.get_submodule(prefix)
        if not hasattr(owner, name):
            raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
        return owner, name

    def apply(self: Self, fn: Callable[[Module], None]) -> Self:
        """Call fn with every module below this one, then with this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # Modes, dtypes, gradients -------------------------------------------------------------------------------

    def train(self: Self, mode: bool = True) -> Self:
        """Training mode for this module and all below it (it matters to dropout and batch norm)."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: Self) -> Self:
        """Evaluation mode: `train(False)`."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Let all parameters take part in differentiation, or with requires_grad=False none."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def compile(self, *_args: Any, **_options: Any) -> None:
        """As `torch.compile` of a module: it stays as it is.  Compile the training step, a function, instead."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters (or, with set_to_none=False, fill them with zeros)."""
        clear_gradients(self.parameters(), set_to_none)

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Move parameters and buffers to a device, convert the float ones to a dtype: to(device), to(dtype), ...

        memory_format: the order in memory of those of four or five dimensions, such as channels_last.
        The Parameters stay the same objects: optimizers keep their hold on them.
        """
        to = devices.to_arguments(*args, **kwargs)
        if to.dtype is not None and not to.dtype.is_floating_point:
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={to.dtype}"
            )
        for tensor in [*self.parameters(), *self.buffers()]:
            dtype = to.dtype if tensor.is_floating_point() else None
            format = to.memory_format if tensor.ndim in (4, 5) else None
            options = {"dtype": dtype, "non_blocking": to.non_blocking, "memory_format": format}
            tensor.data = tensor.data.to(to.device, **options)
            if tensor._grad is not None:
                tensor._grad = tensor._grad.to(to.device, **options)
        return self

    def float(self: Self) -> Self:
        """Float parameters and buffers in float32."""
        return self.to(dtypes.float32)

    def double(self: Self) -> Self:
        """Float parameters and buffers in float64."""
        return self.to(dtypes.float64)

    def half(self: Self) -> Self:
        """Float parameters and buffers in float16."""
        return self.to(dtypes.float16)

    def cpu(self: Self) -> Self:
        """Parameters and buffers on the CPU."""
        return self.to("cpu")

    def cuda(self: Self, device: Any = None) -> Self:
        """Parameters and buffers on the GPU.  RuntimeError, with the reason, where there is none to use."""
        return self.to(devices.checked_gpu(device))

    # Saving and loading -------------------------------------------------------------------------------------

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> OrderedDict[str, Tensor]:
        """Parameters and persistent buffers by dotted name; they share memory with the module's.

        prefix: what the names begin with.  keep_vars: the Parameters themselves, not their `.data`.
        """
        return OrderedDict(
            (name, tensor if keep_vars else tensor.detach()) for name, tensor in saved_tensors(self, prefix)
        )

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy saved values into the parameters and buffers (with assign, put the saved tensors in their place).

        RuntimeError, with nothing changed: keys that are missing or not expected (only if strict), and tensors of
        another shape.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(mistakes.no_state_dict(state_dict))
        return loading.load_into(self, state_dict, strict, assign)

    # Hooks --------------------------------------------------------------------------------------------------

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args, output) after each forward; what it returns, if not None, is the output.

        prepend: before the other hooks.  with_kwargs: call hook(module, args, kwargs, output).
        """
        self._has_hooks = True
        return registered(self._forward_hooks, hook, prepend, with_kwargs)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args) before each forward; what it returns, if not None, takes the arguments' place.

        prepend: before the other hooks.  with_kwargs: call hook(module, args, kwargs), which returns both or None.
        """
        self._has_hooks = True
        return registered(self._forward_pre_hooks, hook, prepend, with_kwargs)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) in each backward pass, when the inputs' gradients are known.

        Both are tuples, with None where there is no gradient; a tuple that it returns takes grad_input's place.
        prepend: before the other hooks.
        """
        return backward_hooks.added(backward_hooks.hooks_of(self).hooks, hook, prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_output) in each backward pass; a tuple that it returns takes grad_output's place.

        prepend: before the other hooks.
        """
        return backward_hooks.added(backward_hooks.hooks_of(self).pre_hooks, hook, prepend)

    # Printing -----------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What is printed of a module between its parentheses."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr().split("\n") if self.extra_repr() else []
        parts = [f"({name}): {indented(repr(module))}" for name, module in self._modules.items()]
        lines = extra + parts
        if not parts and len(extra) <= 1:
            return f"{self._get_name()}({''.join(extra)})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"


of_all_modules: dict[int, Any] = {}
"""The forward hooks of all modules."""


def register_module_forward_hook(hook: Callable[..., Any], *, with_kwargs: bool = False) -> RemovableHandle:
    """Call hook(module, args, output) after each forward of any module; what it returns, if not None, is the output.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.modules.module.register_module_forward_hook.html
    """
    return registered(of_all_modules, hook, False, with_kwargs)


def changed_arguments(hook: Any, with_kwargs: bool, module: Module, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """The arguments of forward after a pre-hook has seen them."""
    if with_kwargs:
        changed = hook(module, args, kwargs)
        if changed is None:
            return args, kwargs
        if isinstance(changed, tuple) and len(changed) == 2:
            return changed
        raise RuntimeError(
            f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
        )
    changed = hook(module, args)
    if changed is None:
        return args, kwargs
    return (changed if isinstance(changed, tuple) else (changed,)), kwargs


def registered(hooks: dict[int, Any], hook: Any, prepend: bool, with_kwargs: bool) -> RemovableHandle:
    """A hook added to others, behind or before them."""
    handle = RemovableHandle(hooks, (hook, with_kwargs))
    if prepend:
        others = {key: hooks.pop(key) for key in list(hooks) if key != handle.id}
        hooks.update(others)
    return handle


def refuse_unless_none(value: Any, name: str, kind: str, allowed: str) -> None:
    """TypeError for a value that cannot take a registered one's place."""
    if value is not None:
        advice = ". Write nn.Parameter(...) around it" if kind == "parameter" and isinstance(value, Tensor) else ""
        raise TypeError(f"cannot assign '{type_name(value)}' as {kind} '{name}' ({allowed} expected){advice}")


def type_name(value: Any) -> str:
    """A value's type for an error message, as PyTorch names it: 'int', 'torch.FloatTensor', with the module if any."""
    if isinstance(value, Tensor):
        return str(value.type())
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def dotted(prefix: str, name: str) -> str:
    """A dotted name."""
    return f"{prefix}.{name}" if prefix else name


def indented(text: str) -> str:
    """The lines after the first moved in by two."""
    return text.replace("\n", "\n  ")
