"""The container of a `.pth` file: a zip archive of one folder, whose records are stored as they are.

    name/data.pkl                  the object, pickled; a tensor in it names the storage that it looks at
    name/byteorder                 "little" or "big"
    name/data/0, name/data/1, ...  the storages: plain memory, which begins at a multiple of 64 bytes
    name/version                   "3"
    name/.data/serialization_id    a number made from the checksums of the others

https://docs.pytorch.org/docs/stable/notes/serialization.html#file-format-for-torch-save
"""

from __future__ import annotations

import struct
import sys
import zipfile
import zlib
from mmap import ACCESS_COPY, mmap
from typing import IO, Any

import numpy as np

ALIGNMENT = 64
LOCAL_HEADER = 30
"""Bytes before a record's name; the last four of them are the lengths of the name and of the field after it."""
LARGE, LARGE_FIELD = 1 << 31, 20
"""From this size on a record has its sizes in 64 bits, in a field of 20 bytes before that of the padding."""
CHUNK = 1 << 24
TAR = 257, b"ustar"
"""Where a tar archive says that it is one."""


class Writer:
    """Writes an archive from front to back: the file needs only a `write`."""

    def __init__(self, file: IO[bytes], folder: str) -> None:
        self.sink = Sink(file)
        self.zip = zipfile.ZipFile(self.sink, "w", zipfile.ZIP_STORED)  # type: ignore[call-overload]
        self.folder = folder
        self.checksum = 0

    def write(self, name: str, data: Any) -> None:
        """Add one record; data: bytes, or an array of bytes."""
        info = zipfile.ZipInfo(f"{self.folder}/{name}")
        is_large = memoryview(data).nbytes >= LARGE
        start = self.sink.position + LOCAL_HEADER + len(info.filename.encode()) + (LARGE_FIELD if is_large else 0)
        padding = -(start + 4) % ALIGNMENT
        info.extra = struct.pack("<2sH", b"FB", padding) + b"Z" * padding  # the field that PyTorch pads with, too
        with self.zip.open(info, "w", force_zip64=is_large) as record:
            record.write(data)
        self.checksum = zlib.crc32(info.CRC.to_bytes(4, "little"), self.checksum)

    def finish(self) -> None:
        """Write the last records and the list of all."""
        self.write("version", b"3\n")
        self.write(".data/serialization_id", f"{self.checksum:040d}".encode())
        self.zip.close()


