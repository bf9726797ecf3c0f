"""Mixed precision as on a machine without a GPU: autocast is off and says so, GradScaler scales."""

from __future__ import annotations

import warnings

import pytest
from engines import error_of, same
from stand_in import installed

import minigrad


def warned(call):
    """The warnings that a call gives, and what it returns."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return [(w.category.__name__, str(w.message).partition(" (Triggered")[0]) for w in caught], result


def test_autocast_without_a_gpu():
    def scenario(engine):
        def within():
            with engine.autocast("cuda", dtype=engine.float16):
                x = engine.ones(2, 2) @ engine.ones(2, 2)
            return str(x.dtype)[-7:], engine.is_autocast_enabled("cuda"), engine.is_autocast_enabled()

        def old():
            with engine.cuda.amp.autocast():
                return str((engine.ones(2) * 2).dtype)[-7:]

        def off():
            with engine.amp.autocast("cpu", enabled=False):
                return str((engine.ones(2, 2) @ engine.ones(2, 2)).dtype)[-7:]

        def decorated():
            @engine.autocast("cuda")
            def double(x):
                return x * 2

            return double(engine.ones(1)).item()

        calls = [warned(call) for call in (within, old, off, decorated)]
        return calls, error_of(engine.autocast, 3), error_of(engine.autocast, "abc")[0]

    same(scenario)


def test_autocast_on_the_cpu_says_that_it_is_off():
    with pytest.warns(
        UserWarning, match="minigrad computes in the dtype of its tensors, and has no bfloat16. Disabling"
    ):
        mode = minigrad.autocast("cpu")
    with mode:
        assert (minigrad.ones(2, 2) @ minigrad.ones(2, 2)).dtype is minigrad.float32
        assert not minigrad.is_autocast_enabled("cpu")
    with pytest.raises(NotImplementedError, match="no bfloat16"):
        minigrad.get_autocast_dtype("cpu")


def test_bfloat16_is_not_supported():
    assert not minigrad.cuda.is_bf16_supported()
    with installed():
        assert not minigrad.cuda.is_bf16_supported(including_emulation=False)


def test_forward_and_backward_of_a_function():
    def scenario(engine):
        class Double(engine.autograd.Function):
            @staticmethod
            @engine.amp.custom_fwd(device_type="cuda", cast_inputs=engine.float16)
            def forward(ctx, x):
                return x * 2

            @staticmethod
            @engine.amp.custom_bwd(device_type="cuda")
            def backward(ctx, g):
                return g * 2

        x = engine.ones(2, requires_grad=True)
        y = Double.apply(x)
        y.sum().backward()
        return str(y.dtype)[-7:], x.grad.tolist()

    same(scenario)


def test_a_scaler_without_a_gpu_is_off():
    def scenario(engine):
        def train(kind):
            engine.manual_seed(0)
            model = engine.nn.Linear(2, 1)
            optimizer = engine.optim.SGD(model.parameters(), lr=0.1)
            scaler = kind()
            loss = model(engine.ones(3, 2)).sum()
            same_loss = scaler.scale(loss) is loss
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
            state = scaler.is_enabled(), scaler.get_scale(), scaler.state_dict()
            return same_loss, state, [round(x, 5) for x in model.weight.tolist()[0]]

        return warned(lambda: train(engine.cuda.amp.GradScaler)), warned(lambda: train(engine.amp.GradScaler))

    same(scenario)


def test_a_scaler_on_the_cpu_scales():
    def scenario(engine):
        engine.manual_seed(0)
        model = engine.nn.Linear(2, 1)
        optimizer = engine.optim.SGD(model.parameters(), lr=0.1)
        scaler = engine.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=2)
        seen = []
        for factor in (1.0, float("inf"), 1.0, 1.0, float("nan"), 1.0):
            optimizer.zero_grad()
            scaled = scaler.scale(model(engine.ones(3, 2)).mean() * factor)
            scaled.backward()
            scaler.unscale_(optimizer)
            gradient = model.weight.grad.tolist()[0][0]
            scaler.step(optimizer)
            scaler.update()
            seen.append((str(gradient), scaler.get_scale(), scaler.state_dict(), round(model.bias.item(), 5)))
        pair = [x.item() for x in scaler.scale([engine.ones(1), engine.ones(1)])]
        scaler.update(4.0)
        other = engine.amp.GradScaler("cpu")
        other.load_state_dict(scaler.state_dict())
        return seen, pair, scaler.get_scale(), other.state_dict()

    same(scenario)


def test_a_scaler_refuses():
    def scenario(engine):
        scaler = engine.amp.GradScaler("cpu")
        x = engine.ones(1, requires_grad=True)
        optimizer = engine.optim.SGD([x], lr=0.1)
        errors = [error_of(scaler.unscale_, optimizer), error_of(scaler.step, optimizer), error_of(scaler.update)]
        scaler.scale(x * 2).backward()
        errors.append(error_of(scaler.update))
        scaler.unscale_(optimizer)
        errors.append(error_of(scaler.unscale_, optimizer))
        scaler.step(optimizer)
        errors += [error_of(scaler.step, optimizer), error_of(scaler.unscale_, optimizer)]
        errors.append(error_of(scaler.step, optimizer, closure=print))
        errors.append(error_of(scaler.scale, 3))
        errors.append(error_of(engine.amp.GradScaler, "cpu", growth_factor=1.0))
        errors.append(error_of(engine.amp.GradScaler, "cpu", backoff_factor=1.0))
        errors.append(error_of(scaler.load_state_dict, {}))
        half = engine.ones(1, dtype=engine.float16, requires_grad=True)
        of_half = engine.optim.SGD([half], lr=0.1)
        scaler.scale(half * 2).backward()
        errors.append(error_of(scaler.unscale_, of_half))
        return errors

    same(scenario)


def test_on_a_gpu():
    with installed():
        x = minigrad.ones(2, device="cuda", requires_grad=True)
        optimizer = minigrad.optim.SGD([x], lr=0.5)
        scaler = minigrad.amp.GradScaler("cuda", init_scale=8.0)
        assert scaler.is_enabled()
        scaler.scale((x * 2).sum()).backward()
        assert x.grad.tolist() == [16.0, 16.0]
        scaler.step(optimizer)
        scaler.update()
        assert x.tolist() == [0.0, 0.0]
        with pytest.warns(UserWarning, match="In CUDA autocast, but minigrad computes in the dtype of its tensors"):
            minigrad.autocast("cuda")
