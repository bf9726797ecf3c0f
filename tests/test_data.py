"""Datasets, samplers, collation and loaders in one process, against torch.utils.data."""

from __future__ import annotations

import array
import collections
import itertools
import sys
import types
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from engines import INSTALLED, TENSORS, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from same_draws import bits, in_step

import minigrad

LIBRARIES = (minigrad, torch)


def plain(x):
    """Of a batch of either library: what it is made of, with the bits of its tensors."""
    if isinstance(x, TENSORS):
        return ("tensor", *map(str, bits(x)))
    if isinstance(x, collections.abc.Mapping):
        return (type(x), [(key, plain(value)) for key, value in x.items()])
    if isinstance(x, collections.abc.Sequence) and not isinstance(x, (str, bytes)):
        return (type(x), [plain(member) for member in x])
    return (type(x), x)


def outcome(act):
    """What an action gives in plain form, or the type of the exception it raises; and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = plain(act())
        except Exception as error:
            result = type(error)
    return result, [(warning.category, str(warning.message)) for warning in caught]


def same(act):
    """Both libraries do the same from the same seed, and draw as much; what they do is returned."""
    outcomes = []
    for lib in LIBRARIES:
        lib.manual_seed(5)
        outcomes.append(outcome(lambda lib=lib: act(lib)))
    assert outcomes[0] == outcomes[1]
    in_step()
    return outcomes[0][0]


def same_error(act):
    """Both libraries raise an exception of the same type, which is returned; minigrad's text begins as PyTorch's."""
    errors = []
    for lib in LIBRARIES:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            act(lib)
        errors.append((type(caught.value), str(caught.value)))
    (ours, told), (theirs, said) = errors
    assert ours is theirs
    assert told.startswith(said)
    return theirs


def numbers(lib, size=10):
    return lib.utils.data.TensorDataset(lib.arange(size), lib.arange(size) ** 2 * 0.5)


def made(lib, seed):
    """A generator, or None."""
    return None if seed is None else lib.Generator().manual_seed(seed)


def drawn_by(generator):
    return None if generator is None else str(bits(generator.get_state()))


# Samplers ---------------------------------------------------------------------------------------------------

SAMPLERS = {
    "sequential": lambda data, generator: data.SequentialSampler(range(7)),
    "random": lambda data, generator: data.RandomSampler(range(7), generator=generator),
    "fewer": lambda data, generator: data.RandomSampler(range(7), num_samples=3, generator=generator),
    "more": lambda data, generator: data.RandomSampler(range(7), num_samples=20, generator=generator),
    "twice": lambda data, generator: data.RandomSampler(range(7), num_samples=14, generator=generator),
    "with replacement": lambda data, generator: data.RandomSampler(range(7), True, generator=generator),
    "32 with replacement": lambda data, generator: data.RandomSampler(range(7), True, 32, generator),
    "70 with replacement": lambda data, generator: data.RandomSampler(range(7), True, 70, generator),
    "subset": lambda data, generator: data.SubsetRandomSampler([9, 3, 5, 3], generator),
    "weighted": lambda data, generator: data.WeightedRandomSampler([0.1, 2, 0, 1], 9, generator=generator),
    "weighted once": lambda data, generator: data.WeightedRandomSampler([0.1, 2, 3, 1], 4, False, generator),
    "batches": lambda data, generator: data.BatchSampler(data.RandomSampler(range(7), generator=generator), 3, False),
    "whole batches": lambda data, generator: data.BatchSampler(
        data.RandomSampler(range(7), generator=generator), 3, True
    ),
    "batches of a list": lambda data, generator: data.BatchSampler([4, 3, 8, 9], 2, True),
}


@pytest.mark.parametrize("seed", [None, 11])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_samplers_give_torchs_orders(sampler, seed):
    def orders(lib):
        generator = made(lib, seed)
        it = SAMPLERS[sampler](lib.utils.data, generator)
        started = list(itertools.islice(it, 2))  # a pass that is not run to its end
        return [len(it), started, list(it), list(it), drawn_by(generator)]

    length, _, *passes, _ = [value for _, value in same(orders)[1]]
    assert len(passes[0]) == len(passes[1]) == length


@pytest.mark.parametrize(
    "act",
    [
        lambda data: data.RandomSampler([]),
        lambda data: data.RandomSampler([1], num_samples=0),
        lambda data: data.RandomSampler([1], num_samples=-1),
        lambda data: data.RandomSampler([1], num_samples=1.5),
        lambda data: data.RandomSampler([1], replacement=1),
        lambda data: data.WeightedRandomSampler([1.0], 0),
        lambda data: data.WeightedRandomSampler([1.0], True),
        lambda data: data.WeightedRandomSampler([1.0], 1, replacement=1),
        lambda data: data.WeightedRandomSampler([[1.0]], 1),
        lambda data: data.BatchSampler([1], 0, False),
        lambda data: data.BatchSampler([1], True, False),
        lambda data: data.BatchSampler([1], 1, 0),
    ],
)
def test_samplers_refuse_what_torch_refuses(act):
    assert same_error(lambda lib: act(lib.utils.data)) in (TypeError, ValueError)


def test_a_sampler_without_iter_says_so():
    assert same_error(lambda lib: iter(lib.utils.data.Sampler())) is NotImplementedError


@pytest.mark.parametrize("sampler", ["random", "with replacement", "subset", "weighted"])
def test_samplers_refuse_what_is_no_generator(sampler):
    assert same(lambda lib: list(SAMPLERS[sampler](lib.utils.data, "no generator"))) is TypeError


@pytest.mark.parametrize("words_before", [0, 1, 623, 624])
def test_a_seed_is_the_number_that_torch_draws_for_one(words_before):
    """Its two words come from the same place of the stream, also where new words have to be made between them."""
    here, there = (made(lib, 42) for lib in LIBRARIES)
    minigrad.rand(words_before, generator=here)
    torch.rand(words_before, generator=there)
    for _ in range(3):
        assert here.drawn_seed() == torch.empty((), dtype=torch.int64).random_(generator=there).item()
        assert drawn_by(here) == drawn_by(there)


# Datasets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize(
    "lengths", [[3, 7], [10], [0, 10], [12, -2], [0.5, 0.5], [0.3, 0.3, 0.4], [0.25] * 4, [1.0], [0.99, 0.01], [1, 0.0]]
)
def test_random_split(lengths, seed):
    def split(lib):
        generator = made(lib, seed)
        parts = lib.utils.data.random_split(range(10), lengths, generator=generator)
        return [[list(part.indices), [part[i] for i in range(len(part))]] for part in parts], drawn_by(generator)

    parts = same(split)
    assert isinstance(parts, tuple)  # no exception


def test_random_split_warns_of_an_empty_part():
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        minigrad.utils.data.random_split(range(2), [0.9, 0.1])


@pytest.mark.parametrize("lengths", [[3, 3], [0.5, 0.4], [1.5, -0.5], [0.7, 0.7], []])
def test_random_split_refuses_other_sums(lengths):
    assert same_error(lambda lib: lib.utils.data.random_split(range(10), lengths)) is ValueError


def test_datasets_of_datasets():
    def samples(lib):
        data = lib.utils.data
        both = numbers(lib, 4) + numbers(lib, 3)
        part = data.Subset(data.Subset(both, [6, 0, 5, 2]), [3, 0])
        rows = data.Subset(numbers(lib), range(3, 8))
        return [
            (len(both), both.cumulative_sizes, [both[i] for i in range(-7, 7)]),
            (len(part), part[0], part[1], part.__getitems__([1, 0])),
            (rows[[0, 2]], numbers(lib)[2:4], numbers(lib)[-1]),
        ]

    assert isinstance(same(samples), tuple)


class Stream(*(lib.utils.data.IterableDataset for lib in reversed(INSTALLED))):
    def __init__(self, size=7, length=None):
        self.size, self.length = size, length

    def __iter__(self):
        return iter(range(self.size))

    def __len__(self):
        if self.length is None:
            raise TypeError("a stream without a length")
        return self.length

    def __repr__(self):
        return "Stream"


@pytest.mark.parametrize(
    "act",
    [
        lambda lib: lib.utils.data.Dataset()[0],
        lambda lib: lib.utils.data.ConcatDataset([]),
        lambda lib: lib.utils.data.ConcatDataset([Stream()]),
        lambda lib: (numbers(lib, 3) + numbers(lib, 3))[-7],
        lambda lib: (numbers(lib, 3) + numbers(lib, 3))[6],
    ],
)
def test_datasets_refuse_what_torch_refuses(act):
    assert issubclass(same(act), Exception)


def test_a_stream_without_iter_says_so():
    with pytest.raises(NotImplementedError, match="should implement __iter__"):
        iter(minigrad.utils.data.IterableDataset())


def test_tensors_of_one_length_make_a_dataset():
    with pytest.raises(AssertionError, match=r"Size mismatch between tensors.*\[3\], \[2, 1\]"):
        minigrad.utils.data.TensorDataset(minigrad.ones(3), minigrad.ones(2, 1))
    assert same(lambda lib: lib.utils.data.TensorDataset(lib.tensor(1.0))) is IndexError


@pytest.mark.parametrize("lib", LIBRARIES)
def test_a_subset_with_a_getitem_of_its_own_needs_getitems(lib):
    class Doubled(lib.utils.data.Subset):
        def __getitem__(self, index):
            return 2 * self.dataset[self.indices[index]]

    class Whole(Doubled):
        def __getitems__(self, indices):
            return [self[i] for i in indices]

    with pytest.raises(NotImplementedError, match="overrides __getitem__ but not __getitems__"):
        Doubled([1, 2], [0])
    loader = lib.utils.data.DataLoader(Whole([1, 2, 3], [0, 2]), batch_size=2)
    assert next(iter(loader)).tolist() == [2, 6]


# Collation --------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    x: object
    y: object


class Lockless(collections.UserList):
    """A list that cannot be copied: the batch is a plain list."""

    def __copy__(self):
        raise TypeError("no copies")


class Table(collections.abc.Mapping):
    """A mapping that cannot be made of a dict alone."""

    def __init__(self, first, second):
        self.values_ = {"a": first, "b": second}

    def __getitem__(self, key):
        return self.values_[key]

    def __iter__(self):
        return iter(self.values_)

    def __len__(self):
        return 2


DTYPES = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]
BATCHES = {
    "tensors": lambda lib: [lib.tensor([[1.0, 2.0]]), lib.tensor([[3.0, 4.0]])],
    "tensors of no dimension": lambda lib: [lib.tensor(1), lib.tensor(2)],
    "floats": lambda lib: [1.5, 2.0, 3],
    "ints": lambda lib: [1, 2, 3],
    "ints and floats": lambda lib: [1, 2.5],
    "bools": lambda lib: [True, False],
    "strings": lambda lib: ["a", "b"],
    "bytes": lambda lib: [b"a", b"b"],
    "tuples": lambda lib: [(1, 2.0, "a"), (3, 4.0, "b")],
    "lists": lambda lib: [[1, 2.0], [3, 4.0]],
    "lists in a tuple": lambda lib: ([1, 2.0], [3, 4.0]),
    "named tuples": lambda lib: [Pair(1, lib.ones(2)), Pair(3, lib.zeros(2))],
    "dicts": lambda lib: [{"a": 1, "b": [1.0, "x"]}, {"b": [2.0, "y"], "a": 2}],
    "ordered": lambda lib: [collections.OrderedDict(b=1, a=2.0), collections.OrderedDict(b=3, a=4.0)],
    "defaultdict": lambda lib: [collections.defaultdict(list, a=1), collections.defaultdict(list, a=2)],
    "UserDict": lambda lib: [collections.UserDict(a=1), collections.UserDict(a=2)],
    "read-only": lambda lib: [types.MappingProxyType({"a": 1}), types.MappingProxyType({"a": 2})],
    "own mapping": lambda lib: [Table(1, 2.0), Table(3, 4.0)],
    "deques": lambda lib: [collections.deque([1, 2.0]), collections.deque([3, 4.0])],
    "ranges": lambda lib: [range(2), range(2, 4)],
    "own list": lambda lib: [Lockless([1, 2.0]), Lockless([3, 4.0])],
    "nested": lambda lib: [{"a": (1, [lib.ones(1), {"b": np.ones(2)}])}, {"a": (2, [lib.ones(1), {"b": np.zeros(2)}])}],
    "empty tuples": lambda lib: [(), ()],
    **{
        f"arrays of {d}": lambda lib, d=d: [np.array([[0, 1], [2, 3]], d), np.array([[4, 5], [6, 0]], d)]
        for d in DTYPES
    },
    **{f"numbers of {d}": lambda lib, d=d: [np.dtype(d).type(1), np.dtype(d).type(0)] for d in DTYPES},
    "arrays of no dimension": lambda lib: [np.array(1.5), np.array(2.5)],
}
ERRORS = {
    "None": (lambda lib: [None, None], TypeError),
    "None in a tuple": (lambda lib: [(1, None), (2, None)], TypeError),
    "None in a dict": (lambda lib: [{"a": None}], TypeError),
    "objects": (lambda lib: [object()], TypeError),
    "sets": (lambda lib: [{1}, {2}], TypeError),
    "complex": (lambda lib: [1j, 2j], TypeError),
    "arrays of strings": (lambda lib: [np.array(["a"]), np.array(["b"])], TypeError),
    "arrays of bytes": (lambda lib: [np.array([b"a"])], TypeError),
    "arrays of objects": (lambda lib: [np.array([None])], TypeError),
    "dates": (lambda lib: [np.datetime64("2020-01-01")], TypeError),
    "arrays of dates": (lambda lib: [np.array(["2020-01-01"], "datetime64[D]")], TypeError),
    "lists of unequal lengths": (lambda lib: [[1, 2], [3]], RuntimeError),
    "tuples of unequal lengths": (lambda lib: [(1,), (3, 4)], RuntimeError),
    "tensors of unequal sizes": (lambda lib: [lib.ones(2), lib.ones(3)], RuntimeError),
    "arrays of unequal sizes": (lambda lib: [np.ones(2), np.ones(3)], RuntimeError),
    "arrays of Python": (lambda lib: [array.array("d", [1.0]), array.array("d", [2.0])], ValueError),
    "another key": (lambda lib: [{"a": 1}, {"b": 1}], KeyError),
    "nothing": (lambda lib: [], IndexError),
}


@pytest.mark.parametrize("batch", BATCHES)
def test_batches_are_collated_as_torchs(batch):
    collated = same(lambda lib: lib.utils.data.default_collate(BATCHES[batch](lib)))
    assert isinstance(collated, tuple)  # no exception


@pytest.mark.parametrize("batch", ERRORS)
def test_what_cannot_be_collated(batch):
    samples, error = ERRORS[batch]
    assert same(lambda lib: lib.utils.data.default_collate(samples(lib))) is error


@pytest.mark.parametrize("batch", [*BATCHES, "None", "None in a tuple", "objects", "arrays of strings", "sets"])
def test_samples_are_converted_as_torchs(batch):
    thing = object()
    samples = (lambda lib: [thing]) if batch == "objects" else BATCHES.get(batch) or ERRORS[batch][0]
    if batch == "arrays of strings":
        for lib in LIBRARIES:
            (word, _) = lib.utils.data.default_convert(samples(lib))
            assert isinstance(word, np.ndarray)
    else:
        assert isinstance(same(lambda lib: lib.utils.data.default_convert(samples(lib))), tuple)


# Loaders ----------------------------------------------------------------------------------------------------


def through(lib, size, seed, take=None, dataset=None, epochs=3, **options):
    """The batches of some epochs (each left by `break` after `take` batches), and what was drawn for each."""
    generator = made(lib, seed)
    loader = lib.utils.data.DataLoader(dataset or numbers(lib, size), generator=generator, **options)
    found = []
    for _ in range(epochs):
        batches = []
        for batch in loader:
            batches.append(batch)
            if len(batches) == take:
                break
        found.append([batches, drawn_by(generator), lib.rand(1)])
    return len(loader), found


@settings(max_examples=150)
@given(
    size=st.integers(1, 12),
    batch_size=st.one_of(st.none(), st.integers(1, 13)),
    shuffle=st.sampled_from([None, False, True]),
    drop_last=st.booleans(),
    seed=st.sampled_from([None, 7]),
    take=st.one_of(st.none(), st.integers(1, 4)),
)
def test_orders_and_draws_are_torchs(size, batch_size, shuffle, drop_last, seed, take):
    drop_last = drop_last and batch_size is not None
    options = {"batch_size": batch_size, "shuffle": shuffle, "drop_last": drop_last}
    assert isinstance(same(lambda lib: through(lib, size, seed, take, **options)), tuple)


@pytest.mark.parametrize("size", [8, 10])
def test_taking_exactly_the_batches_draws_as_torch(size):
    def taken(lib):
        generator = made(lib, 3)
        batches = iter(lib.utils.data.DataLoader(numbers(lib, size), 4, shuffle=True, generator=generator))
        taken = [next(batches) for _ in range(len(batches))]
        before = drawn_by(generator)
        return taken, before, next(batches, "end"), drawn_by(generator), next(batches, "end")

    found = same(taken)[1]
    assert (found[1] != found[3]) == (size == 8)  # the order's second permutation comes with the end


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("seed", [None, 3])
def test_beginning_an_epoch_draws_one_seed_and_the_first_batch_the_order(seed, shuffle):
    def begun(lib):
        generator = made(lib, seed)
        state = generator.get_state if generator else lib.get_rng_state
        states = [state()]
        batches = iter(lib.utils.data.DataLoader(numbers(lib), 4, shuffle, generator=generator))
        states.append(state())
        first = next(batches)
        states.append(state())
        return batches.base_seed if lib is minigrad else batches._base_seed, first, *states

    _, _, before, after_iter, after_first = same(begun)[1]
    assert before != after_iter
    assert (after_iter != after_first) == shuffle


def test_an_epoch_collates_as_it_was_told_when_it_began():
    def batches(lib):
        loader = lib.utils.data.DataLoader([1, 2], collate_fn=lambda samples: ["first", *samples])
        epoch = iter(loader)
        loader.collate_fn = lambda samples: ["second", *samples]
        return list(epoch), list(loader)

    assert isinstance(same(batches), tuple)


def eager(size):
    """A sampler that draws its order when it is asked for its iterator."""

    class Eager:
        def __init__(self, lib):
            self.lib = lib

        def __iter__(self):
            return iter(self.lib.randperm(size).tolist())

        def __len__(self):
            return size

    return Eager


CUSTOM = {
    "a list": lambda lib: {"sampler": [3, 1, 2], "batch_size": 2},
    "a sampler": lambda lib: {"sampler": eager(7)(lib), "batch_size": 3},
    "a sampler of samples": lambda lib: {"sampler": eager(7)(lib), "batch_size": None},
    "weighted": lambda lib: {"sampler": lib.utils.data.WeightedRandomSampler([1.0] * 7, 9), "batch_size": 2},
    "its own generator": lambda lib: {"sampler": lib.utils.data.RandomSampler(range(7), generator=made(lib, 1))},
    "batches": lambda lib: {"batch_sampler": [[1, 2], [0], [5, 5, 5]]},
    "batches of tuples": lambda lib: {"batch_sampler": [(1, 2), (0, 1)]},
    "batches of ranges": lambda lib: {"batch_sampler": [range(2), range(2, 5)]},
    "negative indices": lambda lib: {"batch_sampler": [[-1, -2]]},
    "slices": lambda lib: {"sampler": [slice(0, 2), slice(2, 4)], "batch_size": 2},
    "lists": lambda lib: {"sampler": [[0, 1], [2, 3]], "batch_size": None},
    "numbers of NumPy": lambda lib: {"sampler": np.array([2, 0, 1]), "batch_size": 2},
    "tensors": lambda lib: {"sampler": lib.tensor([2, 0, 1]), "batch_size": 2},
    "a tensor for a batch": lambda lib: {"batch_sampler": [lib.tensor([2, 0, 1])]},
    "sampler and drop_last": lambda lib: {"sampler": [3, 1, 2], "batch_size": 2, "drop_last": True},
    "collate_fn": lambda lib: {"collate_fn": lambda samples: [int(x) for x, _ in samples], "batch_size": 3},
    "collate_fn of samples": lambda lib: {"collate_fn": lambda sample: int(sample[0]), "batch_size": None},
    "an empty batch": lambda lib: {"batch_sampler": [[]]},
    "an index too large": lambda lib: {"sampler": [0, 7]},
}


@pytest.mark.parametrize("custom", CUSTOM)
def test_samplers_of_the_users_own(custom):
    found = same(lambda lib: through(lib, 7, None, **CUSTOM[custom](lib)))
    assert found is IndexError if custom in ("an empty batch", "an index too large") else isinstance(found, tuple)


def test_datasets_of_any_kind():
    class Lines(collections.UserList):
        def __getitems__(self, indices):
            return [self.data[i] * 10 for i in indices]

    assert same(lambda lib: through(lib, 0, None, dataset=Lines([1, 2, 3]), batch_size=2))
    assert same(lambda lib: through(lib, 0, 2, dataset=[1.5, 2.5, 3.5], batch_size=2, shuffle=True))
    assert same(lambda lib: through(lib, 0, 2, dataset={"a": 1, "b": 2}, batch_size=None, sampler=["b", "a"]))


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3, 7, 8])
def test_streams(batch_size, drop_last):
    found = same(lambda lib: through(lib, 0, None, dataset=Stream(7, 7), batch_size=batch_size, drop_last=drop_last))
    assert isinstance(found, tuple)


def test_a_stream_of_single_samples():
    assert isinstance(same(lambda lib: through(lib, 0, None, dataset=Stream(4, 4), batch_size=None)), tuple)


def test_a_stream_longer_than_it_said_warns():
    loader = minigrad.utils.data.DataLoader(Stream(5, length=3))
    list(loader)  # nobody asked for its length
    assert len(loader) == 3
    with pytest.warns(UserWarning, match="Length of IterableDataset Stream was reported to be 3.*but 5 samples"):
        list(loader)


# The fast path ----------------------------------------------------------------------------------------------


def test_whole_batches_are_those_of_single_samples_in_fresh_memory():
    data = minigrad.utils.data
    tensors = [minigrad.arange(20.0).reshape(10, 2), minigrad.arange(10), minigrad.ones(10, 0), minigrad.arange(10) > 4]
    whole = data.TensorDataset(*tensors)
    part = data.Subset(data.Subset(whole, range(9, -1, -1)), [1, 5, 7, 2, 8])
    for dataset in (whole, part):
        batches = list(data.DataLoader(dataset, 4))
        single = list(data.DataLoader(dataset, 4, collate_fn=lambda samples: data.default_collate(samples)))
        assert [plain(batch) for batch in batches] == [plain(batch) for batch in single]
        for batch in batches:
            assert not any(np.shares_memory(x.array, y.array) for x in batch for y in tensors)


def test_a_dataset_that_redefines_its_samples_is_asked_for_them():
    class Doubled(minigrad.utils.data.TensorDataset):
        def __getitem__(self, index):
            return tuple(2 * x for x in super().__getitem__(index))

    loader = minigrad.utils.data.DataLoader(Doubled(minigrad.arange(4)), 4)
    assert [x.tolist() for (x,) in loader] == [[0, 2, 4, 6]]


# What a debugger steps through ------------------------------------------------------------------------------

NUMPY = str(Path(np.__file__).parent)


def calls(act):
    """What an action gives, and the functions of Python that it calls: all but NumPy's and those of this file."""
    called = []

    def trace(frame, event, _arg):
        if event == "call" and not frame.f_code.co_filename.startswith((__file__, NUMPY)):
            called.append(f"{Path(frame.f_code.co_filename).name}: {frame.f_code.co_name}")

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = act()
    finally:
        sys.settrace(before)
    return result, called


