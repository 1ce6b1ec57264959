"""Put your functions beside PyTorch's: give both the same numbers, and compare what comes out.

    python compare_with_pytorch.py
    python compare_with_pytorch.py --seed 7

Optional: no exercise and no point depends on it. It needs PyTorch, a large download: pip install torch
It calls the functions of your `minigpt/`, as far as they are written, and writes nothing to disk.
Exit code: 0 if everything that is written agrees, 1 if something differs, 2 if PyTorch or NumPy is missing.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
NOTES = (
    "nn.MultiheadAttention reads True in a mask as 'keep out'. In our masks, and in those of "
    "scaled_dot_product_attention, True means 'may attend'. So this program turned the mask round for it.",
    "nn.Linear and nn.MultiheadAttention keep their weights transposed. GPT-2, and we, keep [D_in, D_out].",
    "nn.GELU is the exact form; nn.GELU(approximate='tanh') is GPT-2's.",
    "AdamW of PyTorch decays whatever you give it. Matrices and vectors had to be put in two groups.",
    "PyTorch's gradients came from autograd, which recorded what was computed. You wrote yours.",
)


def parts() -> tuple[Any, Any, Any] | str:
    """Import NumPy, PyTorch and the given module `minigpt.live`, or say what is missing."""
    sys.dont_write_bytecode = True
    if (HERE / "minigpt").is_dir():
        sys.path.insert(0, str(HERE))
    for name, command in (("numpy", "pip install numpy"), ("torch", "pip install torch")):
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as problem:  # not there, or there and damaged
            return f"{name} cannot be imported ({type(problem).__name__}). To install it: {command}"
    try:
        live = importlib.import_module("minigpt.live")
    except (Exception, SystemExit) as problem:  # the package is the student's, and may fail in any way
        return (f"minigpt/live.py, a given module, cannot be imported ({type(problem).__name__}). Run this "
                "in the folder of your repository, and look whether the file is there and unchanged.")
    return sys.modules["numpy"], sys.modules["torch"], live


class Comparison:
    """Makes random inputs, asks PyTorch what comes out, and collects the questions to you."""

    def __init__(self, np: Any, torch: Any, live: Any, seed: int) -> None:
        self.np, self.torch, self.live = np, torch, live
        self.rng = np.random.default_rng(seed)
        self.functional = torch.nn.functional
        self.questions: list[tuple[str, Any]] = []
        torch.set_num_threads(1)

    def draw(self, *shape: int) -> Any:
        """Draw a tensor of float64 numbers that PyTorch keeps a gradient for."""
        return self.torch.tensor(self.rng.normal(size=shape), requires_grad=True)

    def plain(self, tensor: Any) -> Any:
        """Turn a tensor into a locked array."""
        return self.live.locked(tensor.detach().numpy())

    def add(self, theirs: str, place: tuple[str, str, str], given: tuple[Any, ...], expected: Any) -> None:
        """Note a question: PyTorch's name, your exercise, module and function, inputs, and the answer."""
        self.questions.append((theirs, self.live.Question(*place, given, expected)))

    # ------------------------------------------------------------ lessons 1 and 2

    def attention(self) -> None:
        """Ask for softmax and attention, forwards and backwards."""
        torch = self.torch
        scores, upstream = self.draw(2, 3, 5), self.draw(2, 3, 5)
        shares = torch.softmax(scores, dim=1)
        self.add("torch.softmax", ("1.1", "attention", "softmax"), (self.plain(scores), 1),
                 self.plain(shares))
        self.add("its gradient, by autograd", ("1.7", "attention", "softmax_backward"),
                 (self.plain(upstream), self.plain(shares), 1), self.gradients(shares, upstream, scores)[0])
        q, k, v = self.draw(2, 3, 4), self.draw(2, 5, 4), self.draw(2, 5, 6)
        allowed = self.rng.random((2, 3, 5)) < 0.6
        allowed[..., 0] = True  # every query sees something
        mask = torch.tensor(allowed)
        attend = self.functional.scaled_dot_product_attention
        out = attend(q, k, v, attn_mask=mask)
        weights = attend(q, k, torch.eye(5, dtype=torch.float64).expand(2, 5, 5), attn_mask=mask)
        inputs = tuple(map(self.plain, (q, k, v)))
        self.add("torch.nn.functional.scaled_dot_product_attention",
                 ("1.5", "attention", "scaled_dot_product_attention"),
                 (*inputs, self.live.locked(allowed, bool)), (self.plain(out), self.plain(weights)))
        upstream = self.draw(2, 3, 6)
        self.add("its gradients, by autograd",
                 ("2.6", "self_attention", "scaled_dot_product_attention_backward"),
                 (self.plain(upstream), *inputs, self.plain(weights)), self.gradients(out, upstream, q, k, v))

    def gradients(self, out: Any, upstream: Any, *inputs: Any) -> tuple[Any, ...]:
        """Let PyTorch carry a gradient back to the inputs."""
        found = self.torch.autograd.grad(out, inputs, upstream.detach())
        return tuple(map(self.plain, found))

    # ------------------------------------------------------------ lesson 3

    def heads(self) -> None:
        """Ask for several heads, under a causal mask that PyTorch's layer wants the other way round."""
        torch, (batch, length, width, heads) = self.torch, (2, 5, 8, 2)
        layer = torch.nn.MultiheadAttention(width, heads, batch_first=True, dtype=torch.float64)
        for parameter in layer.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
        x = self.draw(batch, length, width)
        allowed = torch.ones(length, length, dtype=torch.bool).tril()
        out, weights = layer(x, x, x, attn_mask=~allowed, average_attn_weights=False)
        self.add("torch.nn.MultiheadAttention", ("3.4", "multi_head", "multi_head_attention"),
                 (self.plain(x), self.attention_parameters(layer), heads,
                  self.live.locked(allowed.numpy(), bool)), (self.plain(out), self.plain(weights)))

    def attention_parameters(self, layer: Any) -> dict[str, Any]:
        """Lay out the parameters of PyTorch's attention as GPT-2 does."""
        return {
            "c_attn": self.projection(layer.in_proj_weight, layer.in_proj_bias),
            "c_proj": self.projection(layer.out_proj.weight, layer.out_proj.bias),
        }

    def projection(self, weight: Any, bias: Any) -> dict[str, Any]:
        """Turn a weight of PyTorch round: [D_out, D_in] -> [D_in, D_out]."""
        return {"weight": self.plain(weight.T), "bias": self.plain(bias)}

    def norm(self, layer: Any) -> dict[str, Any]:
        """Lay out the parameters of a normalisation."""
        return {"weight": self.plain(layer.weight), "bias": self.plain(layer.bias)}

    # ------------------------------------------------------------ lesson 5

    def per_token(self) -> None:
        """Ask for GELU and layer normalisation, forwards and backwards."""
        x, upstream = self.draw(3, 4, 6), self.draw(3, 4, 6)
        for form in ("tanh", "none"):
            layer = self.torch.nn.GELU(approximate=form)
            self.add(f"torch.nn.GELU(approximate={form!r})", ("5.1", "feed_forward", "gelu"),
                     (self.plain(x), form), self.plain(layer(x)))
            self.add("its gradient, by autograd", ("5.2", "feed_forward", "gelu_backward"),
                     (self.plain(upstream), self.plain(x), form), self.gradients(layer(x), upstream, x)[0])
        gamma, beta, eps = self.draw(6), self.draw(6), 0.01
        out = self.functional.layer_norm(x, (6,), gamma, beta, eps)
        arrays = tuple(map(self.plain, (x, gamma, beta)))
        self.add("torch.nn.functional.layer_norm, as in nn.LayerNorm", ("5.3", "feed_forward", "layer_norm"),
                 (*arrays, eps), self.plain(out))
        self.add("its gradients, by autograd", ("5.4", "feed_forward", "layer_norm_backward"),
                 (self.plain(upstream), *arrays[:2], eps), self.gradients(out, upstream, x, gamma, beta))

    # ------------------------------------------------------------ lesson 6

    def block(self) -> None:
        """Ask for a whole block without a mask, which is a layer of an encoder."""
        torch, (width, heads) = self.torch, (8, 2)
        layer = torch.nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.0, activation=torch.nn.GELU(approximate="tanh"),
            batch_first=True, norm_first=True, dtype=torch.float64)
        for parameter in layer.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
        x = self.draw(2, 5, width)
        params = {
            "ln_1": self.norm(layer.norm1), "attn": self.attention_parameters(layer.self_attn),
            "ln_2": self.norm(layer.norm2),
            "mlp": {"c_fc": self.projection(layer.linear1.weight, layer.linear1.bias),
                    "c_proj": self.projection(layer.linear2.weight, layer.linear2.bias)},
        }
        self.add("torch.nn.TransformerEncoderLayer(norm_first=True)",
                 ("6.1", "transformer", "transformer_block"), (self.plain(x), params, heads),
                 self.plain(layer(x)))

    def loss(self) -> None:
        """Ask for the loss and its gradient, with one target that does not count."""
        logits = self.draw(2, 3, 7)
        ids = self.rng.integers(7, size=(2, 3))
        ids[1, 2] = -100
        loss = self.functional.cross_entropy(logits.reshape(6, 7), self.torch.tensor(ids).reshape(6))
        gradient = self.torch.autograd.grad(loss, logits)[0]
        self.add("torch.nn.functional.cross_entropy", ("6.3", "transformer", "cross_entropy"),
                 (self.plain(logits), self.live.locked(ids, int)), (loss.item(), self.plain(gradient)))

    def optimiser(self) -> None:
        """Ask for the third step of AdamW, when its means are no longer zero."""
        settings = {"lr": 0.01, "betas": (0.9, 0.95), "eps": 1e-8}
        tensors = {"weight": self.draw(3, 4), "bias": self.draw(4)}
        adam = self.torch.optim.AdamW([{"params": [tensors["weight"]], "weight_decay": 0.1},
                                       {"params": [tensors["bias"]], "weight_decay": 0.0}], **settings)
        for _ in range(2):
            self.step(adam, tensors)
        before, state = self.trees(adam, tensors, 2)
        gradients = self.step(adam, tensors)
        self.add("torch.optim.AdamW, its third step", ("6.6", "transformer", "adamw_step"),
                 (before, gradients, state, settings["lr"], settings["betas"], settings["eps"], 0.1),
                 self.trees(adam, tensors, 3))

    def step(self, adam: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        """Let PyTorch take a step along random gradients, and give these."""
        for tensor in tensors.values():
            tensor.grad = self.draw(*tensor.shape).detach()
        gradients = {name: self.plain(tensor.grad.clone()) for name, tensor in tensors.items()}
        adam.step()
        return gradients

    def trees(self, adam: Any, tensors: dict[str, Any], steps: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Copy PyTorch's parameters and running means into trees like ours."""
        def tree(name: str) -> dict[str, Any]:
            return {key: self.plain(adam.state[tensor][name].clone()) for key, tensor in tensors.items()}

        params = {name: self.plain(tensor.clone()) for name, tensor in tensors.items()}
        return params, {"step": steps, "m": tree("exp_avg"), "v": tree("exp_avg_sq")}

    def ask(self) -> tuple[int, int, int]:
        """Call your functions, print the verdicts, and count: agree, not written, differ."""
        counts = [0, 0, 0]
        for theirs, question in self.questions:
            verdict, _ = self.live.attempt(question)
            print(f"  {theirs}")
            self.live.say(f"  {question.exercise} {question.function:<37} {verdict}")
            counts[{"agrees": 0, "not written yet": 1}.get(verdict, 2)] += 1
        return counts[0], counts[1], counts[2]


def main() -> int:
    """Compare everything, and say what it means."""
    parser = argparse.ArgumentParser(description="Put your functions beside PyTorch's.")
    parser.add_argument("--seed", type=int, default=0, help="draw other inputs (0)")
    seed = parser.parse_args().seed
    found = parts()
    if isinstance(found, str):
        print(f"{found}\nInstall it into the environment of the course, and run this again.")
        return 2
    np, torch, live = found
    live.prepare_terminal()
    print(f"PyTorch {torch.__version__}, NumPy {np.__version__}, numbers drawn with seed {seed}\n")
    torch.manual_seed(seed)
    comparison = Comparison(np, torch, live, seed)
    for part in (comparison.attention, comparison.heads, comparison.per_token, comparison.block,
                 comparison.loss, comparison.optimiser):
        part()
    agree, missing, differ = comparison.ask()
    print(f"\n{agree} agree to 6 decimals, {missing} are not written yet, {differ} differ or fail.\n")
    print("What PyTorch does in another way:")
    for note in NOTES:
        live.say(f"- {note}")
    if differ:
        print("\nTake the first that differs, and ask `grader check` about it: it says more than this can.")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
