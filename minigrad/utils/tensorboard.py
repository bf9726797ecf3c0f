"""Records of a training for TensorBoard, as torch.utils.tensorboard: scalars, histograms, images, text.

They are written by the package `tensorboard` itself, which does without TensorFlow.
"""

from __future__ import annotations

import io
import os
import socket
import time
from datetime import datetime
from types import TracebackType
from typing import Any

import numpy as np

from minigrad.devices import CPU, moved
from minigrad.engine.graph import TensorBase

try:
    from google.protobuf import struct_pb2
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.compat.proto.histogram_pb2 import HistogramProto
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
    from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f'SummaryWriter needs the package tensorboard: pip install tensorboard, or "minigrad[tensorboard]" ({error})',
        name=__name__,
    ) from None

__all__ = ["FileWriter", "SummaryWriter"]


class FileWriter:
    """A file of events in the folder log_dir, its name with filename_suffix at the end.

    max_queue: how many events may wait to be written.  flush_secs: after how many seconds they are.
    """

    def __init__(self, log_dir: Any, max_queue: int = 10, flush_secs: int = 120, filename_suffix: str = "") -> None:
        self.event_writer = EventFileWriter(str(log_dir), max_queue, flush_secs, filename_suffix)

    def get_logdir(self) -> str:
        """The folder."""
        return str(self.event_writer.get_logdir())

    def add_event(self, event: Any, step: int | None = None, walltime: float | None = None) -> None:
        """Write an event of the protocol's own, with its step and walltime: the seconds since 1970, by default now."""
        event.wall_time = time.time() if walltime is None else walltime
        if step is not None:
            event.step = int(step)
        self.event_writer.add_event(event)

    def add_summary(self, summary: Any, global_step: int | None = None, walltime: float | None = None) -> None:
        """Write a summary of the protocol's own at global_step; walltime as in `add_event`."""
        self.add_event(Event(summary=summary), global_step, walltime)

    def flush(self) -> None:
        """Write what waits."""
        self.event_writer.flush()

    def close(self) -> None:
        """Write what waits, and close the file."""
        self.event_writer.close()