@pytest.mark.parametrize("batch_size", [4, 64])
@pytest.mark.parametrize(("shuffle", "seed", "most_in_first"), [(False, None, 28), (True, 3, 36), (True, None, 50)])
def test_a_loader_steps_through_few_functions(shuffle, seed, most_in_first, batch_size):
    """As many for a large batch as for a small one; a learner in a debugger meets each of them."""
    minigrad.rand(1)  # the first draw of all imports NumPy's random numbers
    loader = minigrad.utils.data.DataLoader(numbers(minigrad, 256), batch_size, shuffle, generator=made(minigrad, seed))
    list(loader)
    batches, at_iter = calls(lambda: iter(loader))
    _, at_first = calls(lambda: next(batches))
    _, at_second = calls(lambda: next(batches))
    assert len(at_iter) <= 10, at_iter
    assert len(at_first) <= most_in_first, at_first
    assert len(at_second) <= 27, at_second


def test_a_list_of_ints_is_an_index_without_a_call_for_each():
    x = minigrad.arange(200.0).reshape(2, 100)
    _, of_three = calls(lambda: x[[0, 1, 1]])
    assert len(of_three) <= 11, of_three
    for key in (lambda ints: ints, lambda ints: (slice(None), ints), lambda ints: (None, ints)):
        few, many = ([i % 2 for i in range(n)] for n in (3, 60))
        assert calls(lambda few=few, key=key: x[key(few)])[1] == calls(lambda many=many, key=key: x[key(many)])[1]


