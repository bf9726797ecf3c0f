"""A small DQN: what each move of a grid is worth, learned from remembered steps beside a network that lags behind."""

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(4)

# 1. The world: 4 by 4 places on ice.  The goal is worth 1, a hole -1, and both end a walk; a step costs 0.02.

SIZE = 4
MOVES = torch.tensor([[-1, 0], [1, 0], [0, -1], [0, 1]])  # up, down, left, right
GOAL, HOLES = 15, (5, 7, 11, 12)


def after(place, action):
    """The next place, the reward, and whether the walk is over."""
    row, column = (torch.tensor([place // SIZE, place % SIZE]) + MOVES[action]).clamp(0, SIZE - 1).tolist()
    there = row * SIZE + column
    return there, 1.0 if there == GOAL else -1.0 if there in HOLES else -0.02, there == GOAL or there in HOLES


# 2. Two networks of one form: one learns, one is its copy of a while ago and says what the next place is worth.


def network():
    """The place -> what each of its four moves is worth."""
    return nn.Sequential(nn.Linear(SIZE * SIZE, 64), nn.ReLU(), nn.Linear(64, 4))


online, target = network(), network()
target.load_state_dict(online.state_dict())
optimizer = torch.optim.Adam(online.parameters(), lr=0.003)
print(online)


def seen(places):
    """What the networks are given of places."""
    return F.one_hot(places, SIZE * SIZE).float()


# 3. The training loop: a step on the ice by chance or by the network, then a batch of remembered ones.

memory, history, rewards = [], [], []
place, discount = 0, 0.9
for step in range(2400):
    chance = max(0.1, 1 - step / 1600)
    with torch.no_grad():
        worth = online(seen(torch.tensor([place])))[0]
    action = torch.randint(4, ()).item() if torch.rand(()).item() < chance else worth.argmax().item()
    there, reward, over = after(place, action)
    memory.append((place, action, reward, there, float(over)))
    place = 0 if over else there
    if over:
        rewards.append(reward)
    if len(memory) < 64:
        continue

    chosen = [memory[index] for index in torch.randint(len(memory), (64,)).tolist()]
    places, actions, gained, next_places, ended = (torch.tensor(column) for column in zip(*chosen))
    said = online(seen(places)).gather(1, actions.unsqueeze(1)).squeeze(1)
    with torch.no_grad():
        to_come = target(seen(next_places)).max(dim=1).values
    loss = F.smooth_l1_loss(said, gained + discount * to_come * (1 - ended))

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history.append(loss.item())
    if step % 50 == 0:
        target.load_state_dict(online.state_dict())
    if step % 400 == 0:
        recent = rewards[-20:]
        print(f"Step {step:4d} | loss {loss.item():.2e} | reward of 20 walks {sum(recent) / len(recent):5.2f}")

# 4. What was learned: a walk by the best moves, and what they are worth.

with torch.no_grad():
    worth = online(seen(torch.arange(SIZE * SIZE)))
place, walk = 0, [0]
while place not in (GOAL, *HOLES) and len(walk) < 20:
    place, _, _ = after(place, worth[place].argmax().item())
    walk.append(place)
print("The best walk:", " ".join(map(str, walk)))

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", width_ratios=[1.4, 1])
left.plot(history, color="tab:blue", linewidth=0.7)
left.set(title="DQN: loss of a batch of remembered steps", xlabel="step", yscale="log")
left.grid(alpha=0.3)
values = worth.max(dim=1).values.reshape(SIZE, SIZE)
values[GOAL // SIZE, GOAL % SIZE] = 1
for hole in HOLES:
    values[hole // SIZE, hole % SIZE] = -1
shown = right.imshow(values, cmap="RdYlGn", vmin=-1, vmax=1)
right.plot([place % SIZE for place in walk], [place // SIZE for place in walk], "o-", color="black", linewidth=2)
right.set(title="What places are worth, and the best walk", xticks=[], yticks=[])
figure.colorbar(shown, ax=right, shrink=0.8)
plt.show()
