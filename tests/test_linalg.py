"""Linear algebra beyond the samples of the registry: errors, shapes, options, and what is defined up to a sign."""

from __future__ import annotations

import numpy as np
import pytest
from engines import error_of, same, torch

import minigrad

LIBRARIES = (minigrad, torch)
pytestmark = pytest.mark.filterwarnings("ignore")

REFUSED = {
    "a singular inverse": lambda lib: lib.linalg.inv(lib.ones(2, 2)),
    "no square": lambda lib: lib.inverse(lib.ones(2, 3)),
    "a vector": lambda lib: lib.linalg.det(lib.ones(3)),
    "integers": lambda lib: lib.linalg.inv(lib.ones(2, 2, dtype=lib.int64)),
    "float16": lambda lib: lib.linalg.inv(lib.ones(2, 2, dtype=lib.float16)),
    "not positive-definite": lambda lib: lib.linalg.cholesky(-lib.eye(2)),
    "a singular system": lambda lib: lib.linalg.solve(lib.ones(2, 2), lib.ones(2, 1)),
    "sizes that do not fit": lambda lib: lib.linalg.solve(lib.ones(3, 3), lib.ones(2, 1)),
    "triangular sizes": lambda lib: lib.linalg.solve_triangular(lib.eye(3), lib.ones(2, 1), upper=True),
    "a triangular vector": lambda lib: lib.linalg.solve_triangular(lib.eye(3), lib.ones(3), upper=True),
    "two dtypes": lambda lib: lib.linalg.solve(lib.eye(2), lib.ones(2, 1, dtype=lib.float64)),
    "a mode of QR": lambda lib: lib.linalg.qr(lib.eye(2), "all"),
    "a gradient without Q": lambda lib: lib.linalg.qr(lib.eye(2, requires_grad=True), "r")[1].sum().backward(),
    "a gradient of all of Q": lambda lib: (
        lib.linalg.qr(lib.ones(3, 2, requires_grad=True), "complete")[0].sum().backward()
    ),
    "nan in SVD": lambda lib: lib.linalg.svd(lib.full((2, 2), float("nan"))),
    "a triangle": lambda lib: lib.linalg.eigh(lib.eye(2), "X"),
    "a power": lambda lib: lib.linalg.matrix_power(lib.eye(2), 1.5),
    "least squares of other rows": lambda lib: lib.linalg.lstsq(lib.ones(3, 2), lib.ones(2, 2)),
    "one matrix": lambda lib: lib.linalg.multi_dot([lib.ones(2, 2)]),
    "a rank of a vector": lambda lib: lib.linalg.matrix_rank(lib.ones(3)),
    "a condition of a vector": lambda lib: lib.linalg.cond(lib.ones(3)),
    "a pseudoinverse of a vector": lambda lib: lib.linalg.pinv(lib.ones(3)),
    "norms of three dims": lambda lib: lib.norm(lib.ones(2, 2, 2), "nuc"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_pytorch_refuses_is_refused(case):
    mine, theirs = (error_of(lambda lib=lib: REFUSED[case](lib)) for lib in LIBRARIES)
    kinds = [case_of(error, lib) for error, lib in zip((mine, theirs), LIBRARIES)]
    assert kinds[0] == kinds[1], mine


def case_of(error, lib):
    """The kind of an error that a user catches."""
    text = str(error)
    assert text
    kinds = [("LinAlgError", lib.linalg.LinAlgError), ("RuntimeError", RuntimeError), ("TypeError", TypeError)]
    name = str(error[0]) if isinstance(error, tuple) else type(error).__name__
    return next((kind for kind, _ in kinds if kind in name), name)


def test_errors_can_be_caught_as_in_pytorch():
    for lib in LIBRARIES:
        with pytest.raises(lib.linalg.LinAlgError, match="he inversion could not be completed because"):
            lib.linalg.inv(lib.ones(2, 2))
        with pytest.raises(RuntimeError, match="input is not positive-definite"):
            lib.linalg.cholesky(-lib.eye(2))


SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 3), (2, 1, 4, 3), (1, 1)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_factors_make_the_matrix(shape):
    x = np.random.default_rng(0).normal(size=shape)
    for full in (True, False):
        a = minigrad.tensor(x)
        u, s, vh = minigrad.linalg.svd(a, full_matrices=full)
        theirs = torch.linalg.svd(torch.tensor(x), full_matrices=full)
        assert [tuple(y.shape) for y in (u, s, vh)] == [tuple(y.shape) for y in theirs]
        k = s.shape[-1]
        np.testing.assert_allclose(((u[..., :k] * s[..., None, :]) @ vh[..., :k, :]).numpy(), x, 1e-10, 1e-12)
        np.testing.assert_allclose(s.numpy(), theirs.S.numpy(), 1e-10)
        for mode in ("complete", "reduced"):
            for mine, expected in zip(minigrad.linalg.qr(a, mode), torch.linalg.qr(torch.tensor(x), mode)):
                np.testing.assert_allclose(mine.numpy(), expected.numpy(), 1e-9, 1e-10)


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (3, 3)])
def test_the_space_that_singular_vectors_span_has_pytorchs_gradient(shape, full):
    x = np.random.default_rng(1).normal(size=shape)
    gradients = []
    for lib in LIBRARIES:
        a = lib.tensor(x, requires_grad=True)
        u, s, vh = lib.linalg.svd(a, full_matrices=full)
        weights = lib.arange(9, dtype=lib.float64)
        k = s.shape[-1]
        first = (u[:, :k] * weights[:k]) @ u[:, :k].mT
        second = (vh[:k].mT * weights[:k]) @ vh[:k]
        ((first**3).sum() + (second**3).sum() + (s**3).sum()).backward()
        gradients.append(a.grad.numpy())
    np.testing.assert_allclose(*gradients, 1e-7, 1e-9)


