"""MNIST with SGD: 784-512-512-10, batches of 64, two learning rates; save, load, predict.  `--full`: all images."""

import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

# 1. The data: images of 28 x 28 pixels between 0 and 1, and the digit that each shows.

train_data = datasets.MNIST(root="data", train=True, download=True, transform=transforms.ToTensor())
test_data = datasets.MNIST(root="data", train=False, download=True, transform=transforms.ToTensor())
if "--full" not in sys.argv:
    train_data, test_data = Subset(train_data, range(6400)), Subset(test_data, range(1000))
train_loader = DataLoader(train_data, batch_size=64)
test_loader = DataLoader(test_data, batch_size=64)
print(f"{len(train_data)} images to train, {len(test_data)} to test")

# 2. The model.


class Net(nn.Module):
    """Three linear layers with ReLU between them."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 512)
        self.fc2 = nn.Linear(512, 512)
        self.fc3 = nn.Linear(512, 10)

    def forward(self, x):
        """The logits of a batch of images."""
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


torch.manual_seed(42)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = Net().to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.001)

for name, layer in model.named_children():
    print(f"{name}: {layer}, {sum(p.numel() for p in layer.parameters()):,} parameters")
print(f"in all {sum(p.numel() for p in model.parameters()):,} parameters")

# 3. The first batch, step by step.

images, digits = next(iter(train_loader))
print("images", images.shape, images.dtype, "digits", digits.shape, digits.dtype)
logits = model(images.to(device))
print("logits of the first image:", logits[0])
loss = F.cross_entropy(logits, digits.to(device))
print("loss of the batch:", loss)
predicted = logits.argmax(dim=1, keepdim=True)
print("predicted", predicted[:8].view(-1), "true", digits[:8])
correct = predicted.eq(digits.to(device).view_as(predicted))
print(f"{correct.sum().item()} of {len(digits)} are right before training")

# 4. The training loop, and the test.


def train(epoch):
    """One pass over the training images."""
    model.train()
    for batch, (images, digits) in enumerate(train_loader):
        images, digits = images.to(device), digits.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), digits)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if batch % 100 == 0:
            seen, share = batch * len(images), 100 * batch / len(train_loader)
            print(f"Train Epoch: {epoch} [{seen}/{len(train_loader.dataset)} ({share:.0f}%)]\tLoss: {loss.item():.6f}")


def test():
    """The mean loss and the accuracy on the test images."""
    model.eval()
    total, correct = 0.0, 0
    with torch.no_grad():
        for images, digits in test_loader:
            images, digits = images.to(device), digits.to(device)
            logits = model(images)
            total += F.cross_entropy(logits, digits, reduction="sum").item()
            predicted = logits.argmax(dim=1, keepdim=True)
            correct += predicted.eq(digits.view_as(predicted)).sum().item()
    number = len(test_loader.dataset)
    print(f"Test set: Average loss: {total / number:.4f}, Accuracy: {correct}/{number} ({100 * correct / number:.2f}%)")


losses = []
for epoch in range(1, 4):
    train(epoch)
for epoch in range(4, 7):
    train(epoch)
    test()

# 5. So small a rate has hardly begun after these steps.  A new model learns with one that is a hundred times larger.

slow_losses, losses = losses, []
torch.manual_seed(42)
model = Net().to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(1, 4):
    train(epoch)
    test()

# 6. Save, load, predict.

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "mnist_sgd.pth"
    torch.save(model.state_dict(), file)
    loaded = Net()
    print(loaded.load_state_dict(torch.load(file, weights_only=True, map_location="cpu")))

loaded.eval()
image, digit = test_data[0]
with torch.no_grad():
    prediction = loaded(image.unsqueeze(0)).argmax(dim=1).item()
print(f"The first test image shows a {digit}; predicted: {prediction}")

# 7. The plots.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), width_ratios=[2, 1], layout="constrained")
left.plot(slow_losses, color="tab:gray", linewidth=0.8, label="learning rate 0.001")
left.plot(losses, color="tab:blue", linewidth=0.8, label="learning rate 0.1")
left.legend()
left.set_title("MNIST with SGD: loss of each batch")
left.set_xlabel("step")
left.set_ylabel("cross-entropy")
left.grid(alpha=0.3)
right.imshow(image.squeeze(), cmap="gray_r")
right.set_title(f"shows a {digit}, predicted {prediction}")
right.set_axis_off()
plt.show()
