"""Transforms from one kind of image to another."""

from __future__ import annotations

from typing import Any

from minigrad.dtypes import dtype
from minigrad.nn.module import Module
from minigrad.tensor import Tensor
from minigrad.vision.transforms.functional.converting import convert_image_dtype, pil_to_tensor, to_pil_image

__all__ = ["ConvertImageDtype", "LinearTransformation", "PILToTensor", "ToPILImage"]


class PILToTensor:
    """A PIL image or NumPy array as a Tensor (channels, height, width) with the same values, not scaled."""

    def __call__(self, pic: Any) -> Tensor:
        """The image as a Tensor."""
        return pil_to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ToPILImage:
    """A Tensor (channels, height, width) or NumPy array (height, width, channels) as a PIL image.

    mode: what Pillow calls it; else it follows from the channels and the dtype.  As `functional.to_pil_image`, which
    has the errors.
    """

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        """The PIL image."""
        return to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.mode is None else f'mode={self.mode}'})"


class ConvertImageDtype(Module):
    """A Tensor in another dtype, its values scaled: 0 to 255 of uint8 are 0 to 1 of a float dtype."""

    def __init__(self, dtype: dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        """The image in that dtype."""
        return convert_image_dtype(image, self.dtype)


class LinearTransformation(Module):
    """(image - mean_vector) @ transformation_matrix, of the image as one row: whitening, say.

    transformation_matrix (D, D), mean_vector (D,), where D = channels * height * width.  ValueError for other sizes.
    """

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor) -> None:
        super().__init__()
        rows, columns = transformation_matrix.shape
        if rows != columns:
            raise ValueError(f"transformation_matrix should be square. Got {(rows, columns)} rectangular matrix.")
        if len(mean_vector) != rows:
            raise ValueError(
                f"mean_vector should have the same length {len(mean_vector)}"
                f" as any one of the dimensions of the transformation_matrix [{(rows, columns)}]"
            )
        self.transformation_matrix = transformation_matrix
        self.mean_vector = mean_vector

    def forward(self, tensor: Tensor) -> Tensor:
        """The transformed image."""
        size = len(self.mean_vector)
        if tensor.ndim < 3 or tensor.shape[-3:].numel() != size:
            raise ValueError(
                "Input tensor and transformation matrix have incompatible shape."
                f"[{' x '.join(map(str, tensor.shape[-3:]))}] != {size}"
            )
        rows = tensor.reshape(-1, size) - self.mean_vector
        transformed: Tensor = rows @ self.transformation_matrix.to(rows.dtype)
        return transformed.reshape(tensor.shape)

    def __repr__(self) -> str:
        matrix, mean = self.transformation_matrix.tolist(), self.mean_vector.tolist()
        return f"{type(self).__name__}(transformation_matrix={matrix}, mean_vector={mean})"
