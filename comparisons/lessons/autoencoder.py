"""An autoencoder: digits of 64 pixels through two numbers and back; the two numbers are a map of the digits."""

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)

# 1. The data: 1797 images of 8 by 8 pixels between 0 and 1.  Which digit each shows is only used to colour the map.

pixels, digits = load_digits(return_X_y=True)
images, digits = torch.tensor(pixels, dtype=torch.float32) / 16, torch.tensor(digits)
train, test = images[:1500], images[1500:]
loader = DataLoader(TensorDataset(train), batch_size=64, shuffle=True)

# 2. The model: two networks, one from an image to its code, one back.

encoder = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))
decoder = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.Sigmoid())
model = nn.Sequential(encoder, decoder)
print(model)
loss_function = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

# 3. The training loop: the target is the image itself.

history = {"train": [], "test": []}
for epoch in range(60):
    model.train()
    total = 0.0
    for (batch,) in loader:
        loss = loss_function(model(batch), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        test_loss = loss_function(model(test), test).item()
    history["train"].append(total / len(loader))
    history["test"].append(test_loss)
    if epoch % 10 == 0 or epoch == 59:
        print(f"Epoch {epoch:2d} | train {history['train'][-1]:.5f} | test {test_loss:.5f}")
print(f"Without a model, by the mean image: {loss_function(train.mean(0).expand_as(test), test).item():.5f}")

# 4. The plots: the curves, the map, images before and after.

with torch.no_grad():
    codes = encoder(images)
    restored = decoder(encoder(test[:10]))

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
for part, colour in [("train", "tab:blue"), ("test", "tab:orange")]:
    left.plot(history[part], color=colour, linewidth=2, label=part)
left.set(title="Autoencoder: loss", xlabel="epoch", ylabel="mean squared error")
left.grid(alpha=0.3)
left.legend()
points = right.scatter(codes[:, 0], codes[:, 1], c=digits, cmap="tab10", s=6, vmin=-0.5, vmax=9.5)
right.set(title="Each image as its two numbers", xlabel="first", ylabel="second")
figure.colorbar(points, ax=right, ticks=range(10), label="digit")

figure, places = plt.subplots(2, 10, figsize=(8, 2.1), layout="constrained")
for column in range(10):
    places[0, column].imshow(test[column].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
    places[1, column].imshow(restored[column].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
for axes in places.flat:
    axes.axis("off")
figure.suptitle("Test images, and what is left of them after two numbers")
plt.show()
