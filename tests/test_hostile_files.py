"""Files that are damaged, or made to do harm: each is refused, and none runs code, hangs, crashes or eats memory."""

import io
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import textwrap
import tracemalloc
import zipfile
from functools import lru_cache

import pytest
from engines import INSTALLED, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import python

import minigrad
from benchmarks.cost import executed_by
from minigrad.serialization.builders import NAMES

REFUSALS = (RuntimeError, pickle.UnpicklingError)


def load(data, **options):
    """Load a file's content; it must not import anything, nor take more steps and memory than its size explains."""
    minigrad.load(io.BytesIO(EMPTY))  # what loading itself imports is imported
    modules = set(sys.modules)
    result = []

    def load_it():
        try:
            result.append(minigrad.load(io.BytesIO(data), **options))
        except Exception as error:
            result.append(error)

    tracemalloc.start()
    executed, peak = executed_by(load_it), tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(sys.modules) == modules
    assert executed < 100_000 + 200 * len(data)  # bytecodes; it takes up to 70 for a byte
    assert peak < 2**26 + 1000 * len(data)
    if isinstance(result[0], Exception):
        raise result[0]
    return result[0]


def refused(data, match="cannot be loaded"):
    with pytest.raises(REFUSALS, match=match) as error:
        load(data)
    assert len(str(error.value)) < 1500
    assert "<BytesIO>" in str(error.value)
    return str(error.value)


def loaded_or_refused(data):
    """What the file holds, or None if it is refused, as it should be refused."""
    try:
        return load(data)
    except REFUSALS as error:
        refusal = str(error)
    assert len(refusal) < 1500
    return None


def file_of(lib, obj):
    file = io.BytesIO()
    lib.save(obj, file)
    return file.getvalue()


