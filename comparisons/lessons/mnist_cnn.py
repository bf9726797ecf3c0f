"""MNIST with a convolutional network: the model and options of PyTorch's own example, Adadelta and StepLR.

Options: `--epochs 14 --batch-size 64 --lr 1.0 --gamma 0.7 --seed 1 --log-interval 10 --save-model`, and `--full` for
all 60,000 images and all 14 epochs.  https://github.com/pytorch/examples/tree/main/mnist
"""

import argparse

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms


class Net(nn.Module):
    """Two convolutions, a pooling, two linear layers; Dropout before each of these."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        """The log-probabilities of a batch of images."""
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, 2)
        x = self.dropout1(x)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = self.dropout2(x)
        x = self.fc2(x)
        return F.log_softmax(x, dim=1)


def train(options, model, device, loader, optimizer, epoch):
    """One pass over the training images."""
    model.train()
    for batch, (images, digits) in enumerate(loader):
        images, digits = images.to(device), digits.to(device)
        optimizer.zero_grad()
        loss = F.nll_loss(model(images), digits)
        loss.backward()
        optimizer.step()
        if batch % options.log_interval == 0:
            seen, share = batch * len(images), 100.0 * batch / len(loader)
            print(f"Train Epoch: {epoch} [{seen}/{len(loader.dataset)} ({share:.0f}%)]\tLoss: {loss.item():.4f}")
            if options.dry_run:
                break


def test(model, device, loader):
    """The mean loss and the accuracy on the test images."""
    model.eval()
    total, correct = 0.0, 0
    with torch.no_grad():
        for images, digits in loader:
            images, digits = images.to(device), digits.to(device)
            output = model(images)
            total += F.nll_loss(output, digits, reduction="sum").item()
            predicted = output.argmax(dim=1, keepdim=True)
            correct += predicted.eq(digits.view_as(predicted)).sum().item()
    number = len(loader.dataset)
    print(f"Test set: Average loss: {total / number:.4f}, Accuracy: {correct}/{number} ({100 * correct / number:.0f}%)")


def parse_options():
    """The options of the command line."""
    parser = argparse.ArgumentParser(description="MNIST with a convolutional network")
    parser.add_argument("--full", action="store_true", help="all images, 14 epochs (default: 1,280 images, 1 epoch)")
    parser.add_argument("--batch-size", type=int, default=64, metavar="N", help="images in a training batch (64)")
    parser.add_argument("--test-batch-size", type=int, default=1000, metavar="N", help="in a test batch (1000)")
    parser.add_argument("--epochs", type=int, metavar="N", help="passes over the training images")
    parser.add_argument("--lr", type=float, default=1.0, help="learning rate (1.0)")
    parser.add_argument("--gamma", type=float, default=0.7, help="its factor after each epoch (0.7)")
    parser.add_argument("--no-accel", action="store_true", help="use the CPU even if there is a GPU")
    parser.add_argument("--dry-run", action="store_true", help="end each epoch after one batch")
    parser.add_argument("--seed", type=int, default=1, help="random seed (1)")
    parser.add_argument("--log-interval", type=int, default=10, metavar="N", help="batches between lines (10)")
    parser.add_argument("--save-model", action="store_true", help="save the model in mnist_cnn.pt")
    options = parser.parse_args()
    options.epochs = options.epochs or (14 if options.full else 1)
    return options


options = parse_options()
torch.manual_seed(options.seed)
use_accelerator = not options.no_accel and torch.accelerator.is_available()
device = torch.accelerator.current_accelerator() if use_accelerator else torch.device("cpu")

transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
train_data = datasets.MNIST("data", train=True, download=True, transform=transform)
test_data = datasets.MNIST("data", train=False, transform=transform)
if not options.full:
    train_data, test_data = Subset(train_data, range(1280)), Subset(test_data, range(1000))
memory = {"num_workers": 1, "persistent_workers": True, "pin_memory": True} if use_accelerator else {}
train_loader = DataLoader(train_data, batch_size=options.batch_size, shuffle=True, **memory)
test_loader = DataLoader(test_data, batch_size=options.test_batch_size, **memory)

model = Net().to(device)
print(model)
optimizer = optim.Adadelta(model.parameters(), lr=options.lr)
scheduler = StepLR(optimizer, step_size=1, gamma=options.gamma)
for epoch in range(1, options.epochs + 1):
    train(options, model, device, train_loader, optimizer, epoch)
    test(model, device, test_loader)
    scheduler.step()

if options.save_model:
    torch.save(model.state_dict(), "mnist_cnn.pt")
