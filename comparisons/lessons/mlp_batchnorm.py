"""Words by an MLP that sees three letters, with batch normalization written by hand, and what its layers carry."""

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

# 1. The data: names of towns that there are not.  Three letters are the input, the next one is the target.

TEXT = """
alderby aldermoor amberton ashcombe ashenfield ashwick barrowby barrowmere beckford beckworth birchley birchmoor
bramblewick bramford brindlemere brookhaven brookley burnham burrowdale calderwick carrowmere cedarholm claybourne
cloverdale coldbrook copperfield cranbury cresswick crowmarsh dalebury damsonby deepwell dunmore dunwick eastbourne
eastmarsh elderford elmsworth elmwick emberley fairholm fallowfield farrowby fenwick fernbrook foxbury foxholm
garstone glenmoor goldbourne goosewick greenhaven gullford halewick harrowgate hartley hawthorne hazelby hazelmere
heatherwick highmoor hollowbrook honeybourne ivybridge juniperby kestrelholm kingsmere kirkby lambourne larchford
larkhaven leafwick lindenby littlemoor longbury maplewick marbury marshfield meadowby merrowdale millbrook mistley
moorhaven mossbury nettleford newbourne northwick oakbury oakenholm oatfield orchardley otterbourne owlmere peatmoor
pebblewick pinehaven poplarby quarryford quillmere ravenholm redbrook reedham ridgewick roseley rowanby rushford
saltmarsh sandbourne sedgefield silverdale sloeford sorrelby southmere sparrowick stonebury stonehaven summerley
swallowdale swanmere tarnwick thistleby thornbury thornfield timberley underwick violetdale wetherby wheatley
whitebourne whitmoor wildbrook willowby willowmere windham winterbourne woodhaven wrenford yarrowby yewdale
"""
WORDS = TEXT.split()
LETTERS = "." + "".join(sorted(set("".join(WORDS))))
CONTEXT = 3


def dataset(words):
    """Inputs (pairs, CONTEXT) and targets (pairs,), as places in LETTERS."""
    inputs, targets = [], []
    for word in words:
        context = [0] * CONTEXT
        for letter in word + ".":
            inputs.append(context)
            targets.append(LETTERS.index(letter))
            context = [*context[1:], targets[-1]]
    return torch.tensor(inputs), torch.tensor(targets)


generator = torch.Generator().manual_seed(42)
shuffled = [WORDS[i] for i in torch.randperm(len(WORDS), generator=generator)]
X_train, y_train = dataset(shuffled[:-24])
X_test, y_test = dataset(shuffled[-24:])
print(f"{len(X_train)} letters to train, {len(X_test)} to test")

# 2. The parts, as small classes: a layer, batch normalization, tanh.


class Linear:
    """x @ weight; the bias of a batch normalization comes after it.  The spread of x is kept by 1 / sqrt(inputs)."""

    def __init__(self, inputs, outputs, gain):
        self.weight = torch.randn(inputs, outputs, generator=generator) * (gain / inputs**0.5)

    def __call__(self, x):
        """x: (pairs, inputs) -> (pairs, outputs)."""
        return x @ self.weight

    def parameters(self):
        """What is learned."""
        return [self.weight]


class BatchNorm:
    """Each number less its mean in the batch, divided by its spread there; then a scale and a shift, both learned."""

    def __init__(self, width, momentum=0.1):
        self.scale, self.shift = torch.ones(width), torch.zeros(width)
        self.running_mean, self.running_var = torch.zeros(width), torch.ones(width)
        self.momentum = momentum
        self.training = True

    def __call__(self, x):
        """x: (pairs, width) -> the same shape."""
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean, var = x.mean(0), x.var(0)
            with torch.no_grad():
                self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
                self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var
        return self.scale * (x - mean) / (var + 1e-5).sqrt() + self.shift

    def parameters(self):
        """What is learned."""
        return [self.scale, self.shift]


