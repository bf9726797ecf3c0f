"""REINFORCE: a walker on a grid finds the way to a goal around a wall, from rewards alone."""

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(3)

# 1. The world: 5 by 5 places, a wall, a goal.  A step costs 0.05, the goal is worth 1, a walk ends after 40 steps.

SIZE, STEPS, WALKERS = 5, 40, 32
MOVES = torch.tensor([[-1, 0], [1, 0], [0, -1], [0, 1]])  # up, down, left, right
GOAL = torch.tensor([0, 4])
WALL = torch.zeros(SIZE, SIZE, dtype=torch.bool)
WALL[0:3, 2] = True


def after(places, actions):
    """Where walkers are after their moves: the wall and the border stop them."""
    wanted = (places + MOVES[actions]).clamp(0, SIZE - 1)
    blocked = WALL[wanted[:, 0], wanted[:, 1]]
    return torch.where(blocked.unsqueeze(1), places, wanted)


# 2. The policy: the logits of the four moves at each place.

policy = nn.Sequential(nn.Linear(SIZE * SIZE, 32), nn.Tanh(), nn.Linear(32, 4))
optimizer = torch.optim.Adam(policy.parameters(), lr=0.02)
print(policy)


def seen(places):
    """What the policy is given of places: which of all it is."""
    return F.one_hot(places[:, 0] * SIZE + places[:, 1], SIZE * SIZE).float()


def walked():
    """Walks by the policy: the logarithms of the moves' probabilities, the rewards, whether a walk still went on."""
    places = torch.zeros(WALKERS, 2, dtype=torch.long)
    going = torch.ones(WALKERS)
    log_probabilities, rewards, on = [], [], []
    for _ in range(STEPS):
        moves = Categorical(logits=policy(seen(places)))
        actions = moves.sample()
        places = after(places, actions)
        there = (places == GOAL).all(dim=1).float()
        log_probabilities.append(moves.log_prob(actions))
        rewards.append(going * (there - 0.05))
        on.append(going)
        going = going * (1 - there)
    return torch.stack(log_probabilities), torch.stack(rewards), torch.stack(on)


# 3. The training loop: moves that were followed by more reward than usual become more probable.

history = {"reward": [], "arrived": []}
for update in range(120):
    log_probabilities, rewards, on = walked()
    to_come = rewards.flip(0).cumsum(0).flip(0)  # what each move was followed by
    usual = (to_come * on).sum(1, keepdim=True) / on.sum(1, keepdim=True).clamp(min=1)
    loss = -(log_probabilities * (to_come - usual) * on).sum() / WALKERS

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    history["reward"].append(rewards.sum(0).mean().item())
    history["arrived"].append((rewards.max(0).values > 0).float().mean().item())
    if update % 20 == 0 or update == 119:
        print(f"Update {update:3d} | reward {history['reward'][-1]:6.3f} | arrived {history['arrived'][-1]:.2f}")

# 4. The plots: the curves, and the most probable move of each place.

with torch.no_grad():
    everywhere = torch.cartesian_prod(torch.arange(SIZE), torch.arange(SIZE))
    probabilities = torch.softmax(policy(seen(everywhere)), dim=1)
best = probabilities.argmax(1)
print(
    "The best moves, row by row:", " ".join("".join("^v<>"[move] for move in row) for row in best.reshape(SIZE, SIZE))
)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", width_ratios=[1.4, 1])
for (name, values), colour in zip(history.items(), ["tab:blue", "tab:orange"]):
    left.plot(values, color=colour, linewidth=1.5, label=name)
left.set(title="REINFORCE: mean of 32 walks", xlabel="update")
left.grid(alpha=0.3)
left.legend()
right.imshow(WALL, cmap="gray_r", vmin=0, vmax=2)
right.plot(0, 0, "o", color="tab:blue", markersize=12)
right.plot(GOAL[1], GOAL[0], "*", color="tab:orange", markersize=18)
for place, move, share in zip(everywhere, best, probabilities.max(1).values):
    if not WALL[place[0], place[1]] and not (place == GOAL).all():
        down, across = (MOVES[move] * 0.3 * share).tolist()
        right.arrow(place[1], place[0], across, down, width=0.03, head_width=0.15, color="tab:green")
right.set(title="The best move of each place", xticks=[], yticks=[])
plt.show()