class Sink:
    """A file that can only be written, and knows how much has been."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.position = 0

    def write(self, data: Any) -> int:
        """Write all of the data."""
        self.file.write(data)
        size = memoryview(data).nbytes
        self.position += size
        return size

    def flush(self) -> None:
        """The file is flushed by whoever opened it."""


class Reader:
    """An archive's records by name, all of them within the file, and none larger than its place there.

    Records are never written to disk, so a name such as `../../x` leads nowhere.
    Raises RuntimeError for anything but a whole archive of PyTorch's.
    """

    def __init__(self, file: IO[bytes], name: str, mapped: bool) -> None:
        self.name = name
        refuse_other_formats(file, name)
        try:
            self.zip = zipfile.ZipFile(file)
        except Exception as error:  # on a damaged archive zipfile raises errors of many kinds
            raise self.damaged(f"its list of records is not readable ({str(error)[:200]})") from error
        size = file.seek(0, 2)
        self.records = self.checked_records(size)
        self.map = np.frombuffer(mmap(file.fileno(), 0, access=ACCESS_COPY), np.uint8) if mapped else None
        order = self.read("byteorder").tobytes() if "byteorder" in self.records else b"little"
        if order not in (b"little", b"big"):
            raise self.damaged(f"its byte order is {order[:20]!r}")
        self.is_swapped = order.decode() != sys.byteorder

    def damaged(self, what: str) -> RuntimeError:
        """The error for a file that cannot be loaded."""
        return damaged(self.name, what)

    def checked_records(self, size: int) -> dict[str, zipfile.ZipInfo]:
        """The records of the archive's folder by their names in it."""
        infos = self.zip.infolist()
        if len({info.filename for info in infos}) != len(infos):
            raise self.damaged("it has two records of one name")
        folders = [folder for folder, _, record in (i.filename.partition("/") for i in infos) if record == "data.pkl"]
        if len(folders) != 1:
            raise self.damaged("it is a zip archive without a record data.pkl, so torch.save did not write it")
        start = folders[0] + "/"
        records = {i.filename.removeprefix(start): i for i in infos if i.filename.startswith(start)}
        if "constants.pkl" in records:
            raise RuntimeError(
                f"{self.name} cannot be loaded: it is a TorchScript archive, which holds code. Save the state_dict of "
                "the model in PyTorch, and load that."
            )
        for info in infos:
            if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
                raise self.damaged(f"its record {info.filename[:80]!r} is compressed")
            if not 0 <= info.header_offset <= size - LOCAL_HEADER - info.file_size:
                raise self.damaged(f"its record {info.filename[:80]!r} lies outside of the file")
        if sum(info.file_size for info in infos) > size:  # or records share their bytes, and each would be a copy
            raise self.damaged("its records are larger than the file")
        return records

    def size(self, name: str) -> int | None:
        """How many bytes a record has; None if there is no such record."""
        return self.records[name].file_size if name in self.records else None

    def read(self, name: str) -> Any:
        """A record's bytes, checked against its checksum, in an array of their own.

        Of a file that is mapped, a storage's bytes are the file's own: they are read when they are looked at.
        """
        info = self.records[name]
        try:
            if self.map is not None and name.startswith("data/"):
                return self.mapped(info)
            memory = np.empty(info.file_size, np.uint8)
            with self.zip.open(info) as stream:
                start = 0
                while chunk := stream.read(CHUNK):
                    memory[start : start + len(chunk)] = np.frombuffer(chunk, np.uint8)
                    start += len(chunk)
        except Exception as error:
            raise self.damaged(f"its record {name[:80]!r} is not readable ({str(error)[:200]})") from error
        if start != info.file_size:
            raise self.damaged(f"its record {name[:80]!r} ends too early")
        return memory

    def mapped(self, info: zipfile.ZipInfo) -> Any:
        """A record's bytes in the mapped file."""
        header = self.map[info.header_offset : info.header_offset + LOCAL_HEADER].tobytes()  # type: ignore[index]
        start = info.header_offset + LOCAL_HEADER + sum(struct.unpack("<HH", header[-4:]))
        memory = self.map[start : start + info.file_size]  # type: ignore[index]
        if memory.size != info.file_size:
            raise ValueError("it lies outside of the file")
        return memory


def damaged(name: str, what: str) -> RuntimeError:
    """The error for a file that cannot be loaded."""
    return RuntimeError(f"{name} cannot be loaded: {what}. The file is truncated, damaged or not PyTorch's.")


def refuse_other_formats(file: IO[bytes], name: str) -> None:
    """RuntimeError, with what to do, for a file that does not begin as a zip archive."""
    position, (place, word) = file.tell(), TAR
    start = file.read(place + len(word))
    file.seek(position)
    if start[place:] == word:
        raise RuntimeError(
            f"{name} cannot be loaded: it is in the tar format of the first versions of PyTorch. Load it in PyTorch "
            "and save it again: torch.save(torch.load(path, weights_only=False), path)."
        )
    if not start:
        raise RuntimeError(f"{name} cannot be loaded: it is empty, or its position is at its end (use f.seek(0))")
    if not start.startswith(b"PK\x03\x04"):
        raise RuntimeError(
            f"{name} cannot be loaded: it is not a file that torch.save wrote, which begins with b'PK'. It begins "
            f"with {start[:16]!r}."
        )
