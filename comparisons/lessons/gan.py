"""A small GAN: one network draws digits out of noise, another tells them from real ones, and each learns by it."""

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision.utils import make_grid

torch.manual_seed(11)

# 1. The data: the 8 by 8 images of 0, 1 and 4, between -1 and 1 as the generator's tanh gives them.

pixels, digits = load_digits(return_X_y=True)
pixels = pixels[(digits == 0) | (digits == 1) | (digits == 4)]
images = (torch.tensor(pixels, dtype=torch.float32) / 8 - 1).reshape(-1, 1, 8, 8)
loader = DataLoader(TensorDataset(images), batch_size=64, shuffle=True, drop_last=True)
print(f"{len(images)} images")

# 2. The two networks: 16 numbers -> 2 by 2 -> 4 by 4 -> 8 by 8 pixels, and back to one logit: real or not.

generator = nn.Sequential(
    nn.ConvTranspose2d(16, 32, 2, bias=False),
    nn.BatchNorm2d(32),
    nn.ReLU(),
    nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1, bias=False),
    nn.BatchNorm2d(16),
    nn.ReLU(),
    nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
    nn.Tanh(),
)
discriminator = nn.Sequential(
    nn.Conv2d(1, 16, 4, stride=2, padding=1),
    nn.LeakyReLU(0.2),
    nn.Conv2d(16, 32, 4, stride=2, padding=1),
    nn.LeakyReLU(0.2),
    nn.Flatten(),
    nn.Dropout(0.3),
    nn.Linear(128, 1),
)
print(generator, discriminator, sep="\n")


def start(layer):
    """Weights of a narrow normal, as is usual for GANs."""
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(layer.weight, 0.0, 0.05)


generator.apply(start)
discriminator.apply(start)
loss_function = nn.BCEWithLogitsLoss()
for_generator = torch.optim.Adam(generator.parameters(), lr=0.002, betas=(0.5, 0.999))
for_discriminator = torch.optim.Adam(discriminator.parameters(), lr=0.001, betas=(0.5, 0.999))

# 3. The training loop: first the discriminator learns, then the generator, of the same drawn images.

always = torch.randn(40, 16, 1, 1)
real_target, drawn_target = torch.ones(64, 1), torch.zeros(64, 1)
history, snapshots = {"discriminator": [], "generator": []}, []
for epoch in range(60):
    totals = torch.zeros(2)
    for (real,) in loader:
        drawn = generator(torch.randn(64, 16, 1, 1))

        loss_d = loss_function(discriminator(real), real_target)
        loss_d = (loss_d + loss_function(discriminator(drawn.detach()), drawn_target)) / 2
        for_discriminator.zero_grad()
        loss_d.backward()
        for_discriminator.step()

        loss_g = loss_function(discriminator(drawn), real_target)  # it wants to be taken for real
        for_generator.zero_grad()
        loss_g.backward()
        for_generator.step()
        totals += torch.tensor([loss_d.item(), loss_g.item()])
    for name, value in zip(history, totals / len(loader)):
        history[name].append(value.item())
    if epoch % 10 == 0 or epoch == 59:
        print(f"Epoch {epoch:2d} | " + " | ".join(f"{name} {values[-1]:.4f}" for name, values in history.items()))
    if epoch in (0, 5, 59):
        generator.eval()
        with torch.no_grad():
            snapshots.append((epoch, make_grid(generator(always), nrow=8, padding=1, normalize=True, pad_value=0.5)))
        generator.train()

# 4. The plots: the curves, and what the same noise became.

plt.figure(figsize=(6, 4.2), layout="constrained")
for (name, values), colour in zip(history.items(), ["tab:blue", "tab:orange"]):
    plt.plot(values, color=colour, linewidth=2, label=name)
plt.title("GAN: the losses balance, they need not fall")
plt.xlabel("epoch")
plt.ylabel("binary cross-entropy")
plt.grid(alpha=0.3)
plt.legend()

figure, places = plt.subplots(1, 3, figsize=(10, 2.6), layout="constrained")
for axes, (epoch, grid) in zip(places, snapshots):
    axes.imshow(grid.permute(1, 2, 0))
    axes.set_title(f"after epoch {epoch}")
    axes.axis("off")
figure.suptitle("The same noise, drawn by the generator")
plt.show()
