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
}
"""For each exercise: what is changed in the right answer, into what, and a part of the hint that is then given."""
