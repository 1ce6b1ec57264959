"""The goldens of lesson 6: GPT-2 as Hugging Face has it, PyTorch's gradients and AdamW, and a text to learn.

All are float64. Weights of Hugging Face's GPT-2 lie in memory as ours do, so they are used as they are.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from minigpt import stories
from minigpt.parameters import init_gpt

Arrays = dict[str, np.ndarray]

# The tiny GPT-2: every size another one.
N_VOCAB, N_POSITIONS, N_LAYER, N_HEAD, D_MODEL = 11, 7, 2, 2, 6
BLOCK_HEADS, BLOCK_WIDTH, BLOCK_HIDDEN = 3, 6, 10
ADAMW = {"usual": {"betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1},
         "other": {"betas": (0.8, 0.99), "eps": 0.1, "weight_decay": 0.3}}
RATES = (0.05, 0.1, 0.1, 0.07, 0.02)
SETTINGS = ((0.7, None, None), (1.0, 4, None), (1.0, None, 0.8), (1.6, 5, 0.75), (0.5, 6, 0.9))
"""Temperature, top_k and top_p."""

# The model that learns: the course's default size.
CONTEXT, BATCH, STEPS_COMPARED, RATE_COMPARED = 32, 16, 3, 0.01
N_TRAINING, N_VALIDATION = 23_000, 6_000


Shapes = dict[str, tuple[int, ...]]


def block_shapes(d: int, d_ff: int) -> Shapes:
    """Give the shapes of the parameters of one block, in the order of minigpt/parameters.py."""
    return {"ln_1.weight": (d,), "ln_1.bias": (d,),
            "attn.c_attn.weight": (d, 3 * d), "attn.c_attn.bias": (3 * d,),
            "attn.c_proj.weight": (d, d), "attn.c_proj.bias": (d,),
            "ln_2.weight": (d,), "ln_2.bias": (d,),
            "mlp.c_fc.weight": (d, d_ff), "mlp.c_fc.bias": (d_ff,),
            "mlp.c_proj.weight": (d_ff, d), "mlp.c_proj.bias": (d,)}


def gpt2_shapes() -> Shapes:
    """Give the shapes of the parameters of the tiny GPT-2, in the order of minigpt/parameters.py."""
    blocks = {f"h.{i}.{name}": shape for i in range(N_LAYER)
              for name, shape in block_shapes(D_MODEL, 4 * D_MODEL).items()}
    return {"wte.weight": (N_VOCAB, D_MODEL), "wpe.weight": (N_POSITIONS, D_MODEL), **blocks,
            "ln_f.weight": (D_MODEL,), "ln_f.bias": (D_MODEL,)}


def drawn(rng: np.random.Generator, shapes: Shapes) -> np.ndarray:
    """Draw parameters far from those of an untrained model, so that every part shows; all in one row."""
    return np.concatenate([
        rng.normal(1.0 if "ln" in name and "weight" in name else 0.0, 0.4, shape).ravel()
        for name, shape in shapes.items()])


def pieces(row: np.ndarray, shapes: Shapes) -> Arrays:
    """Cut a row of numbers into parameters."""
    ends = np.cumsum([np.prod(shape) for shape in shapes.values()])
    parts = np.split(row, ends[:-1].astype(int))
    return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def ids_of(text: str) -> np.ndarray:
    """Turn a text into the numbers of its characters in the alphabet of the stories."""
    return np.array([stories.source().alphabet.index(character) for character in text], dtype=np.int8)


def inputs() -> Arrays:
    """Draw the inputs of lesson 6."""
    rng = np.random.default_rng(20_190_214)  # the day GPT-2 was announced
    ids, targets = rng.integers(N_VOCAB, size=(2, 2, 5))
    ids[0, 3] = ids[0, 0]  # a token that stands at two places, at least
    targets[1, 2] = -100
    loss_targets = rng.integers(5, size=(2, 3))
    loss_targets[0, 1] = -100
    return {
        "block_parameters": drawn(rng, block_shapes(BLOCK_WIDTH, BLOCK_HIDDEN)),
        "block_x": rng.normal(size=(2, 4, BLOCK_WIDTH)),
        "gpt2_parameters": drawn(rng, gpt2_shapes()), "gpt2_ids": ids, "gpt2_targets": targets,
        "loss_logits": rng.normal(0, 2, (2, 3, 5)), "loss_targets": loss_targets,
        "adamw_weight": rng.normal(size=(3, 4)), "adamw_bias": rng.normal(size=4),
        "adamw_d_weight": rng.normal(size=(len(RATES), 3, 4)),
        "adamw_d_bias": rng.normal(size=(len(RATES), 4)),
        "sampling_logits": rng.normal(0, 2, (3, 9)),
        "training_text": ids_of(stories.write_stories(rng, N_TRAINING)),
        "validation_text": ids_of(stories.write_stories(rng, N_VALIDATION)),
    }


def block_answers(torch: Any, given: Arrays) -> Arrays:
    """Let PyTorch's encoder layer compute a pre-LN block, as an encoder and as a decoder."""
    def bent(x: Any) -> Any:
        return torch.nn.functional.gelu(x, approximate="tanh")

    layer = torch.nn.TransformerEncoderLayer(
        BLOCK_WIDTH, BLOCK_HEADS, BLOCK_HIDDEN, dropout=0.0, activation=bent, batch_first=True,
        norm_first=True, dtype=torch.float64)
    names = {"self_attn.in_proj_": "attn.c_attn.", "self_attn.out_proj.": "attn.c_proj.",
             "linear1.": "mlp.c_fc.", "linear2.": "mlp.c_proj.", "norm1.": "ln_1.", "norm2.": "ln_2."}
    parameters = pieces(given["block_parameters"], block_shapes(BLOCK_WIDTH, BLOCK_HIDDEN))
    layer.load_state_dict({  # PyTorch keeps its weights the other way round
        theirs + kind: torch.tensor(parameters[ours + kind].T)
        for theirs, ours in names.items() for kind in ("weight", "bias")})
    x = torch.tensor(given["block_x"])
    forbidden = torch.ones(4, 4, dtype=torch.bool).triu(1)
    with torch.no_grad():
        return {"block_encoder": layer(x).numpy(), "block_decoder": layer(x, src_mask=forbidden).numpy()}


