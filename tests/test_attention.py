"""Attention: the function, the layers made of it, and whole transformers, beside PyTorch's."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from engines import ENGINES, error_of, same, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from parity import check_equal
from same_draws import in_step

import minigrad

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor")
CLOSE = (1e-10, 1e-10)
WIDTH = 8


def alike(scenario):
    """A scenario gives the same with both engines, tensors but for rounding, from one seed on; what it gave."""
    before = torch.get_default_dtype(), minigrad.get_default_dtype()
    results = []
    try:
        for engine in ENGINES:
            engine.set_default_dtype(engine.float64)
            engine.manual_seed(1)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                results.append(scenario(engine))
    finally:
        for engine, dtype in zip(ENGINES, before, strict=True):
            engine.set_default_dtype(dtype)
    check_equal(results[1], results[0], CLOSE)
    in_step()
    return results[1]


def numbers(engine, *shape, start=0.0):
    """Numbers without a pattern of their own, the same with both engines."""
    return engine.from_numpy(np.sin(np.arange(np.prod(shape)) * 1.7 + start).reshape(shape))


def marks(engine, *shape, seed=0, share=0.4):
    """A bool tensor; the first of each row is False."""
    array = np.random.default_rng(seed).random(shape) < share
    array[..., 0] = False
    return engine.from_numpy(array)


def finished(outputs, *leaves):
    """Outputs, and the gradients of leaves after a backward pass from all outputs."""
    outputs = [x for x in outputs if x is not None]
    if outputs[0].requires_grad:
        sum((x.sin() * x).sum() for x in outputs).backward()
    return [*(x.detach() for x in outputs), *(x.grad for x in leaves)]


def described(module):
    """What a module looks like: its printed form, the names of its state, and its weights."""
    state = module.state_dict()
    return repr(module), list(state), [x.clone() for x in state.values()]


# The function ---------------------------------------------------------------------------------------------------


def attention(engine, *operands, **options):
    return engine.nn.functional.scaled_dot_product_attention(*operands, **options)


def test_float16_is_computed_in_single():
    def scenario(engine, leading):
        q, k, v = (numbers(engine, *leading, n, 64, start=n).half() * 20 for n in (3, 4, 4))
        out = attention(engine, q.requires_grad_(), k, v, numbers(engine, 3, 4).half())
        return out.dtype == engine.float16, out.grad_fn.name(), out.float()

    for leading in ((2,), (1, 2)):
        mine, theirs = (scenario(engine, leading) for engine in (minigrad, torch))
        assert mine[:2] == theirs[:2]
        np.testing.assert_allclose(mine[2].detach().numpy(), theirs[2].detach().numpy(), 2e-3, 2e-3)


@pytest.mark.parametrize("leading", [(), (2,), (2, 3)], ids=str)
def test_a_query_that_may_look_at_nothing_gets_0(leading):
    def scenario(engine):
        q, k, v = (numbers(engine, *leading, n, 4, start=n).requires_grad_() for n in (3, 5, 5))
        mask = engine.ones(3, 5, dtype=engine.bool)
        mask[1] = False
        out = attention(engine, q, k, v, mask)
        assert not out[..., 1, :].any()
        return finished([out], q, k, v)

    alike(scenario)


@pytest.mark.parametrize(
    "sizes",
    [
        ((2, 2, 0, 4), (2, 2, 5, 4), (2, 2, 5, 4)),
        ((2, 2, 3, 4), (2, 2, 0, 4), (2, 2, 0, 4)),
        ((0, 2, 3, 4), (0, 2, 5, 4), (0, 2, 5, 4)),
        ((2, 2, 3, 0), (2, 2, 5, 0), (2, 2, 5, 4)),
        ((3, 4), (5, 4), (5, 0)),
    ],
    ids=str,
)
def test_empty_operands(sizes):
    def scenario(engine):
        operands = [engine.ones(size).requires_grad_() for size in sizes]
        return finished([attention(engine, *operands)], *operands)

    alike(scenario)


def test_the_order_in_memory_is_the_querys():
    """So heads can be joined again by a view."""

    def scenario(engine):
        q = numbers(engine, 2, 5, 3, 4).transpose(1, 2).requires_grad_()
        parts = numbers(engine, 2, 5, 36).split(12, 2)
        of_parts = [x.view(2, 5, 3, 4).transpose(1, 2) for x in parts]
        outs = [attention(engine, q, q, q), attention(engine, *of_parts, is_causal=True)]
        return [x.transpose(1, 2).view(2, 5, 12) for x in outs], [x.stride() for x in outs]

    alike(scenario)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda e, q: attention(e, q, q.double(), q),
        lambda e, q: attention(e, q.long(), q.long(), q.long()),
        lambda e, q: attention(e, q[0, 0, 0], q, q),
        lambda e, q: attention(e, q, q, q, e.zeros(3, 3).long()),
        lambda e, q: attention(e, q, q, q, e.zeros(3, 3).double()),
        lambda e, q: attention(e, q[0], q[0], q[0], e.zeros(3, 3), is_causal=True),
        lambda e, q: attention(e, q, q, q, dropout_p=1.5),
        lambda e, q: attention(e, q, q, q, e.zeros(4, 3)),
        lambda e, q: attention(e, q, q[..., :3], q),
        lambda e, q: attention(e, q[0], q[0], q[0, :, :2]),
        lambda e, q: attention(e, q[:, :1].expand(1, 3, 3, 4), q, q, enable_gqa=True),
        lambda e, q: attention(e, q[0, 0], q[0, 0], q[0, 0], enable_gqa=True),
        lambda e, q: attention(e, None, q, q),
    ],
)
def test_errors_of_the_function(wrong):
    kinds = [error_of(wrong, engine, engine.ones(1, 2, 3, 4).requires_grad_())[0] for engine in ENGINES]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda e, q: attention(e, q, q.double(), q), "Expected query, key, and value to have the same dtype, but got"),
        (lambda e, q: attention(e, q, q, q, e.zeros(3, 3).long()), "Expected attn_mask dtype to be bool or float or"),
        (lambda e, q: attention(e, q[0], q[0], q[0], e.zeros(3, 3), is_causal=True), "_scaled_dot_product_attention:"),
        (lambda e, q: attention(e, q, q, q, dropout_p=1.5), "dropout probability has to be between 0 and 1, but got"),
        (lambda e, q: attention(e, q, q, q, e.zeros(4, 3)), ""),
        (lambda e, q: attention(e, q, None, q), "scaled_dot_product_attention(): argument 'key'"),
    ],
)
def test_words_of_errors(wrong, words):
    for engine in ENGINES:
        assert error_of(wrong, engine, engine.ones(1, 2, 3, 4))[1].startswith(words)


def kinds_of_attention(engine, backends):
    """What attention is computed by, or the error that it is, where a kernel of PyTorch's fits and where none does."""
    backends = [getattr(engine.nn.attention.SDPBackend, name) for name in backends]
    seen = []
    for shape in ((1, 2, 3, 4), (2, 3, 4)):
        q = engine.ones(shape, requires_grad=True)
        try:
            with engine.nn.attention.sdpa_kernel(backends):
                seen.append(attention(engine, q, q, q).grad_fn.name())
        except RuntimeError as error:
            seen.append(str(error)[:24])
        assert attention(engine, q[None], q[None], q[None]).grad_fn is not None  # as before
    return seen