def archive(data, storages=(b"\0" * 24,), **options):
    """A whole archive around any pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/byteorder", "little")
        for key, storage in enumerate(storages):
            archive.writestr(f"archive/data/{key}", storage)
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


EMPTY = file_of(minigrad, None)


# Pickles, written by hand -----------------------------------------------------------------------------------


def glob(name):
    module, _, attribute = name.rpartition(".")
    return f"c{module}\n{attribute}\n".encode()


def val(value):
    """Any plain value as pickle instructions; bytes are instructions already."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, tuple):
        return b"(" + b"".join(map(val, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(val, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(val(key) + val(content) for key, content in value.items()) + b"u"
    return pickle.dumps(value, 2)[2:-1]


def call(function, *arguments):
    return glob(function) + val(arguments) + b"R"


def storage(key="0", numel=6, kind="torch.FloatStorage", location="cpu"):
    return val(("storage", glob(kind), key, location, numel)) + b"Q"


def tensor(size=(2, 3), strides=(3, 1), offset=0, store=None, requires_grad=False, **rest):
    store = storage() if store is None else store
    hooks = call("collections.OrderedDict")
    return call("torch._utils._rebuild_tensor_v2", store, offset, size, strides, requires_grad, hooks, *rest.values())


def program(instructions):
    return archive(b"\x80\x02" + instructions + b".")


def test_the_hand_written_pickles_are_right():
    """Else every refusal below would mean nothing."""
    assert load(program(tensor())).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert load(program(val([1, (2, "x"), {"a": None}]))) == [1, (2, "x"), {"a": None}]
    assert load(program(call("torch.Size", (2, 3)))) == (2, 3)
    od = call("collections.OrderedDict") + val({"_metadata": 1}) + b"b"
    assert load(program(od))._metadata == 1
    assert torch.load(io.BytesIO(program(tensor()))).shape == (2, 3)


# Names and calls --------------------------------------------------------------------------------------------


class Calls:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "function", [os.system, eval, exec, __import__, getattr, open, compile, subprocess.Popen, pickle.loads]
)
def test_functions_that_do_harm(tmp_path, function, protocol):
    marker = tmp_path / "harm"
    data = pickle.dumps({"weight": Calls(function, f"touch {marker}")}, protocol)
    message = refused(archive(data))
    if protocol == 2:
        assert f".{function.__qualname__} was not an allowed global" in message
        assert "Weights only load failed" in message
        assert "weights_only=False" in message
    assert not marker.exists()


@pytest.mark.parametrize("name", [
    "os.system", "posix.system", "nt.system", "builtins.eval", "__builtin__.eval", "builtins.getattr", "builtins.dict",
    "builtins.bytearray.fromhex", "builtins.type", "builtins.object", "builtins.print", "builtins.breakpoint",
    "importlib.import_module", "runpy.run_path", "operator.attrgetter", "functools.partial", "types.FunctionType",
    "collections.defaultdict", "collections.namedtuple", "collections.OrderedDict.update", "copyreg._reconstructor",
    "copyreg.__newobj__", "copy_reg._reconstructor", "_codecs.decode", "codecs.encode", "numpy.load", "numpy.ndarray",
    "numpy.core.multiarray._reconstruct", "torch.load", "torch.hub.load", "torch.nn.Linear", "torch._utils.sys",
    "torch._utils._rebuild_tensor_v2.__globals__", "torch.storage._load_from_bytes", "torch.serialization.load",
    "minigrad.load", "minigrad.tensor.unpickled", "minigrad.dtypes.named", "minigrad.nn.layers.Linear", ".", "x.",
    "minigrad.serialization.builders.tensor", "__main__.Net", "torch.Tensor.backward", "torch.float32.__class__",
])  # fmt: skip
def test_names_outside_of_the_list(name):
    """None is imported, let alone called; nor can a dotted name lead from one in the list to another."""
    refused(program(glob(name)), "was not an allowed global|which minigrad does not have")
    refused(program(call(name, "x")), "was not an allowed global|which minigrad does not have")


def test_the_list_is_closed():
    """Adding a name to it is a decision: it must be as harmless as these."""
    assert {name for name in NAMES if not name.startswith("torch.")} == {
        "collections.OrderedDict", "collections.Counter", "_codecs.encode",
        "builtins.bytes", "builtins.bytearray", "builtins.set", "builtins.complex",
    }  # fmt: skip
    assert all(name.partition(".")[0] == "torch" for name in NAMES if name.startswith("torch"))


@pytest.mark.parametrize(
    "kind", ["torch.float32", "torch.FloatStorage", "torch.Tensor", "torch.nn.parameter.Parameter"]
)
def test_names_that_may_not_be_called(kind):
    refused(program(call(kind, 3)), "not a function that may be called")
    refused(program(val("text") + val(()) + b"R"), "not a function that may be called")
    refused(program(call("collections.OrderedDict") + val(()) + b"R"), "not a function that may be called")
    refused(program(glob("torch.Size") + val([(1,)]) + b"R"), "not a function that may be called")


@pytest.mark.parametrize("code", [
    "INT", "LONG", "LONG4", "FLOAT", "STRING", "UNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "NEXT_BUFFER", "READONLY_BUFFER", "LIST",
    "DICT", "EMPTY_SET", "ADDITEMS", "FROZENSET", "POP", "DUP", "POP_MARK", "GET", "PUT", "MEMOIZE", "EXT1", "EXT2",
    "EXT4", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "FRAME", "PERSID",
])  # fmt: skip
def test_instructions_that_are_not_run(code):
    """Followed by what would be a length of 2**63 or 2**32, and with enough on the stack to act on."""
    start = b"(" + val("posix") + val("system")
    refused(program(start + getattr(pickle, code) + b"\xff" * 7 + b"\x7f"), "not one that torch.save uses")


@pytest.mark.parametrize("target", [
    val({}), val([]), val("x"), val(1), tensor(), call("torch.Size", (1,)), glob("torch.Size"), glob("torch.float32"),
    glob("torch.Tensor"), call("collections.Counter", {}), storage(), call("builtins.bytearray"),
])  # fmt: skip
def test_attributes_of_what_is_not_an_ordered_dict(target):
    for state in ({"array": 1}, {"build": 1}, {"__class__": 1}):
        refused(program(target + val(state) + b"b"), "sets attributes of")
        refused(program(target + val((None, state)) + b"b"), "sets attributes of")


@pytest.mark.parametrize(
    "state",
    [{"items": 1}, {"__class__": 1}, {"__dict__": {}}, {"update": glob("torch.Size")}, {1: 2}, (None, {"x": 1}), 5],
)
def test_attributes_that_would_change_an_ordered_dict(state):
    refused(program(call("collections.OrderedDict") + val(state) + b"b"), "replaces the attribute|not a dict of names")


@pytest.mark.parametrize("target", [
    val({}), val("x"), tensor(), call("torch.Size", (1,)), call("collections.OrderedDict"), call("builtins.bytearray"),
    call("builtins.set", []), glob("torch.Size"), val(None),
])  # fmt: skip
def test_appending_to_what_is_not_a_list(target):
    refused(program(target + val(1) + b"a"), "appends to")
    refused(program(target + b"(" + val(1) + b"e"), "appends to")


@pytest.mark.parametrize(
    "target", [val([]), val([1]), tensor(), call("builtins.bytearray"), glob("torch.Size"), val(())]
)
def test_items_of_what_is_not_a_dict(target):
    refused(program(target + val(0) + val(1) + b"s"), "puts items into")
    refused(program(target + b"(" + val(0) + val(1) + b"u"), "puts items into")


# Damaged pickles --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [
    b"", b".", b"\x80", b"\x80\x02", b"\x80\x02.", b"\x80\xff.", b"\x80\x02N", b"\x80\x02(", b"\x80\x02t.",
    b"\x80\x02e.",
    b"\x80\x02h\x05.", b"\x80\x02j\xff\xff\xff\xff.", b"\x80\x02q\x00.", b"\x80\x02R.", b"\x80\x02NR.", b"\x80\x02b.",
    b"\x80\x02Q.", b"\x80\x02s.", b"\x80\x02}u.", b"\x80\x02}(Nu.", b"\x80\x02X\xff\xff\xff\xffabc.", b"\x80\x02ccoll",
    b"\x80\x02\x8a\xffabc", b"\x80\x02cx", b"\x80\x02c\xff\xff\n\xff\n.", b"\x80\x02X\x01\x00\x00\x00\xff.",
    b"\x80\x02G\x00.",
    b"\xff", b"\x00", b"<html>", b"\x80\x02\x85.", b"\x80\x02\x86.", b"\x80\x02N\x87.", b"\x80\x02}]]s.",
])  # fmt: skip
def test_damaged_pickles(data):
    refused(archive(data))


def test_the_largest_memo_index_takes_no_memory():
    assert load(program(b"Nr\xff\xff\xff\xff")) is None


# Bombs ------------------------------------------------------------------------------------------------------


def laughs(depth, item):
    """Each level holds the one below it twice."""
    return item + b"q\x00" + b"".join(b"h%c\x86q%c" % (i, i + 1) for i in range(depth))


