"""Lessons with their training step compiled: `python compiled_lessons.py CALLS lesson ...` prints what came of each.

The statements of a lesson's training step become a function, called where they stood.  The lesson runs with it as it
is, and compiled.  CALLS: after so many calls a lesson ends.
"""

import ast
import inspect
import io
import json
import random
import sys
import warnings
from contextlib import redirect_stdout, suppress
from itertools import zip_longest
from pathlib import Path

import numpy as np

import minigrad
from minigrad import launcher
from minigrad.vision import datasets

LESSONS = Path(__file__).parent.parent / "comparisons" / "lessons"

STEPS = {
    "linear_regression": "prediction = model(X_train)",
    "learning_rates": "loss = loss_function(model(X_train), y_train)",
    "exercises": "def train_step",
    "circles": "logits = model(X_train).squeeze()",
    "blobs": "logits = model(X_train)",
    "train_eval": "loss = nn.functional.cross_entropy(model(inputs), targets)",
    "mistakes": "loss = loss_function(model(X_train), y_train)",
    "template": "loss = loss_function(model(inputs), targets)",
    "own_function": "loss = F.cross_entropy(model(X_train), y_train)",
    "physics": "u = model(t)",
    "autoencoder": "loss = loss_function(model(batch), batch)",
    "sine_lstm": "predicted, _ = model(X)",
    "names_rnn": "logits, _ = model(letters, lengths)",
    "bigram": "powers = (letters @ weights).exp()",
    "mlp_batchnorm": "loss = F.cross_entropy(logits_of(X_train[batch]), y_train[batch])",
    "transformer": "loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())",
    "vae": "logits, mean, log_variance = model(x)",
    "gan": "drawn = generator(torch.randn(64, 16, 1, 1))",
    "reinforce": "log_probabilities, rewards, on = walked()",
    "dqn": "said = online(seen(places)).gather(1, actions.unsqueeze(1)).squeeze(1)",
    "digits_cnn": "loss = loss_function(model(images), digits)",
    "mnist_sgd": "optimizer.zero_grad()",
    "mnist_adam": "optimizer.zero_grad()",
    "mnist_cnn": "optimizer.zero_grad()",
}
"""The first statement of each lesson's training step, or the function that it is in the lesson already."""

LAST = {"bigram": "loss.backward()", "mlp_batchnorm": "loss.backward()", "gan": "for_generator.step()"}
"""The last one, where it is not `optimizer.step()`: weights that are names of the loop are changed outside."""


def loaded(nodes):
    """The names that some nodes read, in their order."""
    names = [x for node in nodes for x in ast.walk(node) if isinstance(x, ast.Name)]
    return list(dict.fromkeys(x.id for x in names if isinstance(x.ctx, ast.Load)))


def stored(nodes):
    """The names that they give a value, in their order."""
    names = [x for node in nodes for x in ast.walk(node) if isinstance(x, ast.Name)]
    return list(dict.fromkeys(x.id for x in names if isinstance(x.ctx, ast.Store)))


def code_of(lesson):
    """A lesson without its plots, whose training step is a function with the decorator `compared_step`."""
    file = LESSONS / f"{lesson}.py"
    tree = ast.parse(file.read_text())
    plots = [i for i, x in enumerate(tree.body) if "plt." in ast.unparse(x) and not isinstance(x, ast.FunctionDef)]
    tree.body = [x for x in tree.body[: plots[0] if plots else None] if "matplotlib" not in ast.unparse(x)]
    put_step(tree, STEPS[lesson], LAST.get(lesson, "optimizer.step()"))
    return compile(ast.fix_missing_locations(tree), file, "exec")