class SummaryWriter:
    """Writes what `tensorboard --logdir=runs` shows.

    log_dir: by default runs/ with the time, the host's name and `comment`.  purge_step: TensorBoard forgets what was
    written at this step and later.  max_queue, flush_secs and filename_suffix are those of `FileWriter`.  It can be
    used in a with statement.  What its methods have in common: tag is the name under which a value is shown,
    global_step where on the axis, walltime when it was, in seconds since 1970, by default now.
    """

    def __init__(
        self,
        log_dir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        if not log_dir:
            now = datetime.now().strftime("%b%d_%H-%M-%S")
            log_dir = os.path.join("runs", f"{now}_{socket.gethostname()}{comment}")
        self.log_dir, self.purge_step = log_dir, purge_step
        self.max_queue, self.flush_secs, self.filename_suffix = max_queue, flush_secs, filename_suffix
        self.all_writers: dict[str, FileWriter] = {}
        self._get_file_writer()

    def _get_file_writer(self) -> FileWriter:
        """The file of the folder itself, opened again after close()."""
        writer = self._writer(str(self.log_dir))
        if self.purge_step is not None:
            step, self.purge_step = self.purge_step, None
            writer.add_event(Event(step=step, file_version="brain.Event:2"))
            writer.add_event(Event(step=step, session_log=SessionLog(status=SessionLog.START)))
        return writer

    def _writer(self, folder: str) -> FileWriter:
        if folder not in self.all_writers:
            self.all_writers[folder] = FileWriter(folder, self.max_queue, self.flush_secs, self.filename_suffix)
        return self.all_writers[folder]

    def _add(self, value: Any, global_step: int | None, walltime: float | None) -> None:
        self._get_file_writer().add_summary(Summary(value=[value]), global_step, walltime)

    def get_logdir(self) -> Any:
        """The folder."""
        return self.log_dir

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """A number scalar_value at a step.  AssertionError for several numbers.

        new_style: written as a tensor, which double_precision makes one of float64.
        """
        self._add(scalar(tag, scalar_value, new_style, double_precision), global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: dict[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """The numbers of tag_scalar_dict for the chart main_tag, each in a file of its own."""
        walltime = time.time() if walltime is None else walltime
        for tag, value in tag_scalar_dict.items():
            folder = f"{self._get_file_writer().get_logdir()}/{main_tag.replace('/', '_')}_{tag}"
            self._writer(folder).add_summary(Summary(value=[scalar(main_tag, value)]), global_step, walltime)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: int | None = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """How numbers, values, are distributed.  bins: as numpy.histogram takes them.  ValueError for no numbers.

        max_bins: where there are more bins, neighbours are put together.
        """
        bins = DEFAULT_BINS if isinstance(bins, str) and bins == "tensorflow" else bins
        histogram = histogram_of(numbers(values).astype(float).reshape(-1), bins, max_bins)
        self._add(Summary.Value(tag=tag, histo=histogram), global_step, walltime)

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """A picture img_tensor: uint8, or floats from 0 to 1.  dataformats: its dimensions' order: CHW, HWC or HW."""
        self._add(Summary.Value(tag=tag, image=picture(numbers(img_tensor), dataformats)), global_step, walltime)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Several pictures img_tensor in a grid of 8 columns.  dataformats: their dimensions' order, such as NCHW."""
        self.add_image(tag, img_tensor, global_step, walltime, dataformats)

    def add_figure(
        self, tag: str, figure: Any, global_step: int | None = None, close: bool = True, walltime: float | None = None
    ) -> None:
        """A figure of matplotlib, or a list of them; close: whether it is closed afterwards."""
        drawn = [drawing(each, close) for each in (figure if isinstance(figure, list) else [figure])]
        array, order = (np.stack(drawn), "NHWC") if isinstance(figure, list) else (drawn[0], "HWC")
        self.add_image(tag, array, global_step, walltime, order)

    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """A text text_string in Markdown."""
        tensor = TensorProto(
            dtype="DT_STRING",
            string_val=[text_string.encode()],
            tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
        )
        content = TextPluginData(version=0).SerializeToString()
        value = Summary.Value(tag=f"{tag}/text_summary", metadata=of_plugin("text", content), tensor=tensor)
        self._add(value, global_step, walltime)

    def add_hparams(
        self,
        hparam_dict: dict[str, Any],
        metric_dict: dict[str, Any],
        hparam_domain_discrete: dict[str, Any] | None = None,
        run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:
        """The hyperparameters hparam_dict of a run and what came of it, metric_dict, in a folder run_name of their own.

        hparam_domain_discrete: the values that a hyperparameter may have, by its name.
        TypeError for anything but dicts, ValueError for values other than numbers, text, bools and tensors.
        """
        if type(hparam_dict) is not dict or type(metric_dict) is not dict:
            raise TypeError("hparam_dict and metric_dict should be dictionary.")
        summaries = hyperparameters(hparam_dict, metric_dict, hparam_domain_discrete or {})
        folder = os.path.join(self._get_file_writer().get_logdir(), run_name or str(time.time()))
        with SummaryWriter(folder) as writer:
            for value in summaries:
                writer._add(value, global_step, None)
            for name, number in metric_dict.items():
                writer.add_scalar(name, number, global_step)

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False, use_strict_trace: bool = True
    ) -> None:
        """NotImplementedError, whatever model, input_to_model, verbose and use_strict_trace are: see minigrad.watch."""
        raise NotImplementedError(
            "SummaryWriter.add_graph needs PyTorch's tracer, which minigrad has not: minigrad.watch draws a graph"
        )

    def add_embedding(self, *args: Any, **kwargs: Any) -> None:
        """NotImplementedError: TensorBoard's projector is not written for."""
        raise NotImplementedError("SummaryWriter.add_embedding is not there: minigrad writes nothing for the projector")

    def flush(self) -> None:
        """Write what waits."""
        for writer in self.all_writers.values():
            writer.flush()

    def close(self) -> None:
        """Write what waits, and close the files; what is added later goes into new ones."""
        for writer in self.all_writers.values():
            writer.flush()
            writer.close()
        self.all_writers = {}

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


# What is written ------------------------------------------------------------------------------------------------


def numbers(x: Any) -> Any:
    """A tensor, an array or a number as a NumPy array.  NotImplementedError for anything else."""
    if isinstance(x, TensorBase):
        return moved(x.array, CPU)
    if isinstance(x, np.ndarray):
        return x
    if np.isscalar(x):
        return np.array([x])
    raise NotImplementedError(f"Got {type(x)}, but numpy array or torch tensor are expected.")


def of_plugin(name: str, content: bytes = b"") -> Any:
    """What tells TensorBoard which of its parts shows a value."""
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=name, content=content))


def scalar(tag: str, value: Any, new_style: bool = False, double_precision: bool = False) -> Any:
    """A number under a name; new_style: as a tensor, which may be one of float64."""
    array = numbers(value).squeeze()
    if array.ndim:
        raise AssertionError(f"Tensor should contain one element (0 dimensions). It has shape {array.shape}")
    number = float(array)
    if not new_style:
        return Summary.Value(tag=tag, simple_value=number)
    tensor = TensorProto(float_val=[number], dtype="DT_FLOAT")
    if double_precision:
        tensor = TensorProto(double_val=[number], dtype="DT_DOUBLE")
    return Summary.Value(tag=tag, tensor=tensor, metadata=of_plugin("scalars"))


def default_bins() -> list[float]:
    """Limits from 1e-12 on, each larger by a tenth, with their negatives and 0."""
    limits, limit = [], 1e-12
    while limit < 1e20:
        limits.append(limit)
        limit *= 1.1
    return [-x for x in reversed(limits)] + [0.0] + limits


DEFAULT_BINS = default_bins()


def histogram_of(values: Any, bins: Any, max_bins: int | None) -> Any:
    """How many numbers lie between limits; the empty bins at both ends are left out, but for one below."""
    if values.size == 0:
        raise ValueError("The input has no element.")
    counts, limits = np.histogram(values, bins=bins)
    if max_bins is not None and len(counts) > max_bins:
        together = len(counts) // max_bins
        counts = np.add.reduceat(counts, np.arange(0, len(counts), together))
        limits = np.append(limits[:-1:together], limits[-1])
    (filled,) = counts.nonzero()
    first, end = int(filled[0]), int(filled[-1]) + 1
    below = counts[first - 1 : first] if first else [0]
    return HistogramProto(
        min=values.min(),
        max=values.max(),
        num=len(values),
        sum=values.sum(),
        sum_squares=values.dot(values),
        bucket_limit=limits[first : end + 1].tolist(),
        bucket=[*below, *counts[first:end].tolist()],
    )


def picture(array: Any, order: str) -> Any:
    """A picture, or a grid of several, as a PNG.  order: the names of the dimensions, or AssertionError."""
    from PIL import Image

    if len({*order}) != len(order) or array.ndim != len(order):
        raise AssertionError(
            f"size of input tensor and input format are different. tensor shape: {array.shape}, input_format: {order}"
        )
    order = order.upper()
    if len(order) == 2:
        array, order = array[..., None], f"{order}C"
    rows = array.transpose([order.index(name) for name in ("NHWC" if "N" in order else "HWC")])
    rows = np.repeat(rows, 3, -1) if rows.shape[-1] == 1 else rows
    rows = grid(rows) if rows.ndim == 4 else rows
    scaled = rows.astype(np.float32) * (1 if rows.dtype == np.uint8 else 255)
    pixels = scaled.clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    height, width, channels = pixels.shape
    return Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=file.getvalue())