@pytest.mark.filterwarnings("ignore:All fused kernels", "ignore:Flash attention kernel")
@pytest.mark.parametrize(
    "backends",
    [["MATH"], ["FLASH_ATTENTION"], ["EFFICIENT_ATTENTION"], ["CUDNN_ATTENTION", "MATH"], []],
    ids=str,
)
def test_only_some_ways_to_compute(backends):
    same(kinds_of_attention, backends)


def test_names_of_ways_to_compute():
    def scenario(engine):
        kinds = engine.nn.attention.SDPBackend
        wrong = error_of(lambda: engine.nn.attention.sdpa_kernel("a").__enter__())
        return [(repr(x), str(x), x.name, int(x)) for x in (kinds.ERROR, kinds.MATH, kinds.OVERRIDEABLE)], wrong

    same(scenario)


def test_switches():
    def scenario(engine):
        cuda, mha = engine.backends.cuda, engine.backends.mha
        q, seen = engine.ones(1, 1, 2, 2, requires_grad=True), [mha.get_fastpath_enabled()]
        for name in ("flash", "mem_efficient", "cudnn", "math"):
            switch, is_on = (
                getattr(cuda, name.format(way)) for way in [name] for name in ("enable_{}_sdp", "{}_sdp_enabled")
            )
            before = is_on()
            switch(False)
            seen += [before, is_on(), name == "math" or attention(engine, q, q, q).grad_fn.name()]
            switch(True)
        mha.set_fastpath_enabled(False)
        seen.append(mha.get_fastpath_enabled())
        mha.set_fastpath_enabled(True)
        return seen

    same(scenario)


