"""Slope: how much the loss moves when a weight moves a little.

Shows: a slope that is measured, the same slope computed by the chain rule, and what training does with it.
New: `slope`, and the chain rule as a product of three numbers.
Ends in: minigrad.autograd.gradcheck.numerical_jacobians, which measures so for each element of each input.

Prints:

    prediction 6, error 5, loss 25
    slope of the loss, measured: 20.0000
    slope of the loss, by the chain rule: 10 * 1 * 2 = 20
    step 0: w 3.0000, loss 25.0000, slope 20.0000
    step 1: w 2.0000, loss 9.0000, slope 12.0000
    step 2: w 1.4000, loss 3.2400, slope 7.2000
    step 3: w 1.0400, loss 1.1664, slope 4.3200
    slope of x ** 3 at 2, which is 12: from one side 12.6100, from both sides 12.0100
"""

# %% 1. A model of one weight, one point to learn from, and a loss.

x, y = 2.0, 1.0


def loss_of(w):
    """How wrong the prediction w * x is."""
    prediction = w * x
    error = prediction - y
    return error * error


w = 3.0
prediction = w * x
error = prediction - y
loss = error * error
print(f"prediction {prediction:g}, error {error:g}, loss {loss:g}")

# %% 2. The slope, measured: move the weight a little, up and down, and see how far the loss moves.


def slope(f, x, eps=1e-6):
    """How much f(x) changes for each unit that x changes, near x."""
    return (f(x + eps) - f(x - eps)) / (2 * eps)


print(f"slope of the loss, measured: {slope(loss_of, w):.4f}")

# %% 3. The slope, computed: each line of `loss_of` has a slope of its own, and the chain rule multiplies them.

loss_by_error = 2 * error  # loss = error * error
error_by_prediction = 1.0  # error = prediction - y
prediction_by_w = x  # prediction = w * x
loss_by_w = loss_by_error * error_by_prediction * prediction_by_w
print(
    "slope of the loss, by the chain rule: "
    f"{loss_by_error:g} * {error_by_prediction:g} * {prediction_by_w:g} = {loss_by_w:g}"
)

# %% 4. Training: a slope above 0 says that the loss falls when the weight does.  So the weight goes against it.

learning_rate = 0.05
for step in range(4):
    g = slope(loss_of, w)
    print(f"step {step}: w {w:.4f}, loss {loss_of(w):.4f}, slope {g:.4f}")
    w = w - learning_rate * g

# %% 5. Why from both sides: with a step as large as 0.1 one sees how far each is off.


def cube(x):
    """A curve, which bends: its slope changes within the step."""
    return x**3


one_sided = (cube(2 + 0.1) - cube(2)) / 0.1
two_sided = slope(cube, 2, eps=0.1)
print(f"slope of x ** 3 at 2, which is 12: from one side {one_sided:.4f}, from both sides {two_sided:.4f}")

# %% Question: a model has a million weights.  How often must it run before all slopes of one step are measured?
#
# Break it: in `slope`, make the step a billion times smaller: eps=1e-15.  Is the slope of the loss more exact?