def gpt2(torch: Any, parameters: Mapping[str, np.ndarray], n_head: int) -> Any:
    """Make a GPT-2 of Hugging Face with these parameters, in float64 and without dropout."""
    transformers = importlib.import_module("transformers")
    (n_vocab, d), n_positions = parameters["wte.weight"].shape, len(parameters["wpe.weight"])
    n_layer = sum(name.endswith("ln_1.bias") for name in parameters)
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=n_vocab, n_positions=n_positions, n_embd=d, n_layer=n_layer, n_head=n_head,
        bos_token_id=None, eos_token_id=None,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, attn_implementation="eager")).double()
    with torch.no_grad():
        for name, values in model.transformer.named_parameters():
            values.copy_(torch.tensor(parameters[name]))
    return model


def loss_of(torch: Any, model: Any, ids: np.ndarray, targets: np.ndarray) -> tuple[Any, Any]:
    """Give logits and mean cross-entropy of a GPT-2."""
    logits = model(torch.tensor(ids)).logits
    return logits, torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), torch.tensor(targets).flatten(), ignore_index=-100)


def gpt2_answers(torch: Any, given: Arrays) -> Arrays:
    """Let the tiny GPT-2 compute scores and loss, and PyTorch the gradients of all parameters."""
    model = gpt2(torch, pieces(given["gpt2_parameters"], gpt2_shapes()), N_HEAD)
    logits, loss = loss_of(torch, model, given["gpt2_ids"], given["gpt2_targets"])
    loss.backward()
    gradients = {name: p.grad.numpy().ravel() for name, p in model.transformer.named_parameters()}
    return {"gpt2_logits": logits.detach().numpy(), "gpt2_loss": loss.detach().numpy().reshape(1),
            "gpt2_gradients": np.concatenate([gradients[name] for name in gpt2_shapes()])}


