"""Words by bigrams: which letter follows which, once counted, and once learned as the weights of one layer."""

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

# 1. The data: names of towns that there are not; "." stands before and after each.

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

pairs = [(LETTERS.index(a), LETTERS.index(b)) for word in WORDS for a, b in zip(f".{word}", f"{word}.")]
first, second = torch.tensor(pairs).T
print(f"{len(WORDS)} words, {len(LETTERS) - 1} letters, {len(pairs)} pairs")

# 2. Counting: row a, column b of the table is how often b follows a.  One more of each, lest any be impossible.

counts = torch.zeros(len(LETTERS), len(LETTERS))
for a, b in pairs:
    counts[a, b] += 1
probabilities = (counts + 1) / (counts + 1).sum(1, keepdim=True)
counted = -probabilities[first, second].log().mean()
print(f"Loss by counting: {counted:.4f}")


def made_up(probabilities, generator):
    """A word: each letter is drawn by the row of the one before it."""
    word, letter = "", 0
    while True:
        letter = torch.multinomial(probabilities[letter], 1, generator=generator).item()
        if letter == 0:
            return word
        word += LETTERS[letter]


generator = torch.Generator().manual_seed(1)
print("By counting:", ", ".join(made_up(probabilities, generator) for _ in range(8)))

# 3. Learning: a letter as a row with a single 1, times weights, is a row of logits.  Gradient descent by hand.

generator = torch.Generator().manual_seed(2)
weights = torch.randn(len(LETTERS), len(LETTERS), generator=generator, requires_grad=True)
letters = F.one_hot(first, len(LETTERS)).float()
history = []
for step in range(200):
    powers = (letters @ weights).exp()
    softmax = powers / powers.sum(1, keepdim=True)
    loss = -softmax[torch.arange(len(second)), second].log().mean() + 0.002 * (weights**2).mean()
    weights.grad = None
    loss.backward()
    with torch.no_grad():
        weights -= 20 * weights.grad
    history.append(loss.item())
    if step % 40 == 0 or step == 199:
        print(f"Step {step:3d} | loss {history[-1]:.4f}")

# 4. Both find the same table: that of the learned weights is the softmax of each row.

learned = F.softmax(weights.detach(), dim=1)
print("By learning:", ", ".join(made_up(learned, generator) for _ in range(8)))
print(
    f"Largest difference of the two tables where a letter comes 50 times: "
    f"{(learned - probabilities)[counts.sum(1) >= 50].abs().max():.2f}"
)

# 5. The plots: the curve beside the counted loss, and the two tables.

figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
axes[0].plot(history, color="tab:blue", linewidth=2, label="learned")
axes[0].axhline(counted.item(), color="tab:gray", linestyle=":", label="counted")
axes[0].set(title="Bigrams: training", xlabel="step", ylabel="cross-entropy of a letter", ylim=(0, None))
axes[0].grid(alpha=0.3)
axes[0].legend()
for place, table, title in [(axes[1], probabilities, "counted"), (axes[2], learned, "learned")]:
    place.imshow(table, cmap="Blues", vmin=0, vmax=0.6)
    place.set(title=f"Probability of the next letter, {title}", xlabel="next", ylabel="first")
    place.set_xticks(range(len(LETTERS)), LETTERS, fontsize=7)
    place.set_yticks(range(len(LETTERS)), LETTERS, fontsize=7)
plt.show()