def grid(pictures: Any, columns: int = 8) -> Any:
    """Pictures (n, height, width, 3) side by side in rows, as one."""
    count, height, width, channels = pictures.shape
    if channels != 3:
        raise AssertionError("Input should be a 4D numpy array with 3 channels")
    columns = min(count, columns)
    rows = -(-count // columns)
    room = np.zeros((rows * columns, height, width, channels), pictures.dtype)
    room[:count] = pictures
    cells = room.reshape(rows, columns, height, width, channels)
    return cells.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels)


def drawing(figure: Any, close: bool) -> Any:
    """A figure's pixels (height, width, 3)."""
    import matplotlib.pyplot as plt
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    width, height = figure.canvas.get_width_height()
    pixels = np.frombuffer(canvas.buffer_rgba(), dtype=np.uint8).reshape(height, width, 4)[..., :3]
    if close:
        plt.close(figure)
    return pixels


def hyperparameters(given: dict[str, Any], metrics: dict[str, Any], domains: dict[str, Any]) -> list[Any]:
    """An experiment, the start of a session and its end, as TensorBoard's part for hyperparameters reads them."""
    for name, values in domains.items():
        if name not in given or not all(isinstance(value, type(given[name])) for value in values):
            raise TypeError(
                f"parameter: hparam_domain_discrete[{name}] should be a list of same type as hparam_dict[{name}]."
            )
    start, infos = plugin_data_pb2.SessionStartInfo(), []
    for name, value in given.items():
        if value is None:
            continue
        kind, field, plain = kind_of(value)
        setattr(start.hparams[name], field, plain)
        choices = [struct_pb2.Value(**{field: choice}) for choice in domains.get(name, ())]
        infos.append(
            api_pb2.HParamInfo(
                name=name,
                type=api_pb2.DataType.Value(kind),
                domain_discrete=struct_pb2.ListValue(values=choices) if choices else None,
            )
        )
    names = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=name)) for name in metrics]
    experiment = api_pb2.Experiment(hparam_infos=infos, metric_infos=names)
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.Status.Value("STATUS_SUCCESS"))
    version = metadata.PLUGIN_DATA_VERSION
    parts = {
        metadata.EXPERIMENT_TAG: plugin_data_pb2.HParamsPluginData(experiment=experiment, version=version),
        metadata.SESSION_START_INFO_TAG: plugin_data_pb2.HParamsPluginData(session_start_info=start, version=version),
        metadata.SESSION_END_INFO_TAG: plugin_data_pb2.HParamsPluginData(session_end_info=end, version=version),
    }
    return [
        Summary.Value(tag=tag, metadata=of_plugin(metadata.PLUGIN_NAME, part.SerializeToString()))
        for tag, part in parts.items()
    ]


def kind_of(value: Any) -> tuple[str, str, Any]:
    """What the protocol calls a hyperparameter's type and its field, and the value itself."""
    if isinstance(value, TensorBase):
        return "DATA_TYPE_FLOAT64", "number_value", float(numbers(value).reshape(-1)[0])
    if isinstance(value, (int, float)):  # bools, too, as in PyTorch
        return "DATA_TYPE_FLOAT64", "number_value", value
    if isinstance(value, str):
        return "DATA_TYPE_STRING", "string_value", value
    raise ValueError("value should be one of int, float, str, bool, or torch.Tensor")