NESTED = laughs(60, val(0))


def test_a_billion_laughs_take_no_time():
    loaded = load(program(NESTED))
    assert loaded[0] is loaded[1]


@pytest.mark.parametrize("use", [
    b"}" + NESTED + b"Ns", b"}(" + NESTED + b"Nu", glob("builtins.set") + b"](" + NESTED + b"e\x85R",
    glob("torch.Size") + NESTED + b"\x85R", glob("torch.device") + NESTED + b"\x85R",
    glob("torch.device") + NESTED + b"R",
    glob("collections.OrderedDict") + NESTED + b"\x85R", glob("builtins.bytearray") + NESTED + b"\x85R",
    glob("builtins.complex") + NESTED + b"R", glob("_codecs.encode") + NESTED + b"R",
    glob("collections.OrderedDict") + b")R}(" + NESTED + b"Nub", NESTED + b"Q", NESTED + b"R", NESTED + b"b",
    NESTED + b"Na", NESTED + b"NNs", tensor(size=NESTED, strides=NESTED), tensor(size=(NESTED,), strides=(NESTED,)),
    tensor(offset=NESTED), tensor(metadata=NESTED), storage(key=NESTED), storage(numel=NESTED),
    storage(location=NESTED),
    glob("torch._utils._rebuild_parameter") + b"(" + tensor() + NESTED + b"N" + NESTED + b"tR",
    glob("torch._tensor._rebuild_from_type_v2") + b"(" + NESTED * 1 + b"h\x3ch\x3ch\x3ctR",
])  # fmt: skip
def test_a_billion_laughs_where_they_would_be_hashed_copied_or_printed(use):
    refused(program(use))


def test_an_unused_billion_laughs_as_a_flag():
    """What is only compared with True is not walked."""
    assert not load(program(tensor(requires_grad=NESTED))).requires_grad


@pytest.mark.parametrize(
    ("function", "value", "rest"),
    [
        ("_codecs.encode", "x" * 10**5, ("latin1",)),
        ("builtins.bytearray", call("_codecs.encode", "x" * 10**5, "latin1"), ()),
        ("builtins.set", list(range(10**4)), ()),
        ("collections.OrderedDict", [(i, i) for i in range(10**4)], ()),
        ("collections.Counter", {i: i for i in range(10**4)}, ()),
        ("torch.Size", tuple(range(10**4)), ()),
    ],
)
def test_copies_made_by_calls_of_a_few_bytes(function, value, rest):
    """One long value, and ten thousand calls that each copy it: 1 GB from 200 kB."""
    again = b"h\x01(h\x02" + b"".join(map(val, rest)) + b"tR"
    bomb = b"](" + glob(function) + b"q\x01" + val(value) + b"q\x02" + again * 10**4 + b"e"
    refused(program(bomb), "again and again")


def test_copies_made_by_attributes():
    state = val({str(i): None for i in range(10**4)}) + b"q\x02"
    again = b"h\x01)Rh\x02b" * 10**4
    bomb = b"](" + glob("collections.OrderedDict") + b"q\x01" + state + again + b"e"
    refused(program(bomb), "again and again")


@pytest.mark.parametrize("number", [10**12, -1, True, 2**64, 1.5, None])
def test_memory_asked_for_by_number(number):
    for function in ("builtins.bytearray", "builtins.bytes", "builtins.set", "torch.Size", "collections.OrderedDict"):
        refused(program(call(function, number)))
        refused(program(call(function, tensor(size=(10**12,), strides=(0,)))))
    refused(program(call("builtins.complex", number, number))) if number != 1.5 else None


def test_long_tuples_hashed_again_and_again():
    """A thousand numbers, hashed a hundred thousand times."""
    bomb = b"}(" + val(tuple(range(1000))) + b"q\x01N" + b"h\x01N" * 10**5 + b"u"
    refused(program(bomb), "key of a dict")


DEPTH = 3 * 10**5
DEEP = {
    "lists": b"](" * DEPTH + b"e" * DEPTH,
    "dicts": b"}N" * DEPTH + b"N" + b"s" * DEPTH,
    "tuples": b"(" * DEPTH + b"t" * DEPTH,
    "attributes": b"ccollections\nOrderedDict\nq\0" + b"h\0)R}X\1\0\0\0x" * DEPTH + b"N" + b"sb" * DEPTH,
    "marks": b"(" * DEPTH,
    "values": b"]" * DEPTH,
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_nesting_does_not_crash(name):
    """Each in the one before, they are made and freed without using up Python's stack."""
    content = DEEP[name]
    script = """
        import io, pickle, sys, minigrad
        try:
            loaded = minigrad.load(io.BytesIO(sys.stdin.buffer.read()))
            del loaded
        except (RuntimeError, pickle.UnpicklingError):
            pass
        print("alive")
    """
    answer = python("-c", textwrap.dedent(script), input=program(content), text=False)
    assert answer.stdout == b"alive\n", answer.stderr[-500:]


# Storages and tensors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [
    {"numel": 7}, {"numel": -1}, {"numel": 2**62}, {"numel": 10**30}, {"numel": True}, {"numel": 6.0}, {"numel": None},
    {"key": "1"}, {"key": ""}, {"key": "../version"}, {"key": "../../../../etc/passwd"}, {"key": "/etc/passwd"},
    {"key": "0\0"}, {"key": 0}, {"key": None}, {"key": "k" * 10**5}, {"kind": "torch.LongStorage"},
    {"kind": "torch.float32"}, {"kind": "torch.Tensor"}, {"kind": "torch.BFloat16Storage"},
    {"kind": "torch.UntypedStorage"},
    {"kind": "torch.NoStorage"}, {"location": 1}, {"location": "nowhere"}, {"location": "meta"}, {"location": ""},
])  # fmt: skip
def test_storages_that_are_not_there(change):
    with pytest.raises(REFUSALS) as error:
        load(program(storage(**change)))
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("pid", [
    (), ("storage",), ("module", "x"), "storage", 1, None, ["storage"], ("storage", 1, 2, 3, 4),
    ("other", glob("torch.FloatStorage"), "0", "cpu", 6), ("storage", glob("torch.FloatStorage"), "0", "cpu", 6, None),
])  # fmt: skip
def test_persistent_ids_of_other_kinds(pid):
    refused(program(val(pid) + b"Q"), "persistent id|a storage is not given")