# Several heads --------------------------------------------------------------------------------------------------

LAYER = st.fixed_dictionaries(
    {},
    optional={
        "dropout": st.sampled_from([0.0, 0.3]),
        "bias": st.booleans(),
        "add_bias_kv": st.booleans(),
        "add_zero_attn": st.booleans(),
        "kdim": st.sampled_from([None, WIDTH, 6]),
        "vdim": st.sampled_from([None, 5]),
        "batch_first": st.booleans(),
    },
)
CALL = st.fixed_dictionaries(
    {"batch": st.sampled_from([None, 1, 3]), "attn_mask": st.sampled_from(["", "bool", "float", "heads", "causal"])},
    optional={
        "key_padding_mask": st.sampled_from(["bool", "float"]),
        "need_weights": st.booleans(),
        "average_attn_weights": st.booleans(),
    },
)
LENGTH, SEEN = 4, 5


def operands_of(engine, layer, batch):
    """Query, key and value that fit a layer."""
    sizes = ((LENGTH, WIDTH), (SEEN, layer.kdim), (SEEN, layer.vdim))
    made = [numbers(engine, n, batch or 1, size, start=n + i) for i, (n, size) in enumerate(sizes)]
    made = [x[:, 0] for x in made] if batch is None else [x.transpose(0, 1) if layer.batch_first else x for x in made]
    return [x.contiguous().requires_grad_() for x in made]


def masks_of(engine, layer, kinds, batch):
    """Masks of some kinds as options of a call."""
    options = {}
    samples, mask = batch or 1, kinds["attn_mask"]
    if mask == "causal":
        options["attn_mask"] = engine.ones(LENGTH, SEEN, dtype=engine.bool).triu(1)
        options["is_causal"] = True
    elif mask:
        shape = (samples * layer.num_heads, LENGTH, SEEN) if mask == "heads" else (LENGTH, SEEN)
        options["attn_mask"] = numbers(engine, *shape) if mask == "float" else marks(engine, *shape)
    if "key_padding_mask" in kinds:
        hidden = marks(engine, samples, SEEN, seed=1)
        hidden = hidden if batch else hidden[0]
        is_bool = kinds["key_padding_mask"] == "bool"
        options["key_padding_mask"] = hidden if is_bool else engine.zeros(hidden.shape).masked_fill(hidden, -np.inf)
    return options


@settings(max_examples=40, deadline=None)
@given(LAYER, CALL, st.booleans())
def test_several_heads(options, call, training):
    def scenario(engine):
        layer = engine.nn.MultiheadAttention(WIDTH, 2, **options).train(training)
        given_to = operands_of(engine, layer, call["batch"])
        shown = {name: call[name] for name in ("need_weights", "average_attn_weights") if name in call}
        output, weights = layer(*given_to, **masks_of(engine, layer, call, call["batch"]), **shown)
        seen = described(layer), output.grad_fn.name(), output.stride()
        used = [*given_to, *layer.parameters()]
        return *seen, weights is None, finished([output, weights], *used)

    alike(scenario)


@pytest.mark.parametrize("need_weights", [True, False])
def test_heads_that_may_look_at_nothing(need_weights):
    """With the weights nan, without them 0, as in PyTorch."""

    def scenario(engine):
        layer = engine.nn.MultiheadAttention(WIDTH, 2)
        x = numbers(engine, 3, 2, WIDTH)
        hidden = engine.tensor([[False] * 3, [True] * 3])
        output, weights = layer(x, x, x, hidden, need_weights)
        assert output.isnan().any() == need_weights
        return output, weights

    alike(scenario)