@pytest.mark.parametrize("key", [[2], [0, 2, 5], [-1, 0, -6], [3, 3, 3], [6], [0, -7], [7, -7], [True, 0], []], ids=str)
@pytest.mark.parametrize("shape", [(6,), (6, 2)])
def test_a_list_of_ints_picks_as_in_torch(shape, key):
    """With the gradients of a row picked twice added up; IndexError, in torch's words, for one that is not there."""

    def picked(lib):
        x = lib.ones(shape, requires_grad=True)
        rows = (x * x)[key]
        (rows * (lib.arange(rows.numel()) + 1.0).reshape(rows.shape)).sum().backward()
        return rows, x.grad

    if all(-6 <= i < 6 for i in key):
        assert isinstance(same(picked), tuple)
    else:
        assert same_error(picked) is IndexError


# Options ----------------------------------------------------------------------------------------------------

REFUSED = {
    "workers": {"num_workers": -1},
    "timeout": {"timeout": -1},
    "prefetch_factor": {"prefetch_factor": 2},
    "negative prefetch_factor": {"prefetch_factor": -2, "num_workers": 1},
    "persistent_workers": {"persistent_workers": True},
    "sampler and shuffle": {"sampler": [1], "shuffle": True},
    "batch_sampler and batch_size": {"batch_sampler": [[1]], "batch_size": 2},
    "batch_sampler and shuffle": {"batch_sampler": [[1]], "shuffle": True},
    "batch_sampler and sampler": {"batch_sampler": [[1]], "sampler": [1]},
    "batch_sampler and drop_last": {"batch_sampler": [[1]], "drop_last": True},
    "drop_last and no batches": {"batch_size": None, "drop_last": True},
    "batch_size": {"batch_size": 0},
    "batch_size of another kind": {"batch_size": 1.5},
    "context": {"multiprocessing_context": "fork"},
    "no such context": {"multiprocessing_context": "frok", "num_workers": 1},
    "no context": {"multiprocessing_context": 3, "num_workers": 1},
    "stream and shuffle": {"dataset": Stream(), "shuffle": True},
    "stream and sampler": {"dataset": Stream(), "sampler": [1]},
    "stream and batch_sampler": {"dataset": Stream(), "batch_sampler": [[1]]},
    "shuffle of nothing": {"dataset": [], "shuffle": True},
}