class Tanh:
    """The activation; it keeps what it gave, to be looked at."""

    def __call__(self, x):
        """tanh(x)."""
        self.output = x.tanh()
        return self.output

    def parameters(self):
        """Nothing is learned."""
        return []


# 3. The model: an embedding of each letter, two hidden layers, and logits that start small.

WIDTH, HIDDEN = 8, 64
embedding = torch.randn(len(LETTERS), WIDTH, generator=generator)
layers = [
    *(Linear(CONTEXT * WIDTH, HIDDEN, 5 / 3), BatchNorm(HIDDEN), Tanh()),
    *(Linear(HIDDEN, HIDDEN, 5 / 3), BatchNorm(HIDDEN), Tanh()),
    *(Linear(HIDDEN, len(LETTERS), 1.0), BatchNorm(len(LETTERS))),
]
with torch.no_grad():
    layers[-1].scale *= 0.1
parameters = [embedding, *(p for layer in layers for p in layer.parameters())]
for p in parameters:
    p.requires_grad_()
print(f"{sum(p.nelement() for p in parameters)} parameters")


def logits_of(X):
    """The model's output: (pairs, letters)."""
    x = embedding[X].view(len(X), -1)
    for layer in layers:
        x = layer(x)
    return x


def evaluate():
    """From now on the running statistics are used, not those of a batch."""
    for layer in layers:
        layer.training = False


# 4. The training loop, with its update by hand.

steps, history, updates = 400, [], []
for step in range(steps):
    batch = torch.randint(len(X_train), (64,), generator=generator)
    loss = F.cross_entropy(logits_of(X_train[batch]), y_train[batch])
    for p in parameters:
        p.grad = None
    loss.backward()
    rate = 0.3 if step < 300 else 0.03
    with torch.no_grad():
        for p in parameters:
            p -= rate * p.grad
        updates.append([(rate * p.grad.std() / p.std()).log10().item() for p in parameters if p.ndim == 2])
    history.append(loss.item())
    if step % 50 == 0 or step == steps - 1:
        print(f"Step {step:3d} | loss {history[-1]:.4f}")

evaluate()
with torch.no_grad():
    for name, X, y in [("train", X_train, y_train), ("test", X_test, y_test)]:
        print(f"Loss in evaluation, {name}: {F.cross_entropy(logits_of(X), y):.4f}")


@torch.no_grad()
def made_up():
    """A word: each letter is drawn by what the model says of the three before it."""
    word, context = "", [0] * CONTEXT
    while True:
        probabilities = F.softmax(logits_of(torch.tensor([context]))[0], dim=0)
        letter = torch.multinomial(probabilities, 1, generator=generator).item()
        if letter == 0:
            return word
        word += LETTERS[letter]
        context = [*context[1:], letter]


tanhs = [layer for layer in layers if isinstance(layer, Tanh)]
outputs = [layer.output.detach() for layer in tanhs]
print("New towns:", ", ".join(made_up() for _ in range(8)))

# 5. The plots: the curve, what the activations give, and how large the steps of each matrix are beside it.

figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
axes[0].plot(history, color="tab:blue", linewidth=1)
axes[0].set(title="Words by an MLP: training", xlabel="step", ylabel="cross-entropy of a letter", ylim=(0, None))
for number, output in enumerate(outputs, start=1):
    saturated = (output.abs() > 0.97).float().mean()
    axes[1].hist(output.flatten().tolist(), bins=50, histtype="step", label=f"tanh {number}: {saturated:.0%} saturated")
axes[1].set(title="What the activations give", xlabel="output", ylabel="how often")
axes[1].legend()
axes[2].plot(updates, linewidth=1, label=["embedding", "layer 1", "layer 2", "logits"])
axes[2].axhline(-3, color="tab:gray", linestyle=":")
axes[2].set(title="Size of a step beside the weights", xlabel="step", ylabel="logarithm to base 10")
axes[2].legend()
for place in axes:
    place.grid(alpha=0.3)
plt.show()
