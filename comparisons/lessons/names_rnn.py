"""Names by a character RNN: it reads a name letter by letter, learns which comes next, and makes up new ones."""

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(7)

# 1. The data: names as indices of letters; "." stands before and after each.

TEXT = """
ada adam adele agnes aida albert alda alice alma amelia amina ana andrea anika anna anton ariana arno astrid aurelia
barbara beata benedict bernard berta bianca boris bruno camilla carla carlo carmen caroline cecilia celine clara
claudia clemens cora cornelia dalia daniel daniela daria david delia denis diana dina dora dorothea edgar edith
eleanor elena elias elisa eliza ella elmar elsa emil emilia emma enrico erika ernesto esther eva fabian fatima felix
ferdinand fiona flora florian franka frida gabriel gerda gianna gloria greta gregor hanna hannah harald helena helmut
henri henrik hilda hugo ida ilona ilse ina ingrid irena iris irma isabel isolde ivan jana jasmin joanna johan jonas
josef josefina judith julia julian juliana karen karin karla katarina klara konrad lara laura lea lena leon leonard
leonora lidia lilian lina linda linus lisa livia lorena lorenz louisa lucia ludwig luna lydia magda magnus maja
malina mara marcel marco maria marian marina mario marta martin matilda maura maxim melina mila mina mira miriam moira
mona monika nadia nadine naomi natalia nela nicola nina noah nora norbert olga oliver olivia oskar otto paula paulina
penelope petra philip pia ramona raul rebecca regina renata rita robert roland romana rosa rosalind rudolf ruth sabina
salma samuel sandra sara selma serena silvia simon sofia sonia stella susanna tamara tania tara teresa theo thea tilda
tobias toni ursula valentin valeria vera victor victoria viola vivian walter wanda werner wilma xenia yara yvonne zoe
"""
NAMES = TEXT.split()
LETTERS = "." + "".join(sorted(set("".join(NAMES))))
PADDING = -1


def indices(name):
    """The places of a name's letters in LETTERS."""
    return torch.tensor([LETTERS.index(letter) for letter in f".{name}."])


def batch(names):
    """Names of many lengths as one tensor: the letters, those that follow, and the lengths."""
    names = sorted((indices(name) for name in names), key=len, reverse=True)
    letters = pad_sequence([name[:-1] for name in names], batch_first=True)
    following = pad_sequence([name[1:] for name in names], batch_first=True, padding_value=PADDING)
    return letters, following, torch.tensor([len(name) - 1 for name in names])


loader = DataLoader(NAMES, batch_size=32, shuffle=True, collate_fn=batch)
print(f"{len(NAMES)} names of {len(LETTERS) - 1} letters")

# 2. The model: an embedding of each letter, a recurrent layer, logits of the next letter.


class Speller(nn.Module):
    """For each letter of a name the logits of the next one."""

    def __init__(self, letters, width=16, hidden=64):
        super().__init__()
        self.embedding = nn.Embedding(letters, width)
        self.rnn = nn.GRU(width, hidden, batch_first=True)
        self.logits = nn.Linear(hidden, letters)

    def forward(self, letters, lengths=None, state=None):
        """letters: (names, longest) -> logits (names, longest, letters), and the state after the last of each."""
        x = self.embedding(letters)
        if lengths is None:
            x, state = self.rnn(x, state)
        else:  # no time is spent on the padding
            packed, state = self.rnn(pack_padded_sequence(x, lengths, batch_first=True), state)
            x, _ = pad_packed_sequence(packed, batch_first=True)
        return self.logits(x), state


model = Speller(len(LETTERS))
print(model)
loss_function = nn.CrossEntropyLoss(ignore_index=PADDING)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.005)

# 3. The training loop.  A speller that knows nothing has a loss of the logarithm of the number of letters.

history = []
for epoch in range(30):
    total = 0.0
    for letters, following, lengths in loader:
        logits, _ = model(letters, lengths)
        loss = loss_function(logits.flatten(0, 1), following.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    history.append(total / len(loader))
    if epoch % 5 == 0 or epoch == 29:
        print(f"Epoch {epoch:2d} | loss {history[-1]:.4f}")

# 4. New names: each letter is drawn by its probability and becomes the next input.


@torch.no_grad()
def made_up(temperature):
    """A name of at most 12 letters."""
    name, state = ".", None
    while len(name) < 13:
        logits, state = model(torch.tensor([[LETTERS.index(name[-1])]]), state=state)
        probabilities = torch.softmax(logits[0, -1] / temperature, dim=0)
        letter = LETTERS[torch.multinomial(probabilities, 1).item()]
        if letter == ".":
            break
        name += letter
    return name[1:]


model.eval()
for temperature in (0.5, 0.8, 1.2):
    print(f"Temperature {temperature}: " + ", ".join(made_up(temperature) for _ in range(8)))

# 5. The plots: the curve, and which letter follows which.

with torch.no_grad():
    logits, _ = model(torch.arange(len(LETTERS)).reshape(-1, 1))
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained", width_ratios=[1, 1.1])
left.plot(history, color="tab:blue", linewidth=2, label="loss")
left.axhline(torch.log(torch.tensor(float(len(LETTERS)))), color="tab:gray", linestyle=":", label="knowing nothing")
left.set(title="Names by an RNN: training", xlabel="epoch", ylabel="cross-entropy of a letter", ylim=(0, None))
left.grid(alpha=0.3)
left.legend()
shown = right.imshow(torch.softmax(logits[:, 0], dim=1), cmap="Blues")
right.set(title="Probability of the next letter", xlabel="next", ylabel="first")
right.set_xticks(range(len(LETTERS)), LETTERS, fontsize=7)
right.set_yticks(range(len(LETTERS)), LETTERS, fontsize=7)
figure.colorbar(shown, ax=right, shrink=0.8)
plt.show()