@pytest.mark.parametrize("options", REFUSED)
def test_loaders_refuse_what_torch_refuses(options):
    options = {"dataset": [1, 2, 3], **REFUSED[options]}
    assert same_error(lambda lib: lib.utils.data.DataLoader(**options)) in (TypeError, ValueError)


@pytest.mark.parametrize("lib", LIBRARIES)
def test_a_timeout_needs_workers(lib):
    with pytest.raises(AssertionError, match="timeout"):
        iter(lib.utils.data.DataLoader([1], timeout=1))


@pytest.mark.parametrize(
    "name", ["batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"]
)
def test_what_makes_the_order_stays(name):
    assert same_error(lambda lib: setattr(lib.utils.data.DataLoader([1]), name, None)) is ValueError
    loader = minigrad.utils.data.DataLoader([1])
    loader.collate_fn = lambda samples: "mine"
    assert list(loader) == ["mine"]


@pytest.mark.parametrize("options", [{"pin_memory": True}, {"num_workers": 1000}])
def test_warnings_of_options(options):
    (_, warned), (_, expected) = (
        outcome(
            lambda lib=lib: (
                [len(lib.utils.data.DataLoader([1], **options))]
                + ([] if "num_workers" in options else list(lib.utils.data.DataLoader([1], **options)))
            )
        )
        for lib in LIBRARIES
    )
    assert warned == expected
    assert len(warned) == 1


def test_an_empty_dataset_has_no_batches():
    assert same(lambda lib: through(lib, 0, None, dataset=[], batch_size=3)) is not None
    assert list(minigrad.utils.data.DataLoader([])) == []


def test_loaders_can_be_written_in_annotations():
    assert minigrad.utils.data.DataLoader[int].__origin__ is minigrad.utils.data.DataLoader
