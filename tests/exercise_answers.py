"""Answers to the exercises of the lessons: a right one for each, and changes of it that are wrong, with their hints.

No page shows them: a learner finds them here last.
"""

RIGHT = {
    "linear_regression": """
def gradients(weight, bias, X, y):
    error = weight * X + bias - y
    return 2 * (error * X).mean(), 2 * error.mean()
""",
    "learning_rates": """
def largest_rate(X):
    return 1 / (X * X).mean()
""",
    "exercises": """
class EarlyStopping:
    def __init__(self, patience, improvement=0.0):
        self.patience, self.improvement = patience, improvement
        self.best, self.waited = float("inf"), 0

    def step(self, loss):
        if loss < self.best - self.improvement:
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        return self.waited >= self.patience
""",
    "circles": """
import torch

def loss_of_logits(logits, y):
    zeros = torch.zeros_like(logits)
    losses = torch.maximum(logits, zeros) - logits * y + torch.log1p(torch.exp(-logits.abs()))
    return losses.mean()
""",
    "blobs": """
import torch

def gradient(logits, y):
    p = torch.softmax(logits, dim=1)
    p[torch.arange(len(y)), y] -= 1
    return p / len(y)
""",
    "train_eval": """
import torch
from torch import nn

class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        mask = (torch.rand_like(x) >= self.p).float()
        return x * mask / (1 - self.p)
""",
    "mistakes": """
import torch
from torch import nn

def train(model, X, y, epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    model.train()
    for _ in range(epochs):
        loss = nn.functional.cross_entropy(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    return losses
""",
    "template": """
import torch

def save(path, model, optimizer, epoch):
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}
    torch.save(state, path)

def resume(path, model, optimizer):
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["epoch"]
""",
    "own_function": """
import torch

class Softsign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x / (1 + x.abs())

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output / (1 + x.abs()) ** 2
""",
    "physics": """
import torch

def second_derivative(f, x):
    (first,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
    return second
""",
    "autoencoder": """
import torch
from torch import nn

class Tied(nn.Module):
    def __init__(self, inputs, codes):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(codes, inputs) / inputs**0.5)
        self.bias = nn.Parameter(torch.zeros(codes))
        self.output_bias = nn.Parameter(torch.zeros(inputs))

    def forward(self, x):
        code = torch.tanh(x @ self.weight.T + self.bias)
        return code @ self.weight + self.output_bias
""",
    "sine_lstm": """
import torch

def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    gates = x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh
    i, f, g, o = gates.chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
""",
    "names_rnn": """
import torch

def loss_of_names(logits, following, lengths):
    is_letter = torch.arange(following.shape[1]) < lengths.unsqueeze(1)
    return torch.nn.functional.cross_entropy(logits[is_letter], following[is_letter])
""",
    "bigram": """
import torch

def pairs(words):
    return [pair for word in words for pair in zip("." + word, word + ".")]

def table(words, letters):
    counts = torch.ones(len(letters), len(letters))
    for a, b in pairs(words):
        counts[letters.index(a), letters.index(b)] += 1
    return counts / counts.sum(1, keepdim=True)

def loss(words, letters, probabilities):
    found = [probabilities[letters.index(a), letters.index(b)] for a, b in pairs(words)]
    return -torch.stack(found).log().mean()
""",
    "mlp_batchnorm": """
import torch

def gradient(g, x, eps=1e-5):
    spread = (x.var(0, unbiased=False) + eps).sqrt()
    out = (x - x.mean(0)) / spread
    return (g - g.mean(0) - out * (g * out).mean(0)) / spread
""",
    "transformer": """
import torch

def attention(q, k, v):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    length = q.shape[-2]
    before = torch.tril(torch.ones(length, length)) == 1
    scores = scores.masked_fill(~before, float("-inf"))
    return torch.softmax(scores, dim=-1) @ v
""",
    "vae": """
import torch

def drawn(mean, log_variance):
    return mean + torch.randn_like(mean) * (log_variance / 2).exp()

def divergence(mean, log_variance):
    return (mean**2 + log_variance.exp() - log_variance - 1).sum(1) / 2
""",
    "gan": """
import torch

def losses(generator, discriminator, real, noise):
    loss = torch.nn.BCEWithLogitsLoss()
    fake = generator(noise)
    on_real, on_fake = discriminator(real), discriminator(fake.detach())
    ones, zeros = torch.ones_like(on_real), torch.zeros_like(on_fake)
    return (loss(on_real, ones) + loss(on_fake, zeros)) / 2, loss(discriminator(fake), ones)
""",
    "reinforce": """
import torch

def to_come(rewards, discount):
    rows, after = [], 0
    for row in reversed(list(rewards)):
        after = row + discount * after
        rows.append(after)
    return torch.stack(rows[::-1])

def loss(log_probabilities, returns):
    return -(log_probabilities * (returns - returns.mean())).sum(0).mean()
""",
    "dqn": """
import torch

def turned_out(rewards, over, next_worth, discount):
    return rewards + discount * next_worth.detach().max(dim=1).values * (1 - over)

def said(worth, actions):
    return worth.gather(1, actions.unsqueeze(1)).squeeze(1)
""",
    "digits_cnn": """
import torch

def convolved(images, weight, padding):
    n, channels, height, width = images.shape
    padded = torch.zeros(n, channels, height + 2 * padding, width + 2 * padding)
    padded[:, :, padding : padding + height, padding : padding + width] = images
    rows, columns = weight.shape[2:]
    height, width = padded.shape[2] - rows + 1, padded.shape[3] - columns + 1
    out = 0
    for i in range(rows):
        for j in range(columns):
            part = padded[:, :, i : i + height, j : j + width]
            out = out + torch.einsum("nchw,oc->nohw", part, weight[:, :, i, j])
    return out
""",
    "mnist_sgd": """
import torch

class SGD:
    def __init__(self, params, lr, momentum=0.0):
        self.params, self.lr, self.momentum = list(params), lr, momentum
        self.memory = {}

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            b = p.grad.clone()
            if i in self.memory:
                b = self.momentum * self.memory[i] + b
            self.memory[i] = b
            p -= self.lr * b
""",
    "mnist_adam": """
import torch

class Adam:
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.params, self.lr, self.betas, self.eps = list(params), lr, betas, eps
        self.m = [torch.zeros_like(p) for p in self.params]
        self.v = [torch.zeros_like(p) for p in self.params]
        self.t = 0

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def step(self):
        self.t += 1
        b1, b2 = self.betas
        for p, m, v in zip(self.params, self.m, self.v):
            if p.grad is not None:
                m.copy_(b1 * m + (1 - b1) * p.grad)
                v.copy_(b2 * v + (1 - b2) * p.grad**2)
                p -= self.lr * (m / (1 - b1**self.t)) / ((v / (1 - b2**self.t)).sqrt() + self.eps)
""",
    "mnist_cnn": """
import torch

def pooled(images, size):
    n, channels, height, width = images.shape
    rows, columns = height // size, width // size
    images = images[:, :, : rows * size, : columns * size]
    squares = images.reshape(n, channels, rows, size, columns, size)
    return squares.amax(dim=(3, 5))
""",
}

