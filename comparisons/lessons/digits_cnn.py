"""Digits by a convolutional network: images of 8 by 8, moved and turned a little in every epoch, OneCycleLR."""

import matplotlib.pyplot as plt
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.utils import make_grid

torch.manual_seed(42)

# 1. The data: 1797 handwritten digits.  A training image is turned and moved at random, so that no epoch sees the same.


class Digits(Dataset):
    """Images of 8 by 8 pixels, through a transform, and the digits that they show."""

    def __init__(self, images, digits, transform):
        self.images, self.digits, self.transform = images, digits, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = Image.fromarray((self.images[index] * 255 / 16).astype("uint8"))
        return self.transform(image), int(self.digits[index])


augmented = transforms.Compose(
    [transforms.RandomRotation(10), transforms.RandomCrop(8, padding=1), transforms.ToTensor()]
)
data = load_digits()
X_train, X_test, y_train, y_test = train_test_split(data.images, data.target, test_size=0.2, random_state=42)
train_data, test_data = Digits(X_train, y_train, augmented), Digits(X_test, y_test, transforms.ToTensor())
train_loader = DataLoader(train_data, batch_size=64, shuffle=True)
test_loader = DataLoader(test_data, batch_size=len(test_data))
print(f"{len(train_data)} images to train, {len(test_data)} to test")

# 2. The model: two convolutions, the mean of each channel, one logit for each digit.

model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1, bias=False),
    nn.BatchNorm2d(16),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1, bias=False),
    nn.BatchNorm2d(32),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(32, 10),
)
print(model)

# 3. The loss, the optimizer, and a learning rate that rises and falls once, changed after every batch.

epochs = 12
loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
scheduler = OneCycleLR(optimizer, max_lr=0.1, epochs=epochs, steps_per_epoch=len(train_loader))

# 4. The training loop.

history = {"train loss": [], "test loss": [], "test accuracy": []}
rates = []

for epoch in range(epochs):
    model.train()
    total = 0.0
    for images, digits in train_loader:
        loss = loss_function(model(images), digits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rates.append(scheduler.get_last_lr()[0])
        scheduler.step()
        total += loss.item()

    model.eval()
    with torch.no_grad():
        images, digits = next(iter(test_loader))
        logits = model(images)
    predicted = logits.argmax(1)
    history["train loss"].append(total / len(train_loader))
    history["test loss"].append(loss_function(logits, digits).item())
    history["test accuracy"].append((predicted == digits).float().mean().item())
    print(f"Epoch {epoch:2d} | " + " | ".join(f"{name} {values[-1]:.4f}" for name, values in history.items()))

# 5. The plots: the curves, what the model sees, and what it takes for another digit.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for part, colour in [("train", "tab:blue"), ("test", "tab:orange")]:
    left.plot(history[f"{part} loss"], marker="o", color=colour, linewidth=2, label=part)
left.set(title="Digits: loss", xlabel="epoch", ylabel="loss", yscale="log")
left.legend()
right.plot(rates, color="tab:green", linewidth=2)
right.set(title="The learning rate rises and falls once", xlabel="batch", ylabel="learning rate")
for axes in (left, right):
    axes.grid(alpha=0.3)

seen = torch.stack([train_data[index][0] for index in range(8) for _ in range(8)])
plt.figure(figsize=(5, 5.2), layout="constrained")
plt.imshow(make_grid(seen, nrow=8, padding=1, pad_value=0.5).permute(1, 2, 0))
plt.title("Eight images, each as eight epochs may see it")
plt.axis("off")

wrong = (predicted != digits).nonzero().flatten()[:10]
figure, places = plt.subplots(2, 5, figsize=(7, 3.4), layout="constrained", squeeze=False)
for axes in places.flat:
    axes.axis("off")
for axes, index in zip(places.flat, wrong):
    axes.imshow(images[index, 0], cmap="gray_r")
    axes.set_title(f"{digits[index]}, taken for {predicted[index]}", fontsize=9)
figure.suptitle(f"Digits: test accuracy {history['test accuracy'][-1]:.1%}; the first wrong ones")
plt.show()