def put_step(tree, first, last):
    """Make a function of the statements from the first to the last, at the begin of the scope of their loop."""
    scopes = [tree, *(x for x in tree.body if isinstance(x, ast.FunctionDef))]
    decorator = ast.Name("compared_step", ast.Load())
    for scope in scopes:
        if ast.unparse(scope).startswith(first):
            scope.decorator_list.append(decorator)
            return
    loops = [(scope, loop) for scope in scopes for loop in ast.walk(scope) if isinstance(loop, ast.For)]
    scope, loop = [(scope, loop) for scope, loop in loops if first in map(ast.unparse, loop.body)][-1]
    texts = [*map(ast.unparse, loop.body)]
    begin, end = texts.index(first), texts.index(last) + 1
    block, before = loop.body[begin:end], [loop.target, *loop.body[:begin]]
    del loop.body[begin:end]
    arguments = [name for name in loaded(block) if name in stored(before)]
    results = [name for name in stored(block) if name in loaded(scope.body)] or ["None"]
    names = ", ".join(results)
    loop.body[begin:begin] = ast.parse(f"{names.replace('None', '_')} = training_step({', '.join(arguments)})").body
    made = ast.parse(f"@compared_step\ndef training_step({', '.join(arguments)}):\n    return {names}").body[0]
    made.body[0:0] = block
    scope.body.insert(0, made)


class Enough(Exception):
    """A lesson has made as many steps as it is to make."""


class Run:
    """One run of a lesson: functions, as they are written and as they are called, and the arrays that came of them."""

    def __init__(self, code, calls, wrapped):
        self.calls, self.wrapped = calls, wrapped
        self.functions, self.compiled, self.results, self.warned = [], [], [], []
        for seed in (minigrad.manual_seed, np.random.seed, random.seed):
            seed(0)
        with warnings.catch_warnings(record=True) as told, redirect_stdout(io.StringIO()):
            warnings.simplefilter("always")
            with suppress(Enough):
                exec(code, {"__name__": "__main__", "compared_step": self.step})
        self.said = [str(warning.message) for warning in told if "torch.compile" in str(warning.message)]
        self.left = [array for function in self.functions for array in state_of(function)]

    def step(self, function):
        """A training step, with what it gives written down."""
        self.functions.append(function)
        self.compiled.append(self.wrapped(function))

        def run(*arguments, step=self.compiled[-1]):
            if len(self.results) == self.calls:
                raise Enough
            result = step(*arguments)
            self.results.append(arrays_in(result))
            return result

        return run


def arrays_in(value):
    """Copies of the arrays of tensors, modules, and lists and tuples of these."""
    if isinstance(value, minigrad.nn.Module):
        return arrays_in([*value.state_dict().values(), *(p.grad for p in value.parameters())])
    if isinstance(value, minigrad.Tensor):
        return [value.detach().numpy().copy()]
    if isinstance(value, float):
        return [np.asarray(value)]
    if isinstance(value, minigrad.optim.Optimizer):
        return [array for group in value.param_groups for array in arrays_in(group["params"])]
    return [array for x in value for array in arrays_in(x)] if isinstance(value, (tuple, list)) else []


def state_of(function):
    """The arrays of the models and tensors that a function reads."""
    read = inspect.getclosurevars(function)
    return arrays_in([*read.nonlocals.values(), *read.globals.values()])


class Images(minigrad.utils.data.Dataset):
    """In the place of MNIST, so that nothing is downloaded: images and digits by chance."""

    def __init__(self, root, train=True, download=False, transform=None):
        assert root == "data"
        self.transform = transform
        self.images = np.random.default_rng(int(train)).integers(0, 256, (64, 28, 28), np.uint8)

    def __len__(self):
        return 6400

    def __getitem__(self, index):
        return self.transform(self.images[index % 64]), index % 10


def outcome(lesson, calls):
    """What came of a lesson: how many calls, how many functions without a program, what differs, what was said."""
    code = code_of(lesson)
    eager, compiled = Run(code, calls, lambda function: function), Run(code, calls, minigrad.compile)
    assert eager.left, "what the step changes was not found"
    pairs = [*zip_longest(eager.results, compiled.results), (eager.left, compiled.left)]
    return {
        "calls": len(eager.results),
        "not captured": sum(function.program is None for function in compiled.compiled),
        "different": [i for i, (want, got) in enumerate(pairs) if not same(want, got)],
        "said": compiled.said,
    }


def same(want, got):
    """Whether two lists of arrays are the same to the bit."""
    return len(want) == len(got) and all(x.tobytes() == y.tobytes() and x.shape == y.shape for x, y in zip(want, got))


if __name__ == "__main__":
    launcher.install()
    datasets.MNIST = Images
    number, *lessons = sys.argv[1:]
    del sys.argv[1:]
    for name in lessons:
        print(json.dumps({"lesson": name, **outcome(name, int(number))}), flush=True)