def test_what_full_matrices_adds_has_no_gradient():
    a = minigrad.tensor(np.random.default_rng(1).normal(size=(3, 2)), requires_grad=True)
    with pytest.raises(RuntimeError, match="not determined"):
        minigrad.linalg.svd(a)[0].pow(2).sum().backward()


@pytest.mark.parametrize("uplo", ["L", "U", "l"])
def test_eigh_reads_one_triangle(uplo):
    x = np.random.default_rng(2).normal(size=(2, 3, 3))
    (mine, vectors), (theirs, _) = (lib.linalg.eigh(lib.tensor(x), uplo) for lib in LIBRARIES)
    np.testing.assert_allclose(mine.numpy(), theirs.numpy(), 1e-9)
    whole = (np.tril(x) if uplo in "Ll" else np.triu(x)) + np.swapaxes(
        np.tril(x, -1) if uplo in "Ll" else np.triu(x, 1), -2, -1
    )
    np.testing.assert_allclose(((vectors * mine[..., None, :]) @ vectors.mT).numpy(), whole, 1e-9, 1e-12)


def test_determinants_of_singular_matrices_have_gradients():
    for x in ([[1.0, 2.0], [2.0, 4.0]], [[1.0, 0, 0], [0, 0, 0], [0, 0, 3]], np.zeros((3, 3))):
        a = minigrad.tensor(x, dtype=minigrad.float64, requires_grad=True)
        minigrad.linalg.det(a).backward()
        expected = np.zeros(a.shape)
        for i, j in np.ndindex(*a.shape):
            minor = np.delete(np.delete(np.asarray(x, float), i, 0), j, 1)
            expected[i, j] = (-1) ** (i + j) * np.linalg.det(minor)
        np.testing.assert_allclose(a.grad.numpy(), expected, 1e-9, 1e-12)


def test_pseudoinverses_ranks_and_tolerances():
    x = np.random.default_rng(3).normal(size=(4, 3, 5))
    x[0, 2] = x[0, 1] * 2
    x[1] = 0
    cases = [{}, {"rtol": 0.5}, {"atol": 1.0}, {"atol": 0.5, "rtol": 0.1}]
    for options in cases:
        mine, theirs = (
            (lib.linalg.pinv(lib.tensor(x), **options), lib.linalg.matrix_rank(lib.tensor(x), **options))
            for lib in LIBRARIES
        )
        for y, expected in zip(mine, theirs):
            np.testing.assert_allclose(y.numpy(), expected.numpy(), 1e-8, 1e-10)
    symmetric = x[2] @ x[2].T
    mine, theirs = (lib.linalg.pinv(lib.tensor(symmetric), hermitian=True) for lib in LIBRARIES)
    np.testing.assert_allclose(mine.numpy(), theirs.numpy(), 1e-8)
    mine, theirs = (lib.linalg.matrix_rank(lib.tensor(symmetric), hermitian=True) for lib in LIBRARIES)
    assert mine.item() == theirs.item() == 3


def test_least_squares_of_each_driver():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    for driver in (None, "gels", "gelsy", "gelsd", "gelss"):
        mine, theirs = (lib.linalg.lstsq(lib.tensor(x), lib.tensor(y), driver=driver) for lib in LIBRARIES)
        for name in ("solution", "residuals", "rank", "singular_values"):
            first, second = getattr(mine, name), getattr(theirs, name)
            np.testing.assert_allclose(first.numpy(), second.numpy(), 1e-8, 1e-10)
            assert str(first.dtype).partition(".")[2] == str(second.dtype).partition(".")[2]


def test_a_singular_matrix_has_an_infinite_condition():
    x = np.stack([np.eye(2), np.ones((2, 2))])
    for p in ("fro", 1, float("inf")):
        mine, theirs = (lib.linalg.cond(lib.tensor(x), p) for lib in LIBRARIES)
        np.testing.assert_allclose(mine.numpy(), theirs.numpy())


def test_results_are_printed_under_their_names():
    text = repr(minigrad.linalg.eigh(minigrad.eye(2)))
    assert text == repr(torch.linalg.eigh(torch.eye(2))).replace("torch.", "minigrad.")
    assert repr(minigrad.linalg.slogdet(minigrad.eye(2))) == repr(torch.linalg.slogdet(torch.eye(2))).replace(
        "torch.", "minigrad."
    )


def test_gradients_of_the_logarithm_of_a_determinant_of_zero() -> None:
    def gradients(lib):
        given = [[[1.0, 1.0], [1.0, 1.0]], [[2.0, 0.0], [0.0, 4.0]]]
        a = lib.tensor(given, requires_grad=True)
        lib.linalg.slogdet(a).logabsdet.sum().backward()
        return a.grad.tolist()

    same(gradients)


@pytest.mark.parametrize("create_graph", [False, True])
def test_of_a_singular_matrix_of_no_rank_the_gradient_is_nan(create_graph: bool) -> None:
    """PyTorch gives an infinity among the nan, and with create_graph an error."""
    a = minigrad.zeros(2, 2, requires_grad=True)
    (slope,) = minigrad.autograd.grad(minigrad.logdet(a), a, create_graph=create_graph)
    assert bool(slope.isnan().all())