def test_one_storage_of_two_dtypes():
    refused(program(val([storage(), storage(kind="torch.IntStorage")])), "disagree")
    refused(program(val([storage(numel=2), storage(numel=6)])), "disagree")


@pytest.mark.parametrize("change", [
    {"size": (7,), "strides": (1,)}, {"size": (2,), "strides": (6,)}, {"size": (2, 3), "strides": (4, 1)},
    {"offset": 1}, {"offset": 6, "size": (), "strides": ()}, {"offset": -1}, {"size": (-1, -6)}, {"size": (-2, 3)},
    {"strides": (-3, 1)}, {"size": (2,)}, {"size": ()}, {"size": [2, 3]}, {"size": (2, 3.0)}, {"size": (2, True)},
    {"size": (2, None)}, {"size": "ab"}, {"size": 6, "strides": 1}, {"offset": 0.0}, {"offset": False},
    {"offset": None},
    {"size": (2**63,), "strides": (0,)}, {"size": (10**30,), "strides": (0,)},
    {"size": (2**40, 2**40), "strides": (0, 0)},
    {"size": (2,), "strides": (2**62,)}, {"size": (2,), "strides": (10**30,)}, {"offset": 2**63}, {"offset": 2**600},
    {"size": (1,) * 65, "strides": (1,) * 65}, {"size": (1,) * 10**5, "strides": (1,) * 10**5},
    {"size": (0, 10**30), "strides": (1, 1)}, {"size": (0,) * 65, "strides": (1,) * 65},
    {"size": (2**600,) * 64, "strides": (2**600,) * 64}, {"size": (2**600, 0) * 32, "strides": (1, 1) * 32},
    {"store": val(1)}, {"store": b"N"}, {"store": glob("torch.FloatStorage")}, {"store": tensor()},
    {"store": storage(kind="torch.IntStorage"), "requires_grad": True}, {"metadata": {"conj": True}},
    {"metadata": 1, "x": 2},
])  # fmt: skip
def test_tensors_that_reach_outside_of_their_storage(change):
    refused(program(tensor(**change)))


def test_an_unused_stride_may_be_anything():
    """That of a dimension of size 1, as NumPy and PyTorch have them."""
    assert load(program(tensor(size=(1, 3), strides=(10**6, 1)))).shape == (1, 3)


@pytest.mark.parametrize("function", ["torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"])
@pytest.mark.parametrize("data", [b"N", val(1), val([]), storage(), glob("torch.Tensor")])
def test_parameters_of_what_is_not_a_tensor(function, data):
    refused(program(call(function, data, True, None)), "not made of a tensor")
    refused(program(call(function, call(function, tensor(), True), True)), "not made of a tensor")


@pytest.mark.parametrize(
    "state", [{"array": 1}, {"node": 1}, {"data": 1}, {"__class__": 1}, {"grad": 1}, {1: 1}, [1], 7]
)
def test_attributes_that_would_change_a_tensor(state):
    of_type = "torch._tensor._rebuild_from_type_v2"
    build, arguments = glob("torch._utils._rebuild_tensor_v2"), (storage(), 0, (6,), (1,), False, None)
    refused(program(call(of_type, build, glob("torch.Tensor"), arguments, state)), "attribute")
    refused(program(call("torch._utils._rebuild_parameter_with_state", tensor(), True, None, state)), "attribute")


def test_types_that_are_not_the_tensors():
    of_type, arguments = "torch._tensor._rebuild_from_type_v2", (storage(), 0, (6,), (1,), False, None)
    build = glob("torch._utils._rebuild_tensor_v2")
    for kind in ("torch.float32", "torch.nn.parameter.Parameter", "torch.Size", "torch.FloatStorage"):
        refused(program(call(of_type, build, glob(kind), arguments, {"x": 1})), "a tensor with attributes")
    refused(
        program(call(of_type, glob("torch.Size"), glob("torch.Tensor"), ((1,),), {"x": 1})), "tensor with attributes"
    )
    refused(program(call(of_type, glob("torch.float32"), glob("torch.Tensor"), (), {"x": 1})), "tensor with attributes")


def test_bools_are_0_or_1():
    """In memory NumPy takes for granted that they are."""
    data = archive(
        b"\x80\x02" + tensor((3,), (1,), store=storage("0", 3, "torch.BoolStorage")) + b".", [b"\x00\x02\xff"]
    )
    for options in ({}, {"weights_only": False}):
        loaded = minigrad.load(io.BytesIO(data), **options)
        assert loaded.tolist() == [False, True, True]
        assert loaded.sum().item() == 2
        assert (loaded == minigrad.tensor([False, True, True])).all()


