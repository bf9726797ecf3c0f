"""A physics-informed net: it is given no points of a curve but its equation, u'' + 2 d u' + w^2 u = 0, to satisfy."""

import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(2)

# 1. The problem: a damped spring, let go at 1.  Its solution is known, and only used to compare.

damping, frequency = 0.5, 4.0
own_frequency = (frequency**2 - damping**2) ** 0.5


def solution(t):
    """What theory says."""
    swing = torch.cos(own_frequency * t) + damping / own_frequency * torch.sin(own_frequency * t)
    return torch.exp(-damping * t) * swing


t = torch.linspace(0, 2, 64).reshape(-1, 1).requires_grad_()

# 2. The model: u(t) as a network, which can be differentiated by t as well as by its weights.

model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
print(model)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=1000)


def derivative(of, by):
    """d of / d by, at each point; it can be differentiated again."""
    return torch.autograd.grad(of.sum(), by, create_graph=True)[0]


# 3. The training loop: how far the equation is from 0 (in squares it is large, so it counts a hundredth), and how far
# the start from u = 1, u' = 0.

history, snapshots = {"equation": [], "start": []}, {}
for step in range(1000):
    u = model(t)
    velocity = derivative(u, t)
    acceleration = derivative(velocity, t)
    rest = acceleration + 2 * damping * velocity + frequency**2 * u
    equation = (rest**2).mean()
    start = (u[0, 0] - 1) ** 2 + velocity[0, 0] ** 2
    loss = equation / 100 + start

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    history["equation"].append(equation.item())
    history["start"].append(start.item())
    if step in (150, 400):
        snapshots[step] = u.detach()
    if step % 250 == 0 or step == 999:
        print(f"Step {step:4d} | equation {equation.item():.6f} | start {start.item():.2e}")

with torch.no_grad():
    snapshots[1000] = model(t)
    error = (snapshots[1000] - solution(t)).abs().max().item()
print(f"The largest error: {error:.3f}")

# 4. The plots.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for (name, values), colour in zip(history.items(), ["tab:blue", "tab:orange"]):
    left.plot(values, color=colour, linewidth=1, label=name)
left.set(title="What the loss is made of", xlabel="step", yscale="log")
left.grid(alpha=0.3)
left.legend()
times = t.detach().flatten()
right.plot(times, solution(times), color="black", linewidth=4, alpha=0.25, label="theory")
for (step, values), colour in zip(snapshots.items(), ["tab:green", "tab:orange", "tab:blue"]):
    right.plot(times, values.flatten(), color=colour, linewidth=1.5, label=f"after {step} steps")
right.set(title="A damped spring", xlabel="t", ylabel="u")
right.grid(alpha=0.3)
right.legend()
plt.show()