def test_keys_and_values_that_are_given():
    """static_k and static_v, in place of the projected ones."""

    def scenario(engine):
        x, weight, out = numbers(engine, 3, 2, 4), numbers(engine, 12, 4), numbers(engine, 4, 4)
        k, v = (numbers(engine, 4, 5, 2, start=i) for i in (1, 2))
        forward = engine.nn.functional.multi_head_attention_forward
        return forward(x, x, x, 4, 2, weight, None, None, None, True, 0.0, out, None, static_k=k, static_v=v)

    alike(scenario)


def heads(engine, x=None, layer=None, **options):
    """A call of a layer of two heads, some of it wrong."""
    layer = layer or engine.nn.MultiheadAttention(WIDTH, 2)
    x = engine.ones(3, 2, WIDTH) if x is None else x
    key = options.pop("key", x)
    return layer(x, key, options.pop("value", key), **options)


WRONG = {
    "no width": lambda e: e.nn.MultiheadAttention(0, 2),
    "no multiple": lambda e: e.nn.MultiheadAttention(8, 3),
    "hint alone": lambda e: heads(e, is_causal=True),
    "mask 2d": lambda e: heads(e, attn_mask=e.zeros(3, 4)),
    "mask 3d": lambda e: heads(e, attn_mask=e.zeros(3, 3, 3)),
    "mask 1d": lambda e: heads(e, attn_mask=e.zeros(3)),
    "mask of one": lambda e: heads(e, e.ones(3, 8), attn_mask=e.zeros(3, 3, 3)),
    "mask of integers": lambda e: heads(e, attn_mask=e.zeros(3, 3).long()),
    "padding": lambda e: heads(e, key_padding_mask=e.zeros(2, 4)),
    "padding, batch": lambda e: heads(e, key_padding_mask=e.zeros(3, 3)),
    "padding 1d": lambda e: heads(e, key_padding_mask=e.zeros(3)),
    "padding of integers": lambda e: heads(e, key_padding_mask=e.zeros(2, 3).long()),
    "width": lambda e: heads(e, e.ones(3, 2, 6)),
    "4d": lambda e: heads(e, e.ones(1, 3, 2, 8)),
    "key 2d": lambda e: heads(e, key=e.ones(3, 8)),
    "key 3d": lambda e: heads(e, e.ones(3, 8), key=e.ones(3, 1, 8)),
    "value": lambda e: heads(e, value=e.ones(4, 2, 8)),
    "value, widths": lambda e: heads(
        e, layer=e.nn.MultiheadAttention(8, 2, kdim=6), key=e.ones(3, 2, 6), value=e.ones(4, 2, 8)
    ),
    "key, widths": lambda e: heads(e, layer=e.nn.MultiheadAttention(8, 2, kdim=6), key=e.ones(3, 2, 8)),
    "activation": lambda e: e.nn.TransformerEncoderLayer(8, 2, activation="tanh"),
    "batches": lambda e: e.nn.Transformer(8, 2, 1, 1, 8)(e.ones(3, 2, 8), e.ones(3, 1, 8)),
    "widths": lambda e: e.nn.Transformer(8, 2, 1, 1, 8)(e.ones(3, 2, 6), e.ones(3, 2, 8)),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_errors_of_layers(wrong):
    (theirs, words), (mine, own) = (error_of(wrong, engine) for engine in ENGINES)
    assert mine == theirs
    assert own[:40].split()[:6] == words[:40].split()[:6]


def test_a_warning_for_masks_of_two_kinds():
    def scenario(engine):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            heads(engine, attn_mask=engine.zeros(3, 3), key_padding_mask=engine.zeros(2, 3).bool())
        return [(w.category, str(w.message)) for w in caught]

    assert len(same(scenario)) == 1


# Transformers ---------------------------------------------------------------------------------------------------

STACK = st.fixed_dictionaries(
    {},
    optional={
        "dropout": st.sampled_from([0.0, 0.3]),
        "activation": st.sampled_from(["relu", "gelu"]),
        "layer_norm_eps": st.sampled_from([1e-5, 1e-2]),
        "batch_first": st.booleans(),
        "norm_first": st.booleans(),
        "bias": st.booleans(),
    },
)
MASKS = st.sets(
    st.sampled_from(["src_mask", "tgt_mask", "memory_mask", "src_padding", "tgt_padding", "memory_padding"])
)
HOW = st.sampled_from(["training", "evaluation", "no gradient"])


def sequences(engine, options, how, batch=3):
    """A source of 5 places and a target of 4."""
    pair = [numbers(engine, n, batch or 1, WIDTH, start=n) for n in (5, 4)]
    if batch is None:
        pair = [x[:, 0] for x in pair]
    elif options.get("batch_first"):
        pair = [x.transpose(0, 1).contiguous() for x in pair]
    return [x.requires_grad_(how != "no gradient") for x in pair]


def padding(engine, length):
    """Of three samples, one is whole, one a place shorter, one two."""
    return engine.arange(length) >= length - engine.arange(3).unsqueeze(1)


def masks_of_transformer(engine, names):
    square = engine.nn.Transformer.generate_square_subsequent_mask
    made = {
        "src_mask": ("src_mask", square(5)),
        "tgt_mask": ("tgt_mask", square(4) != 0),
        "memory_mask": ("memory_mask", marks(engine, 4, 5)),
        "src_padding": ("src_key_padding_mask", padding(engine, 5)),
        "tgt_padding": ("tgt_key_padding_mask", padding(engine, 4)),
        "memory_padding": ("memory_key_padding_mask", padding(engine, 5)),
    }
    return dict(made[name] for name in sorted(names))


def ran(engine, module, how, leaves, call):
    """What a module gives: its form, the output, and all gradients."""
    module.train(how == "training")
    with engine.set_grad_enabled(how != "no gradient"):
        output = call(module)
    used = [] if how == "no gradient" else [*leaves, *module.parameters()]
    return described(module), finished([output], *used)


@settings(max_examples=20, deadline=None)
@given(STACK, MASKS, HOW)
def test_transformer(options, names, how):
    def scenario(engine):
        module = engine.nn.Transformer(WIDTH, 2, 2, 1, 12, **options)
        pair = sequences(engine, options, how)
        return ran(engine, module, how, pair, lambda m: m(*pair, **masks_of_transformer(engine, names)))

    alike(scenario)


@settings(max_examples=25, deadline=None)
@given(STACK, st.sets(st.sampled_from(["mask", "hint", "padding", "gap"])), HOW, st.booleans(), st.booleans())
def test_stack_of_encoder_layers(options, given_to, how, normalized, nested):
    """In evaluation, without gradients, PyTorch takes other ways: it leaves padding out, and gives 0 for it."""

    def scenario(engine):
        nn = engine.nn
        layer = nn.TransformerEncoderLayer(WIDTH, 2, 12, **options)
        module = nn.TransformerEncoder(layer, 2, nn.LayerNorm(WIDTH) if normalized else None, nested)
        source, _ = sequences(engine, options, how)
        masks = {}
        if "mask" in given_to or "hint" in given_to:
            masks["mask"] = nn.Transformer.generate_square_subsequent_mask(5)
            masks["is_causal"] = True if "hint" in given_to else None
        if "padding" in given_to:
            hidden = padding(engine, 5)
            masks["src_key_padding_mask"] = hidden.flip(1).roll(-2, 1) if "gap" in given_to else hidden
        return ran(engine, module, how, [source], lambda m: m(source, **masks))

    alike(scenario)


@settings(max_examples=15, deadline=None)
@given(STACK, MASKS, HOW, st.booleans())
def test_stack_of_decoder_layers(options, names, how, batched):
    def scenario(engine):
        nn = engine.nn
        module = nn.TransformerDecoder(nn.TransformerDecoderLayer(WIDTH, 4, 12, **options), 2, nn.LayerNorm(WIDTH))
        memory, target = sequences(engine, options, how, 3 if batched else None)
        masks = masks_of_transformer(
            engine, {x for x in names if batched or x.endswith("mask")} - {"src_mask", "src_padding"}
        )
        return ran(engine, module, how, [memory, target], lambda m: m(target, memory, **masks))

    alike(scenario)


def test_padding_is_0_only_where_pytorch_leaves_it_out():
    def scenario(engine):
        layer = engine.nn.TransformerEncoderLayer(WIDTH, 2, 12, batch_first=True)
        module = engine.nn.TransformerEncoder(layer, 2).eval()
        x, hidden = numbers(engine, 3, 5, WIDTH), padding(engine, 5)
        seen = [module(x, src_key_padding_mask=hidden)]
        with engine.no_grad():
            seen.append(module(x, src_key_padding_mask=hidden))
            engine.backends.mha.set_fastpath_enabled(False)
            seen.append(module(x, src_key_padding_mask=hidden))
            engine.backends.mha.set_fastpath_enabled(True)
        assert [bool((out[hidden] == 0).all()) for out in seen] == [False, True, False]
        return seen

    alike(scenario)


def test_layers_of_ones_own():
    """A subclass that changes a part, activations that are layers or functions, and the hint that a layer is given."""

    def scenario(engine):
        nn = engine.nn
        hints = []

        class Own(nn.TransformerEncoderLayer):
            def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
                hints.append(is_causal)
                return src + self._sa_block(self.norm1(src), src_mask, src_key_padding_mask) + self._ff_block(src)

        square = nn.Transformer.generate_square_subsequent_mask(5)
        source, _ = sequences(engine, {}, "training")
        outputs = []
        for activation in (nn.GELU(), nn.Tanh(), engine.sigmoid, nn.functional.relu):
            stack = nn.TransformerEncoder(Own(WIDTH, 2, 12, activation=activation, dropout=0.0), 2)
            outputs += [stack(source, square), stack(source, square * 0), stack(source)]
            outputs.append(stack.layers[0].activation_relu_or_gelu)
        return outputs, hints

    _, hints = alike(scenario)
    assert hints[:6] == [True, True, False, False, False, False]


def test_warnings_of_stacks():
    def scenario(engine, options):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            nn = engine.nn
            stack = nn.TransformerEncoder(nn.TransformerEncoderLayer(6, options.pop("nhead", 2), 4, **options), 1)
        return [str(w.message) for w in caught], stack.use_nested_tensor, stack.enable_nested_tensor

    first = {"batch_first": True}
    for more in ({}, {"norm_first": True}, {"bias": False}, {"activation": abs}, {"nhead": 3}, {"batch_first": False}):
        mine, theirs = (scenario(engine, {**first, **more}) for engine in (minigrad, torch))
        assert mine == theirs


def test_causal_mask():
    def scenario(engine):
        square = engine.nn.Transformer.generate_square_subsequent_mask
        return square(4), square(0), square(2, dtype=engine.float32), square(3, "cpu")

    alike(scenario)


def test_copies_and_files(tmp_path):
    """A model is copied, pickled, and its state goes to PyTorch and back."""
    options = (WIDTH, 2, 1, 1, 12, 0.0)
    mine, theirs = (engine.nn.Transformer(*options).eval() for engine in (minigrad, torch))
    file = tmp_path / "state.pt"
    minigrad.save(mine.state_dict(), file)
    theirs.load_state_dict(torch.load(file))
    pair = [[numbers(engine, n, 2, WIDTH).float() for n in (5, 4)] for engine in (minigrad, torch)]
    expected = theirs(*pair[1]).detach().numpy()
    torch.save(theirs.state_dict(), file)
    other = minigrad.nn.Transformer(*options).eval()
    other.load_state_dict(minigrad.load(file))
    for model in (mine, other, copy.deepcopy(mine), pickle.loads(pickle.dumps(mine))):
        np.testing.assert_allclose(model(*pair[0]).detach().numpy(), expected, 1e-5, 1e-5)


# Training -------------------------------------------------------------------------------------------------------


def test_a_model_learns_to_reverse():
    """nn.Transformer learns to turn sequences around, with dropout, by PyTorch's losses."""

    def scenario(engine):
        nn = engine.nn
        model = nn.Transformer(16, 2, 1, 1, 32, dropout=0.1, batch_first=True)
        embedding, logits = nn.Embedding(7, 16), nn.Linear(16, 7)
        parameters = [p for m in (model, embedding, logits) for p in m.parameters()]
        steps = engine.optim.Adam(parameters, lr=5e-3)
        mask = nn.Transformer.generate_square_subsequent_mask(5)
        losses = []
        for _ in range(25):
            x = engine.randint(1, 7, (16, 5))
            y = x.flip(1)
            start = engine.cat([engine.zeros(16, 1, dtype=engine.int64), y[:, :-1]], 1)
            output = logits(model(embedding(x), embedding(start), tgt_mask=mask, tgt_is_causal=True))
            loss = nn.functional.cross_entropy(output.flatten(0, 1), y.flatten())
            steps.zero_grad()
            loss.backward()
            losses.append(nn.utils.clip_grad_norm_(parameters, 1.0))
            steps.step()
            losses.append(loss.detach())
        return losses

    losses = alike(scenario)
    assert losses[-1] < losses[1]


def small_gpt(engine, width=16, heads=2, context=8, characters=11):
    """A language model in the style of public scripts."""
    nn = engine.nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.c_attn, self.c_proj = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width)
            self.mlp = nn.Sequential(
                nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1)
            )

        def forward(self, x):
            b, t, c = x.size()
            parts = self.c_attn(self.ln_1(x)).split(width, dim=2)
            q, k, v = (part.view(b, t, heads, c // heads).transpose(1, 2) for part in parts)
            p = 0.1 if self.training else 0.0
            y = attention(engine, q, k, v, dropout_p=p, is_causal=True)
            x = x + self.c_proj(y.transpose(1, 2).contiguous().view(b, t, c))
            return x + self.mlp(self.ln_2(x))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.wte, self.wpe = nn.Embedding(characters, width), nn.Embedding(context, width)
            self.h = nn.ModuleList([Block() for _ in range(2)])
            self.ln_f, self.lm_head = nn.LayerNorm(width), nn.Linear(width, characters, bias=False)
            self.lm_head.weight = self.wte.weight
            self.apply(self.init_weights)

        def init_weights(self, module):
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, mean=0.0, std=0.02)

        def forward(self, idx):
            x = self.wte(idx) + self.wpe(engine.arange(idx.size(1)))
            for block in self.h:
                x = block(x)
            return self.lm_head(self.ln_f(x))

        @engine.no_grad()
        def generate(self, idx, tokens, top_k=4):
            for _ in range(tokens):
                logits = self(idx[:, -context:])[:, -1, :] / 0.8
                v, _ = engine.topk(logits, top_k)
                logits[logits < v[:, [-1]]] = -float("Inf")
                probs = nn.functional.softmax(logits, dim=-1)
                idx = engine.cat((idx, engine.multinomial(probs, num_samples=1)), dim=1)
            return idx

    return GPT()


def test_a_small_gpt_trains_and_writes():
    """Tied weights, two groups of AdamW, clipping, dropout: the losses and the text that is drawn are PyTorch's."""

    def scenario(engine):
        model = small_gpt(engine)
        decay = [p for p in model.parameters() if p.dim() >= 2]
        rest = [p for p in model.parameters() if p.dim() < 2]
        groups = [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
        optimizer = engine.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95))
        text = engine.arange(300) ** 2 % 11
        losses = []
        for _ in range(15):
            starts = engine.randint(len(text) - 9, (6,))
            x, y = (engine.stack([text[i + j : i + j + 8] for i in starts]) for j in (0, 1))
            logits = model(x)
            loss = engine.nn.functional.cross_entropy(logits.view(-1, logits.size(-1)), y.view(-1), ignore_index=-1)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            losses += [loss.detach(), engine.nn.utils.clip_grad_norm_(model.parameters(), 1.0)]
            optimizer.step()
        model.eval()
        return losses, model.generate(text[None, :4], 20), len(model.state_dict())

    losses, _, _ = alike(scenario)
    assert losses[-2] < losses[0] - 0.1