# Archives ---------------------------------------------------------------------------------------------------


def rewritten(records, **options):
    """An archive of given records, written by Python."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        for name, data in records:
            archive.writestr(name, data)
    return file.getvalue()


NOTHING = pickle.dumps(None, 2)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_of_other_makings():
    refused(rewritten([("archive/data.pkl", NOTHING), ("archive/data.pkl", NOTHING)]), "two records of one name")
    refused(rewritten([("a/data.pkl", NOTHING), ("b/data.pkl", NOTHING)]), "without a record data.pkl|not PyTorch's")
    refused(rewritten([("data.pkl", NOTHING)]), "without a record data.pkl")
    refused(rewritten([("archive/other", b"")]), "without a record data.pkl")
    refused(rewritten([("a/b/data.pkl", NOTHING)]), "without a record data.pkl")
    refused(rewritten([("a/data.pkl", NOTHING), ("a/byteorder", "middle")]), "byte order")
    refused(rewritten([("a/data.pkl", NOTHING), ("a/byteorder", "x" * 10**6)]), "byte order")
    refused(rewritten([("a/data.pkl", NOTHING), ("a/constants.pkl", NOTHING)]), "TorchScript")


def test_names_that_lead_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    names = ["../../harm", "/tmp/harm", "..", "a/../../harm", "C:\\harm"]
    data = rewritten([("../data.pkl", NOTHING), *((name, b"harm") for name in names)])
    assert load(data) is None
    assert [*tmp_path.rglob("*")] == [inside]


def test_compressed_records():
    """torch.save stores them as they are, and what is compressed may be a thousand times its size."""
    bomb = rewritten([("a/data.pkl", NOTHING), ("a/data/0", b"\0" * 10**8)], compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 10**6
    refused(bomb, "is compressed")
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        refused(rewritten([("a/data.pkl", NOTHING)], compression=method), "is compressed")


def test_records_that_share_their_bytes():
    """A thousand names for one record of a megabyte: a thousand storages, a gigabyte."""
    data = archive(b"\x80\x02" + val([storage(str(i), 2**18) for i in range(1000)]) + b".", [b"\0" * 2**20])
    entry = data[data.rindex(b"PK\x01\x02", 0, data.rindex(b"archive/data/0")) :]
    entry = entry[: 46 + len("archive/data/0")]
    end = data.rindex(b"PK\x05\x06")
    entries = b"".join(
        entry[:28] + struct.pack("<H", 14 + 4) + entry[30:46] + b"archive/data/%04d_" % i for i in range(1, 1000)
    )
    directory = end - struct.unpack("<L", data[end + 12 : end + 16])[0]
    tail = bytearray(data[end:])
    count = 4 + 999
    tail[8:20] = struct.pack("<HHLL", count, count, end + len(entries) - directory, directory)
    refused(data[:end] + entries + bytes(tail), "larger than the file|not readable")


def patched(data, find, offset, value):
    """The archive with bytes changed at an offset from the last place where something is found."""
    position = data.rindex(find) + offset
    return data[:position] + value + data[position + len(value) :]


HUGE = b"\xff\xff\xff\xff"


@pytest.mark.parametrize(("find", "offset", "value"), [
    (b"PK\x05\x06", 12, b"\xfe\xff\xff\xff"),
    (b"PK\x05\x06", 12, b"\x00\x00\x00\x00"), (b"PK\x05\x06", 16, b"\xfe\xff\xff\xff"),
    (b"PK\x05\x06", 16, b"\xff\xff\x00\x00"),
    (b"PK\x05\x06", 0, b"PK\x05\x07"),
    (b"archive/data/0", -46 + 20, b"\xfe\xff\xff\x7f" * 2), (b"archive/data/0", -46 + 24, b"\x00\x00\x00\x00"),
    (b"archive/data/0", -46 + 42, b"\xfe\xff\xff\x7f"), (b"archive/data/0", -46 + 42, b"\x01\x00\x00\x00"),
    (b"archive/data/0", -46 + 16, b"\x00\x00\x00\x00"), (b"archive/data/0", -46 + 8, b"\x01\x00"),
    (b"archive/data/0", -46 + 10, b"\x63\x00"), (b"archive/data/0", -46 + 28, b"\xff\xff"),
    (b"archive/data/0", -46 + 30, b"\xff\xff"), (b"archive/data/0", 0, b"archive/data/1"),
    (b"archive/data.pkl", -46 + 20, b"\xfe\xff\xff\x7f" * 2), (b"archive/data.pkl", -46 + 16, b"\x00\x00\x00\x00"),
])  # fmt: skip
def test_archives_with_a_wrong_list_of_records(find, offset, value):
    data = patched(program(tensor()), find, offset, value)
    assert data != program(tensor())
    with pytest.raises(REFUSALS):
        load(data)


@pytest.mark.parametrize(("offset", "value"), [(8, HUGE), (10, b"\x00\x00"), (20, b"\xff\xff")])
def test_numbers_that_nobody_needs(offset, value):
    """How many records there are, and how long the comment at the end is."""
    assert load(patched(program(tensor()), b"PK\x05\x06", offset, value)).shape == (2, 3)


def test_a_wrong_checksum():
    data = program(tensor())
    position = data.index(b"\0" * 24)
    assert "CRC" in refused(data[:position] + b"\1" + data[position + 1 :], "data/0")


@pytest.mark.parametrize("mmap", [True, False])
def test_a_mapped_file_that_is_damaged(tmp_path, mmap):
    path = tmp_path / "model.pth"
    for find, offset, value in [
        (b"archive/data/0", -46 + 42, b"\xfe\xff\xff\x7f"),
        (b"archive/data/0", -30 + 26, HUGE),
    ]:
        data = program(tensor())
        position = (data.index if offset == -4 else data.rindex)(find) + offset
        path.write_bytes(data[:position] + value + data[position + len(value) :])
        with pytest.raises(REFUSALS, match=r"model\.pth"):
            minigrad.load(path, mmap=mmap)


# Other files ------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
def test_torchscript():
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), file)
    refused(file.getvalue(), "TorchScript")


@pytest.mark.parametrize("data", [
    b"", b"P", b"PK", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"<html>not found</html>", b"\x93NUMPY\x01\x00",
    NOTHING,
    b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", b"\0" * 1000, b"PK\x03\x04" + b"\0" * 1000,
    pickle.dumps(Calls(os.system, "true"), 2), pickle.dumps([1, 2], 4),
])  # fmt: skip
def test_what_is_no_archive(data):
    for options in ({}, {"weights_only": False}):
        with pytest.raises(RuntimeError, match="cannot be loaded"):
            load(data, **options)


def test_a_file_at_its_end():
    file = io.BytesIO()
    minigrad.save(1, file)
    with pytest.raises(RuntimeError, match=r"f\.seek\(0\)"):
        minigrad.load(file)


# Files of PyTorch before version 1.6 ------------------------------------------------------------------------


VERSION, MACHINE, KEYS = pickle.dumps(1001, 2), pickle.dumps({"little_endian": True}, 2), val(["0"])


def header(version=VERSION, machine=MACHINE):
    return b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + version + machine


def old_storage(key="0", numel=6, kind="torch.FloatStorage", location="cpu", part=None):
    return val(("storage", glob(kind), key, location, numel, part)) + b"Q"


def memory(numel=6, itemsize=4):
    return struct.pack("<q", numel) + b"\0" * (itemsize * numel)


def old_program(instructions, keys=KEYS, storages=None, start=None):
    """A whole file around any pickle."""
    start, storages = start or header(), memory() if storages is None else storages
    return start + b"\x80\x02" + instructions + b"." + b"\x80\x02" + keys + b"." + storages


OLD_TENSOR = tensor(store=old_storage())


def test_the_old_files_written_by_hand_are_right():
    assert load(old_program(OLD_TENSOR)).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert torch.load(io.BytesIO(old_program(OLD_TENSOR))).shape == (2, 3)
    assert load(old_program(b"N", val([]), b"")) is None


def python_2(text):
    """A text as Python 2 wrote it, where it was no unicode."""
    return b"U%c" % len(text) + text.encode()


def test_files_that_python_2_wrote():
    where = python_2("storage"), glob("torch.FloatStorage"), python_2("94"), python_2("cpu"), 6, None
    weights = val({python_2("weight"): tensor(store=val(where) + b"Q")})
    machine = b"\x80\x02" + val({python_2("little_endian"): True}) + b"."
    data = old_program(weights, val([python_2("94")]), start=header(machine=machine))
    for lib in INSTALLED:
        assert list(lib.load(io.BytesIO(data))) == ["weight"]
    assert load(old_program(b"T\x02\x00\x00\x00ab", val([]), b"")) == "ab"
    refused(old_program(b"T\xff\xff\xff\xffab"), "negative byte count")
    refused(old_program(b"T\xff\xff\xff\x7fab"))
    refused(old_program(b"U\x01\xff"), "damaged")


def test_parts_of_a_storage():
    """As views had them, in the first versions."""
    parts = [old_storage(part=part) for part in (("a", 1, 3), ("b", 0, 6), ("a", 1, 3), None)]
    tensors = val([tensor((n,), (1,), store=store) for n, store in zip((3, 6, 3, 6), parts, strict=True)])
    data = old_program(tensors, storages=struct.pack("<q6f", 6, *range(6)))
    for lib in INSTALLED:
        a, b, c, whole = lib.load(io.BytesIO(data))
        assert (a.tolist(), b.tolist(), c.tolist()) == ([1, 2, 3], [0, 1, 2, 3, 4, 5], [1, 2, 3])
        a[0] = 9
        assert b[1] == c[0] == whole[1] == 9


@pytest.mark.parametrize("part", [
    (), ("a",), ("a", 0), ("a", 0, 3, 0), ["a", 0, 3], "a03", 0, ("a", -1, 3), ("a", 0, -1), ("a", 4, 3), ("a", 7, 0),
    ("a", 0, 2**63), (1, 0, 3), ("a", 0.0, 3), ("a", True, 3), (NESTED, 0, 3), ("a", NESTED, 3), (NESTED,),
])  # fmt: skip
def test_wrong_parts_of_a_storage(part):
    refused(old_program(tensor((1,), (1,), store=old_storage(part=part))))


@pytest.mark.parametrize("data", [
    header(version=pickle.dumps(1000, 2)), header(version=NOTHING), header(version=b""), header(machine=b""),
    header(version=b"\x80\x02" + NESTED + b"."), header(version=b"\x80\x02" + old_storage() + b"."),
    header(machine=b"\x80\x02" + old_storage() + b"."),
    header(version=pickle.dumps(Calls(os.system, "true"), 2)),
    header(machine=pickle.dumps(Calls(os.system, "true"), 2)),
], ids=range(9))  # fmt: skip
def test_wrong_headers(data):
    refused(old_program(OLD_TENSOR, start=data))


@pytest.mark.parametrize("keys", [
    [], ["1"], ["0", "0"], ["0", "1"], [0], [b"N"], ("0",), {"0": 1}, "0", 0, [NESTED], NESTED, [["0"]], old_storage(),
    [tensor(store=old_storage())], call("os.system", "true"), b"", b"\xff",
], ids=range(18))  # fmt: skip
def test_wrong_lists_of_storages(keys):
    refused(old_program(OLD_TENSOR, val(keys), memory() * 2))


@pytest.mark.parametrize("content", [
    b"", b"\6", memory(5), memory(7), memory(0), memory()[:-1], struct.pack("<q", -6) + b"\0" * 24,
    struct.pack("<q", 2**62) + b"\0" * 24, struct.pack(">q", 6) + b"\0" * 24,
])  # fmt: skip
def test_wrong_memory(content):
    refused(old_program(OLD_TENSOR, storages=content))


@pytest.mark.parametrize("change", [
    {"numel": 7}, {"numel": 5}, {"numel": -1}, {"numel": 2**40}, {"numel": 10**30}, {"numel": True}, {"numel": 6.0},
    {"key": "1"}, {"key": 0}, {"key": "k" * 10**5}, {"kind": "torch.DoubleStorage"}, {"kind": "torch.float32"},
    {"kind": "torch.BFloat16Storage"}, {"location": "nowhere"}, {"location": 1}, {"key": NESTED}, {"location": NESTED},
])  # fmt: skip
def test_storages_that_do_not_fit_their_memory(change):
    with pytest.raises(REFUSALS) as error:
        load(old_program(old_storage(**change)))
    assert len(str(error.value)) < 1000


def test_many_storages_that_are_each_as_large_as_the_file():
    """A gigabyte, if they were all made."""
    size = 2**18
    stores = val([old_storage(str(i), size) for i in range(1000)])
    refused(old_program(stores, val([str(i) for i in range(1000)]), memory(size)), "missing or too small")


@pytest.mark.parametrize("function", [os.system, eval, exec, __import__, getattr, open, pickle.loads])
def test_functions_that_do_harm_in_old_files(tmp_path, function):
    marker = tmp_path / "harm"
    data = pickle.dumps({"weight": Calls(function, f"touch {marker}")}, 2)
    message = refused(header() + data + pickle.dumps([], 2))
    assert f".{function.__qualname__} was not an allowed global" in message
    assert not marker.exists()


def test_modules_in_old_files():
    module = val(("module", glob("os.system"), "file", "source")) + b"Q"
    refused(old_program(module), "os.system was not an allowed global")
    refused(old_program(val(("module", glob("torch.Tensor"), "file", "source")) + b"Q"), "persistent id")


@pytest.mark.filterwarnings("ignore")
def test_a_whole_model_in_an_old_file():
    file = io.BytesIO()
    torch.save(torch.nn.Linear(1, 1), file, _use_new_zipfile_serialization=False)
    refused(file.getvalue(), "Linear was not an allowed global")
    with pytest.raises(pickle.UnpicklingError, match=r"Save model\.state_dict\(\) in PyTorch"):
        minigrad.load(io.BytesIO(file.getvalue()), weights_only=False)


def test_an_old_file_is_not_mapped(tmp_path):
    (tmp_path / "old.pth").write_bytes(old_program(OLD_TENSOR))
    for lib in INSTALLED:
        with pytest.raises(RuntimeError, match="mmap can only be used with files saved with"):
            lib.load(tmp_path / "old.pth", mmap=True)


def test_the_tar_format_is_refused_by_name():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("storages"), io.BytesIO())
    assert "tar format of the first versions of PyTorch" in refused(file.getvalue())


# Fuzzing ----------------------------------------------------------------------------------------------------


def checkpoint(lib):
    lib.manual_seed(0)
    model = lib.nn.Linear(3, 2)
    optimizer = lib.optim.Adam(model.parameters())
    model(lib.ones(1, 3)).sum().backward()
    optimizer.step()
    flags = [lib.tensor([True, False]), lib.nn.Parameter(lib.ones(1)), lib.tensor(1, dtype=lib.int8)]
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "flags": flags, "epoch": 3, "loss": [0.5]}


ORIGINALS = {lib.__name__: file_of(lib, checkpoint(lib)) for lib in INSTALLED}


@lru_cache(maxsize=1)
def old_original():
    """What PyTorch wrote before version 1.6."""
    file = io.BytesIO()
    torch.save(checkpoint(torch), file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def content(obj):
    """What an object holds, to be compared."""
    if isinstance(obj, minigrad.Tensor):
        return str(obj.dtype), obj.shape, obj.requires_grad, obj.detach().numpy().tobytes()
    if isinstance(obj, dict):
        return [(key, content(value)) for key, value in obj.items()]
    return [content(value) for value in obj] if isinstance(obj, (list, tuple)) else obj


CONTENTS = {name: content(minigrad.load(io.BytesIO(data))) for name, data in ORIGINALS.items()}
CHANGES = ("flip", "set", "delete", "insert", "cut", "swap", "zero")


@st.composite
def damage(draw, data):
    """A file after one to three accidents."""
    for _ in range(draw(st.integers(1, 3))):
        kind, start = draw(st.sampled_from(CHANGES)), draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(1, 64))
        part = data[start : start + length]
        if kind == "flip" and part:
            part = bytes([part[0] ^ (1 << draw(st.integers(0, 7)))]) + part[1:]
        elif kind == "set":
            part = draw(st.sampled_from([b"\xff", b"\x00", b"\x7f", b"\x80", b"PK"])) * (len(part) // 2)
        elif kind == "delete":
            part = b""
        elif kind == "insert":
            part += draw(st.binary(max_size=64))
        elif kind == "swap":
            part = part[::-1]
        elif kind == "zero":
            part = b"\0" * len(part)
        data = data[:start] if kind == "cut" else data[:start] + part + data[start + length :]
    return data


@pytest.mark.parametrize("name", ORIGINALS)
@settings(max_examples=400)
@given(data=st.data())
def test_damaged_files_load_whole_or_not_at_all(name, data):
    loaded = loaded_or_refused(data.draw(damage(ORIGINALS[name])))
    assert loaded is None or content(loaded) == CONTENTS[name]


@pytest.mark.parametrize("name", ORIGINALS)
def test_files_cut_off_anywhere(name):
    data = ORIGINALS[name]
    for size in [*range(0, len(data), 37), *range(len(data) - 60, len(data))]:
        with pytest.raises(REFUSALS):
            load(data[:size])


@settings(max_examples=200)
@given(data=st.data())
def test_damaged_old_files_are_refused_or_loaded(data):
    """They have no checksums: that a number is damaged nobody can tell."""
    loaded_or_refused(data.draw(damage(old_original())))


def test_old_files_cut_off_anywhere():
    data = old_original()
    assert content(load(data)) == CONTENTS["torch"]
    for size in [*range(len(header()), len(data), 37), *range(len(data) - 60, len(data))]:
        with pytest.raises(REFUSALS):
            load(data[:size])


@pytest.mark.parametrize("name", ORIGINALS)
@settings(max_examples=400)
@given(data=st.data())
def test_damaged_pickles_in_whole_archives(name, data):
    """With the right checksum, so that the unpickler gets to see them."""
    records = []
    with zipfile.ZipFile(io.BytesIO(ORIGINALS[name])) as old:
        for record in old.namelist():
            part = old.read(record)
            records.append((record, data.draw(damage(part)) if record.endswith("data.pkl") else part))
    loaded_or_refused(rewritten(records))


INSTRUCTIONS = [code for _, code in vars(pickle).items() if isinstance(code, bytes) and len(code) == 1]
PARTS = [
    *INSTRUCTIONS,
    *[glob(name) for name in [*NAMES, "os.system", "builtins.eval", "builtins.getattr"]],
    *[storage(), tensor(), val("0"), val("x"), val("latin1"), val(2), val((1,)), val([]), val(0.5), val({"x": 1})],
    *[b"q\x00", b"h\x00", b"q\x01", b"h\x01", b")", b"}", b"]", b"(", b"t", b"R", b")R", b"\x85R", b"b", b"e", b"u"]
    * 3,
]


@settings(max_examples=600)
@given(st.lists(st.sampled_from(PARTS), max_size=30))
def test_any_program(parts):
    """Made of instructions and names that exist, in any order."""
    loaded_or_refused(program(b"".join(parts)))


@settings(max_examples=200)
@given(st.lists(st.sampled_from([*PARTS, old_storage(), OLD_TENSOR]), max_size=30))
def test_any_program_in_an_old_file(parts):
    loaded_or_refused(old_program(b"".join(parts)))


def test_no_program_runs_code():
    """Python itself tells of every import, file, process, and of code that is compiled or run."""
    script = f"""
        import random, sys
        sys.path.insert(0, {os.path.dirname(__file__)!r})
        import test_hostile_files as hostile
        watched = ("os.", "subprocess.", "exec", "compile", "import", "open", "pickle.", "ctypes.", "socket.")
        seen, watching = [], False
        def watch(event, arguments):
            if watching and event.startswith(watched):
                seen.append((event, arguments))
        hostile.loaded_or_refused(hostile.program(b"N"))
        hostile.loaded_or_refused(hostile.old_program(b"N"))
        sys.addaudithook(watch)
        numbers = random.Random(0)
        for _ in range(5000):
            parts = numbers.choices(hostile.PARTS, k=numbers.randrange(2, 30))
            data = numbers.choice([hostile.program, hostile.old_program])(b"".join(parts))
            watching = True
            hostile.loaded_or_refused(data)
            watching = False
        for function in (hostile.os.system, eval, exec, __import__, open, getattr):
            data = hostile.archive(hostile.pickle.dumps(hostile.Calls(function, "x = 1"), 2))
            watching = True
            hostile.loaded_or_refused(data)
            watching = False
        assert seen == [], seen[:3]
        watching = True
        eval("1")
        watching = False
        assert seen  # it does watch
    """
    answer = python("-c", textwrap.dedent(script))
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("name", ORIGINALS)
def test_a_failed_load_changes_nothing(name):
    model = minigrad.nn.Linear(3, 2)
    before = content(model.state_dict())
    data = ORIGINALS[name]
    with pytest.raises(REFUSALS):
        model.load_state_dict(minigrad.load(io.BytesIO(data[: len(data) // 2]))["model"])
    assert content(model.state_dict()) == before
