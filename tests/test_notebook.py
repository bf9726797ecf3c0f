"""minigrad in PyTorch's place in a notebook, run by Jupyter's own kernel where that is installed."""

from pathlib import Path

import pytest

import minigrad

nbformat = pytest.importorskip("nbformat", reason="notebooks are run where Jupyter is installed (nbclient, ipykernel)")
nbclient = pytest.importorskip("nbclient", reason="notebooks are run where Jupyter is installed (nbclient, ipykernel)")
pytest.importorskip("ipykernel", reason="notebooks are run where Jupyter is installed (nbclient, ipykernel)")

TRAINING = """
import torch
from torch import nn
torch.manual_seed(0)
model, x = nn.Linear(2, 1), torch.ones(4, 2)
loss = nn.functional.mse_loss(model(x), torch.zeros(4, 1))
loss.backward()
print(torch.__version__, type(loss), model.weight.grad.shape)
"""

POINTS = """
import torch
from torch.utils.data import Dataset

class Points(Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return torch.ones(1), torch.__version__
"""

WORKERS = """
from points import Points
from torch.utils.data import DataLoader
print(list(DataLoader(Points(), 2, num_workers=1, multiprocessing_context="spawn")))
"""


def printed_by(cells, folder, monkeypatch):
    """What the cells of a notebook in a folder print."""
    monkeypatch.setenv("PYTHONPATH", str(Path(minigrad.__file__).parent.parent))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    kernel = {"name": "python3", "display_name": "Python", "language": "python"}
    notebook.metadata["kernelspec"] = kernel
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return "".join(output.text for cell in notebook.cells for output in cell.outputs if output.name == "stdout")


@pytest.mark.parametrize("first", ["%load_ext minigrad", "import minigrad.launcher\nminigrad.launcher.install()"])
def test_the_first_cell_puts_minigrad_in_pytorchs_place(first, tmp_path, monkeypatch):
    expected = "2.13.0+minigrad <class 'torch.Tensor'> torch.Size([1, 2])\n"
    assert printed_by([first, TRAINING], tmp_path, monkeypatch) == expected


def test_workers_that_are_started_anew(tmp_path, monkeypatch):
    (tmp_path / "points.py").write_text(POINTS)
    printed = printed_by(["%load_ext minigrad", WORKERS], tmp_path, monkeypatch)
    assert printed == "[[tensor([[1.],\n        [1.]]), ('2.13.0+minigrad', '2.13.0+minigrad')]]\n"


def test_pytorch_that_is_imported_already_is_not_replaced(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="PyTorch itself is already imported"):
        printed_by(["import torch", "%load_ext minigrad"], tmp_path, monkeypatch)
