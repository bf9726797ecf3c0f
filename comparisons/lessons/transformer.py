"""A small transformer on characters: each looks back at those before it, and tells which comes next."""

import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(4)

# 1. The data: a tale that grows by a line, as numbers of its characters.

TEXT = """
This is the lamp that stood in the hall.
This is the moth, so grey and small, that flew to the lamp that stood in the hall.
This is the cat by the garden wall, that saw the moth, so grey and small, that flew to the lamp that stood in the hall.
This is the dog with the rubber ball, that woke the cat by the garden wall, that saw the moth, so grey and small, \
that flew to the lamp that stood in the hall.
This is the boy who is not very tall, who called the dog with the rubber ball, that woke the cat by the garden wall, \
that saw the moth, so grey and small, that flew to the lamp that stood in the hall.
This is the night when the stars will fall, that kept up the boy who is not very tall, who called the dog with the \
rubber ball, that woke the cat by the garden wall, that saw the moth, so grey and small, that flew to the lamp that \
stood in the hall.
""".lstrip()
CHARACTERS = sorted(set(TEXT))
CONTEXT = 48  # so many characters the model looks back at


def numbered(text):
    """The places of a text's characters in CHARACTERS."""
    return torch.tensor([CHARACTERS.index(character) for character in text])


tale = numbered(TEXT)
print(f"{len(TEXT)} characters, {len(CHARACTERS)} different ones")


def batch(size):
    """Pieces of the tale from places drawn at random, and the same pieces one character later."""
    starts = torch.randint(len(tale) - CONTEXT, (size, 1))
    places = starts + torch.arange(CONTEXT)
    return tale[places], tale[places + 1]


# 2. The model.  Attention: a character's query is compared with the keys of all before it, and gets their values.


class Attention(nn.Module):
    """Causal self-attention by several heads."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)  # softmax would not notice the keys' bias
        self.output = nn.Linear(width, width)
        self.register_buffer("before", torch.tril(torch.ones(CONTEXT, CONTEXT)) == 1)
        self.weights = None

    def forward(self, x):
        """x: (pieces, characters, width) -> the same shape."""
        pieces, length, width = x.shape
        split = self.query_key_value(x).view(pieces, length, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)  # each (pieces, heads, characters, width of a head)
        scores = q @ k.transpose(-2, -1) / math.sqrt(width // self.heads)
        scores = scores.masked_fill(~self.before[:length, :length], float("-inf"))
        weights = F.softmax(scores, dim=-1)
        self.weights = weights.detach()
        return self.output((weights @ v).transpose(1, 2).reshape(pieces, length, width))


class Block(nn.Module):
    """Attention between the characters, then a small network for each; both add to what is there."""

    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.network = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        """x: (pieces, characters, width) -> the same shape."""
        x = x + self.attention(self.norm1(x))
        return x + self.network(self.norm2(x))


class Transformer(nn.Module):
    """For each character of a piece the logits of the next one."""

    def __init__(self, characters, width=48, heads=4, blocks=2):
        super().__init__()
        self.character = nn.Embedding(characters, width)
        self.place = nn.Embedding(CONTEXT, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(blocks)))
        self.norm = nn.LayerNorm(width)
        self.logits = nn.Linear(width, characters)

    def forward(self, numbers):
        """numbers: (pieces, characters) -> logits (pieces, characters, different characters)."""
        x = self.character(numbers) + self.place(torch.arange(numbers.shape[1]))
        return self.logits(self.norm(self.blocks(x)))


model = Transformer(len(CHARACTERS))
print(f"{sum(p.numel() for p in model.parameters())} parameters")

# 3. The training loop.  Weights of layers decay, biases, normalizations and embeddings do not.

decaying = [m.weight for m in model.modules() if isinstance(m, nn.Linear)]
others = [p for p in model.parameters() if not any(p is weight for weight in decaying)]
groups = [{"params": decaying, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=0.006, betas=(0.9, 0.95))
steps = 300
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)

history = []
for step in range(steps):
    inputs, targets = batch(16)
    loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    history.append(loss.item())
    if step % 50 == 0 or step == steps - 1:
        print(f"Step {step:3d} | loss {history[-1]:.4f}")

# 4. A sample: each character is drawn among the 5 likeliest, and joins those that the model looks at.


@torch.no_grad()
def continued(start, length, temperature):
    """A text with so many more characters; at a low temperature likely ones become likelier still."""
    numbers = numbered(start)
    for _ in range(length):
        logits = model(numbers[None, -CONTEXT:])[0, -1]
        likeliest, places = torch.topk(logits, 5)
        drawn = torch.multinomial(F.softmax(likeliest / temperature, dim=0), 1)
        numbers = torch.cat([numbers, places[drawn]])
    return "".join(CHARACTERS[number] for number in numbers.tolist())


for temperature in (0.3, 1.0):
    print(f"Temperature {temperature}: {continued('This is the ', 120, temperature)!r}")

# 5. The plots: the curves, and where the characters of a piece look.

piece = "the cat by the garden wall, that saw the moth"
with torch.no_grad():
    model(numbered(piece)[None])
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained", width_ratios=[1, 1.1])
left.plot(history, color="tab:blue", linewidth=1, label="loss")
left.axhline(math.log(len(CHARACTERS)), color="tab:gray", linestyle=":", label="knowing nothing")
left.set(title="A transformer on characters", xlabel="step", ylabel="cross-entropy of a character", ylim=(0, None))
left.grid(alpha=0.3)
left.legend()
shown = right.imshow(model.blocks[-1].attention.weights[0].mean(0), cmap="Blues")
right.set(title="Attention of the last block, mean of its heads", xlabel="looked at", ylabel="character")
right.set_xticks(range(len(piece)), piece, fontsize=7)
right.set_yticks(range(len(piece)), piece, fontsize=7)
figure.colorbar(shown, ax=right, shrink=0.8)
plt.show()