def loss_answers(torch: Any, given: Arrays) -> Arrays:
    """Let PyTorch compute cross-entropy and its gradient, one target left out."""
    logits = torch.tensor(given["loss_logits"], requires_grad=True)
    targets = torch.tensor(given["loss_targets"]).flatten()
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets)
    loss.backward()
    return {"loss_value": loss.detach().numpy().reshape(1), "loss_d_logits": logits.grad.numpy()}


def adamw_answers(torch: Any, given: Arrays, name: str) -> Arrays:
    """Let torch.optim.AdamW take five steps, in two groups: matrices decay, biases do not."""
    weight, bias = (torch.tensor(given[f"adamw_{role}"], requires_grad=True) for role in ("weight", "bias"))
    groups = [{"params": [weight]}, {"params": [bias], "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, **ADAMW[name])
    for step, rate in enumerate(RATES):
        for group in optimiser.param_groups:
            group["lr"] = rate
        weight.grad, bias.grad = (torch.tensor(given[f"adamw_d_{role}"][step]) for role in ("weight", "bias"))
        optimiser.step()
    return {f"adamw_{name}_weight": weight.detach().numpy(), f"adamw_{name}_bias": bias.detach().numpy()}


def sampling_answers(torch: Any, given: Arrays) -> Arrays:
    """Let Hugging Face's warpers change the scores, one after another, and take softmax."""
    processes = importlib.import_module("transformers.generation.logits_process")
    answers = []
    for temperature, top_k, top_p in SETTINGS:
        scores = torch.tensor(given["sampling_logits"])
        for warper, setting in (("Temperature", temperature), ("TopK", top_k), ("TopP", top_p)):
            if setting is not None:
                scores = getattr(processes, f"{warper}LogitsWarper")(setting)(None, scores)
        answers.append(torch.softmax(scores, dim=-1).numpy())
    return {"sampling_probabilities": np.stack(answers)}


def flat(tree: Any, name: str = "") -> Arrays:
    """Name each array of a tree by the way to it: h.0.ln_1.weight."""
    if isinstance(tree, np.ndarray):
        return {name[1:]: tree}
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return {key: array for part, branch in pairs for key, array in flat(branch, f"{name}.{part}").items()}


def batch(text: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut the batch of a step out of a text: windows far apart, always the same."""
    starts = (np.arange(BATCH) + BATCH * step) * 7919 % (len(text) - CONTEXT)
    places = starts[:, np.newaxis] + np.arange(CONTEXT)
    return text[places].astype(np.int64), text[places + 1].astype(np.int64)


def learning_answers(torch: Any, given: Arrays) -> Arrays:
    """Let PyTorch take the first steps of the training, and the stories tell what can be reached."""
    text, alphabet = given["training_text"], stories.source().alphabet
    start = flat(init_gpt(np.random.default_rng(6), len(alphabet), CONTEXT, 2, 64, np.float64))
    model = gpt2(torch, start, 4)
    groups = [{"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": 0.1},
              {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0}]
    optimiser, losses = torch.optim.AdamW(groups, lr=RATE_COMPARED, betas=(0.9, 0.95)), []
    for step in range(STEPS_COMPARED):
        optimiser.zero_grad()
        loss = loss_of(torch, model, *batch(text, step))[1]
        loss.backward()
        optimiser.step()
        losses.append(loss.detach().numpy())
    written, kept_back = ("".join(alphabet[i] for i in given[f"{name}_text"])
                          for name in ("training", "validation"))
    return {
        "learning_losses": np.stack(losses),
        "learning_n_vocab": np.array([len(alphabet)]),
        "learning_trigram": np.array([stories.trigram_loss(written, kept_back)]),
        "learning_window_bound": np.array([stories.window_bound(CONTEXT)]),
    }


def make() -> Arrays:
    """Compute all goldens of lesson 6: inputs and answers."""
    torch = importlib.import_module("torch")  # late, so that the inputs can be had without PyTorch
    given = inputs()
    return {
        **given,
        **block_answers(torch, given),
        **gpt2_answers(torch, given),
        **loss_answers(torch, given),
        **adamw_answers(torch, given, "usual"),
        **adamw_answers(torch, given, "other"),
        **sampling_answers(torch, given),
        **learning_answers(torch, given),
    }