WRONG = {
    "linear_regression": [
        ("2 * (error * X).mean()", "(error * X).mean()", "derivative of a square"),
        ("2 * error.mean()", "-2 * error.mean()", "wrong sign"),
        ("(error * X).mean()", "(error * X).sum()", "What does mean() do"),
        ("(error * X).mean()", "error.mean()", "Measure it"),
        ("2 * (error * X).mean(), 2 * error.mean()", "2 * (error * X).mean()", "two gradients"),
        ("gradients", "slopes", "There is no `gradients` in it"),
        ("error = weight", "error = wait", "Line 3, `error = wait"),
    ],
    "learning_rates": [
        ("1 / (X", "2 / (X", "multiplied"),
        ("1 / (X", "0.5 / (X", "come back"),
        ("1 / (X", "-1 / (X", "above 0"),
        ("(X * X)", "X.abs()", "points between"),
    ],
    "exercises": [
        ("self.best, self.waited = loss, 0", "self.best = loss", "what happens at 0.4"),
        (">= self.patience", "> self.patience", "Count those"),
        ("return self.waited >= self.patience", "return False", "never stops"),
        ("        return self.waited", "        self.best = loss\n        return self.waited", "on which loss"),
        ("self.best - self.improvement", "self.best", "has none after the first"),
        ("return self.waited >= self.patience", "return self.waited", "True or False"),
    ],
    "circles": [
        ("losses.mean()", "losses.sum()", "20 times too large"),
        ("losses.mean()", "-losses.mean()", "negative"),
        ("logits * y", "logits * (1 - y)", "where the model is wrong"),
        (
            "torch.maximum(logits, zeros) - logits * y + torch.log1p(torch.exp(-logits.abs()))",
            "torch.log1p(torch.exp(logits)) - logits * y",
            "large number",
        ),
        ("logits * y", "logits.detach() * y", "finite differences"),
        ("losses.mean()", "torch.nn.functional.binary_cross_entropy_with_logits(logits, y)", "to do without"),
    ],
    "blobs": [
        ("/ len(y)", "", "6 times too large"),
        ("return p", "return -p", "wrong sign"),
        ("-= 1", "-= 0", "grow by 1"),
        ("p = torch.softmax(logits, dim=1)", "p = logits.exp() / logits.exp().sum(1, keepdim=True)", "overflows"),
    ],
    "train_eval": [
        ("not self.training", "False", "In eval mode it changes"),
        (">= self.p", "< self.p", "that goes, or that stays"),
        (" / (1 - self.p)", "", "be multiplied by"),
        ("x * mask", "x.detach() * mask", "No gradient"),
        (
            "mask = (torch.rand_like(x)",
            "torch.manual_seed(0)\n        mask = (torch.rand_like(x)",
            "drawn at each call",
        ),
        ("/ (1 - self.p)", "/ (mask.mean() + 1e-9 if self.p else 0 * x)", "With p = 0"),
    ],
    "mistakes": [
        ("cross_entropy(model(X), y)", "cross_entropy(torch.softmax(model(X), dim=1), y)", "what it is given"),
        ("        optimizer.zero_grad()\n", "", "when the second backward() comes"),
        ("    model.train()\n", "", "in which mode"),
        ("    model.eval()\n", "", "left in train mode"),
        ("loss.item()", "loss", "floats"),
    ],
    "template": [
        ('    model.load_state_dict(state["model"])\n', "", "all that it knows"),
        ('    optimizer.load_state_dict(state["optimizer"])\n', "", "who knows it"),
        ("return state", "state", "resume returned None"),
        ("torch.save(state, path)", "torch.save(state, str(path) + 'x')", "no file at the path"),
        ("model.state_dict(), ", "dict(model.named_parameters()), ", "raises"),
    ],
    "own_function": [
        ("(1 + x.abs()) ** 2", "(1 + x) ** 2", "quotients"),
        ("return grad_output /", "return 1 /", "What comes from the ops after it"),
        ("x / (1 + x.abs())", "x / (1 + x)", "values are not"),
        ("(x,) = ctx.saved_tensors", "x = ctx.saved_tensors[0].detach()", "backward is differentiated too"),
    ],
    "physics": [
        ("f(x).sum(), x, create_graph=True)", "f(x).sum(), x)", "Which graph"),
        ("return second", "return first", "first derivative"),
        ("return second", "return -f(x)", "For 3 x ** 2 it is"),
        ("first.sum(), x, create_graph=True", "first.sum(), x", "has no graph"),
        ("    return second", "    f(x).sum().backward()\n    return second", "x.grad"),
        ("return second", "return second.sum()", "shape"),
    ],
    "autoencoder": [
        ("nn.Parameter(torch.randn(codes, inputs) / inputs**0.5)", "torch.randn(codes, inputs)", "there and back"),
        ("torch.randn(codes, inputs) / inputs**0.5", "torch.zeros(codes, inputs)", "cannot learn"),
        ("torch.tanh(", "torch.relu(", "of the formula"),
        ("code @ self.weight", "code @ self.weight.detach()", "both ways"),
    ],
    "sine_lstm": [
        ("i, f, g, o", "f, i, g, o", "which order"),
        ("torch.sigmoid(f) * c", "c", "half of c"),
        ("torch.tanh(g)", "g", "added to the old one"),
        ("* torch.tanh(c), c", "* c, c", "what becomes of it"),
        ("* torch.tanh(c), c", "* torch.tanh(c)", "two tensors"),
        ("+ bias_hh", "+ bias_hh.detach()", "No gradient reaches bias_hh"),
        ("gates = ", "cell = torch.nn.LSTMCell\n    gates = ", "to do without"),
    ],
    "names_rnn": [
        ("[is_letter]", "[torch.ones_like(is_letter)]", "How do you tell which places"),
        (
            "torch.nn.functional.cross_entropy(logits[is_letter], following[is_letter])",
            "torch.stack([torch.nn.functional.cross_entropy(a[:n], b[:n]) "
            "for a, b, n in zip(logits, following, lengths.tolist())]).mean()",
            "mean of the names' means",
        ),
        ("following[is_letter])", "following[is_letter], reduction='sum') / is_letter.numel()", "divided by 15"),
        ("logits[is_letter]", "logits[is_letter].detach() + 0 * logits.mean()", "gradients are not those"),
        ("return torch", "return 2 * torch", "and should be"),
    ],
    "bigram": [
        ("counts / counts.sum(1, keepdim=True)", "counts / counts.sum()", "rows sum to"),
        (
            "counts[letters.index(a), letters.index(b)]",
            "counts[letters.index(b), letters.index(a)]",
            "wrong way around",
        ),
        ("torch.ones(len", "torch.full((1,), 1e-9) + torch.zeros(len", "one more of each"),
        ('zip("." + word, word + ".")', "zip(word, word[1:])", "Write down all their pairs"),
        (".log().mean()", ".log().sum()", "It is the sum"),
        ("-torch.stack", "torch.stack", "It is negative"),
        ("found = [", "words = [w for w in words if w]\n    found = [", "not the mean over all their pairs"),
    ],
    "mlp_batchnorm": [
        ("(g - g.mean(0) - out * (g * out).mean(0)) / spread", "g / spread", "so what is the sum"),
        (" - out * (g * out).mean(0)", "", "no part along the output"),
        ("(g * out).mean(0)) / spread", "(g * out).mean(0)) / spread / 2", "By what is everything divided"),
        (
            "return (g",
            "x.requires_grad_()\n    ((x - x.mean(0)) / spread).backward(g)\n    return (g",
            "raises RuntimeError",
        ),
    ],
    "transformer": [
        ("scores.masked_fill(~before", "scores.masked_fill(~before & before", "Which scores should count"),
        ("return torch.softmax(scores, dim=-1)", "return torch.softmax(scores, dim=-2)", "over which dimension"),
        (" / q.shape[-1] ** 0.5", "", "divided by what"),
        (
            "torch.tril(torch.ones(length, length)) == 1",
            "torch.tril(torch.ones(length, length), -1) == 1",
            "row of -inf",
        ),
        ("length = q", "f = torch.nn.functional.scaled_dot_product_attention\n    length = q", "to do without"),
        ("return torch.softmax(scores, dim=-1)", "return torch.softmax(scores, dim=-1) / 2", "should be 1"),
    ],
    "vae": [
        ("(log_variance / 2).exp()\n", "log_variance.exp()\n", "a logarithm, and of the variance"),
        ("return mean + ", "return ", "With means of 1.5"),
        (
            "mean + torch.randn_like(mean) * (log_variance / 2)",
            "mean + torch.randn_like(mean) * (log_variance.detach() / 2)",
            "No gradient reaches the log-variance",
        ),
        ("log_variance - 1)", "log_variance)", "cloud itself"),
        ("return (mean**2", "return -(mean**2", "No divergence is below 0"),
        (".sum(1) / 2", ".mean(1) / 2", "mean over the codes"),
        ("mean**2 +", "mean**2 / 2 +", "three terms"),
    ],
    "gan": [
        ("fake.detach()", "fake", "learn to be found out"),
        (") / 2,", "),", "twice too large"),
        ("loss(discriminator(fake), ones)", "-loss(discriminator(fake), zeros)", "with a minus"),
        ("loss(discriminator(fake), ones)", "loss(discriminator(fake), zeros)", "where it is found out"),
        ("loss(on_real, ones) + loss(on_fake, zeros)", "loss(on_real, zeros) + loss(on_fake, ones)", "Which labels"),
        ("loss(discriminator(fake), ones)", "loss(discriminator(fake.detach()), ones)", "Where is it cut off"),
    ],
    "reinforce": [
        ("reversed(list(rewards))", "list(rewards)", "what comes from the first step on"),
        ("after = row + discount * after", "after = row + after", "in two steps"),
        ("return -(log", "return (log", "not below 0"),
        (" - returns.mean()", "", "compare with what is usual"),
        (".sum(0).mean()", ".mean()", "the mean over how many walks"),
    ],
    "dqn": [
        (".max(dim=1)", ".min(dim=1)", "With a discount of 0.5"),
        (" * (1 - over)", "", "The walk that is over"),
        (".detach()", "", "has a graph"),
        ("actions.unsqueeze(1)", "0 * actions.unsqueeze(1)", "Moves 2 and 0"),
        ("worth.gather", "worth.detach().gather", "No gradient passes"),
    ],
    "digits_cnn": [
        ("weight[:, :, i, j]", "weight[:, :, rows - 1 - i, columns - 1 - j]", "turned around"),
        ('"nchw,oc->nohw"', '"nchw,od->nohw"', "two it is not"),
        ("zeros(n, channels, height", "ones(n, channels, height", "zeros stand around"),
        ("out = out + ", "out = ", "For one channel without padding"),
        ("rows + 1", "rows", "should have shape"),
        (
            "padded[:, :, padding : padding + height, padding : padding + width] = images",
            "padded[:, :, padding : padding + height, padding : padding + width] = images.detach()",
            "No gradient reaches",
        ),
        ("    out = 0", "    f = torch.nn.functional.conv2d\n    out = 0", "to do without"),
    ],
    "mnist_sgd": [
        ("p -= self.lr * b", "p += self.lr * b", "not p - lr * gradient"),
        ("p -= self.lr * b", "p = p - self.lr * b", "are new tensors made"),
        ("p.grad = None", "pass", "After zero_grad there are"),
        ("self.memory[i] = b", "pass", "Who remembers b"),
        ("self.memory = {}", "self.memory = dict.fromkeys(range(5), 0.5)", "what is b before it"),
    ],
    "mnist_adam": [
        ("(m / (1 - b1**self.t))", "m", "what is left"),
        ("p -= self.lr", "p = p - self.lr", "new tensors"),
        ("self.t += 1", "self.t = 1", "by then"),
        (".sqrt() + self.eps)", " + self.eps).sqrt()", "eps = 1"),
    ],
    "mnist_cnn": [
        (".amax(dim=(3, 5))", ".mean(dim=(3, 5))", "Which numbers stand"),
        ("images[:, :, : rows * size, : columns * size]", "images", "raises"),
        ("images[:, :, : rows * size, : columns * size]", "images[:, :, -rows * size :, -columns * size :]", "5 by 7"),
        ("squares.amax(dim=(3, 5))", "squares.amax(dim=(3, 5)).detach()", "No gradient comes back"),
        ("squares = images", "f = torch.nn.MaxPool2d\n    squares = images", "to do without"),
        (
            "squares.amax(dim=(3, 5))",
            "squares.amax(dim=(3, 5)) + 0 * squares.sum() + squares.mean() - squares.mean().detach()",
            "not that of max_pool2d",
        ),
    ],
}
"""For each exercise: what is changed in the right answer, into what, and a part of the hint that is then given."""
