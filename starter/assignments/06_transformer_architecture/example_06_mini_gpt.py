"""See a mini-GPT learn to write stories: first a recorded one, and then your own.

    python assignments/06_transformer_architecture/example_06_mini_gpt.py
    python assignments/06_transformer_architecture/example_06_mini_gpt.py --steps 1500
    python assignments/06_transformer_architecture/example_06_mini_gpt.py --svg curve.svg
    python assignments/06_transformer_architecture/example_06_mini_gpt.py --plot

The first part needs no exercise to be solved; its numbers are recorded in example_06_mini_gpt.json.
The second part checks exercises 6.1 to 6.9 on a tiny model, and when all of them agree, it trains a model
with your functions, for about half a minute. --steps 0 leaves that out.
Nothing is written to disk, unless you ask for a picture with --svg.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

try:
    import numpy as np
except ImportError:  # the story of part one works without it
    np = None  # type: ignore[assignment]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RECORD = HERE / "example_06_mini_gpt.json"
STEPS = 400
SHOWN = 64  # characters of a sample's line
WIDEST = 36

Curve = list[tuple[int, float]]


# ---------------------------------------------------------------- part 1: the recorded story


def tell_the_story(record: dict[str, Any]) -> None:
    """Tell how the course's own model learnt."""
    bounds, small, large = record["bounds"], record["small"], record["large"]
    print("A grammar writes tiny stories, one sentence a line. Since we know its rules,")
    print("we know the best possible loss, in nats per character:\n")
    for words, name in (
        ("knows nothing, all characters alike", "uniform"), ("sees one character back", "bigram"),
        ("sees two characters back", "trigram"), ("perfect, in a window of 32", "window_32"),
        ("perfect, in a window of 64", "window_64"), ("perfect, from the first line on", "entropy"),
    ):
        print(f"  {words:<36} {bounds[name]:.3f}")
    print(f"\nThe small model, {small['parameters']:,} parameters, learns (validation loss):\n")
    draw([(step, loss) for step, _, loss in small["curve"]], bounds)
    print("\nWhat it writes on the way:")
    for sample in small["samples"]:
        show_sample(f"after {sample['step']} steps", sample["text"])
    print(f"\nIn the end, {small['grammatical']:.0%} of its sentences are grammatical.")
    print(f"The large model, {large['parameters']:,} parameters and a window of 64,")
    print(f"ends at a loss of {large['curve'][-1][2]:.3f}, with {large['grammatical']:.0%}.")
    tell_agreement(record)


def tell_agreement(record: dict[str, Any]) -> None:
    """Tell how the large model gets a verb right across a clause."""
    for prompt, share in record["large"]["agreement"].items():
        print(f"\n  after '{prompt}' and the like: 'were' with {share:.0%}", end="")
    print("\n\nThe first noun decides, and not the nearest one.")
    attention = record["attention"]
    where = f"Head {attention['head']} of block {attention['layer']}"
    print(f"{where} looks back. A row is the blank after a word;")
    print("what a row lacks went to the line break before the sentence.\n")
    try:
        show = importlib.import_module("minigpt.show")
        shares = np.array(attention["weights"])
        print(show.render_attention(shares, attention["words"], form=show.best_form()), end="")
    except (Exception, SystemExit):  # without NumPy or the package there is no map
        print("  (the map needs NumPy and minigpt/show.py)")


def draw(curve: Curve, bounds: dict[str, float]) -> None:
    """Draw a learning curve as bars, with what each loss has already beaten."""
    highest = max(loss for _, loss in curve)
    for step, loss in curve:
        bar = "#" * max(round(WIDEST * loss / highest), 1)
        names = [name for name in ("trigram", "bigram", "uniform") if loss < bounds[name]]
        beaten = f"  below the {names[0]}" if names and names[0] != "uniform" else ""
        print(f"  step {step:>5}  {loss:.3f}  {bar:<{WIDEST}}{beaten}".rstrip())


def show_sample(title: str, text: str, n_lines: int = 3) -> None:
    """Print the first lines that a model wrote."""
    print(f"  {title}:")
    for line in text.split("\n")[:n_lines]:
        print(f"    {line[:SHOWN]}".rstrip())


# ---------------------------------------------------------------- part 2: your functions


def tiny_model() -> Any:
    """Make a tiny model with 5 tokens, 6 positions, width 4 and one block; all its numbers are waves."""
    parameters = importlib.import_module("minigpt.parameters")
    live = importlib.import_module("minigpt.live")
    made = parameters.init_gpt(np.random.default_rng(0), 5, 6, 1, 4, np.float64)
    seen = 0

    def wave(array: Any) -> Any:
        nonlocal seen
        seen += array.size
        return live.locked(np.sin(np.arange(seen - array.size, seen) * 1.7).reshape(array.shape))

    return parameters.tree_map(wave, made)


def calls() -> dict[str, tuple[str, tuple[Any, ...]]]:
    """Give the calls of part two: exercise, function, arguments."""
    locked = importlib.import_module("minigpt.live").locked
    params = tiny_model()
    ids, targets = locked([[0, 1, 2, 1], [3, 3, 4, 0]], int), locked([[1, 2, 1, 4], [3, 4, 0, -100]], int)
    stream = locked([[[1, 0, 2, -1], [0, 1, 1, 3], [2, 2, 0, 1]]])
    causal = locked([[1, 0, 0], [1, 1, 0], [1, 1, 1]], bool)
    logits = locked([[2.0, 1.5, 0.5, 0.0, -1.0], [0.0, 3.0, 1.0, 1.0, 2.0]])
    weights = {"w": locked([[1.0, -2.0]]), "b": locked([3.0])}
    slopes = {"w": locked([[4.0, 0.1]]), "b": locked([2.0])}
    return {
        "6.1": ("transformer_block", (stream, params["h"][0], 2, causal)),
        "6.2": ("gpt_forward", (ids, params, 2)),
        "6.3": ("cross_entropy", (logits, locked([0, -100], int))),
        "6.4": ("get_batch", (locked(range(20), int), 3, 6, np.random.default_rng(4))),
        "6.5": ("gpt_loss_and_gradients", (ids, targets, params, 2)),
        "6.6": ("adamw_step", (weights, slopes, None, 0.01, (0.9, 0.95), 1e-8, 0.1)),
        "6.7": ("next_token_probabilities", (logits, 0.8, 4, 0.9)),
        "6.8": ("generate", (ids, params, 2, 4, np.random.default_rng(5), 0.9, 4, 0.95)),
        "6.9": ("train_step", (params, None, ids, targets, 2, 0.01)),
    }


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Lay out tuples and trees as a dict of numbers and arrays, each with its way as its name."""
    if isinstance(value, dict | list | tuple):
        branches = value.items() if isinstance(value, dict) else enumerate(value)
        return {key: leaf for k, branch in branches for key, leaf in flat(branch, f"{name}.{k}").items()}
    return {name.removeprefix("."): value}


def verdict_on(function: str, arguments: tuple[Any, ...], wanted: dict[str, Any]) -> str:
    """Call one function of yours and compare all that it returns, whatever happens."""
    live = importlib.import_module("minigpt.live")
    try:
        yours = getattr(importlib.import_module("minigpt.transformer"), function, None)
        if yours is None:
            return "is missing"
        answer = yours(*arguments)
        if answer is None:
            return "returns nothing"
        got = flat(answer)
        if got.keys() != wanted.keys():
            return "should return one array" if "" in wanted else f"should return {len(wanted)} parts"
        verdicts = {name: str(live.compare(got[name], wanted[name])) for name in wanted}
    except NotImplementedError:
        return "not written yet"
    except (Exception, SystemExit) as problem:  # a function of yours may fail in any way
        return f"raises {live.in_short(problem)}"
    wrong = [f"{name} {words}".strip() for name, words in verdicts.items() if words != "agrees"]
    return wrong[0] if wrong else "agrees"


def ready() -> str | None:
    """Make the package of this repository importable; say why that fails."""
    if np is None:
        return "Your functions need NumPy, which is not installed. Try: pip install numpy"
    # A course's own tree keeps its package in reference/, a student's at the top.
    home = next((h for h in (ROOT, ROOT / "reference") if (h / "minigpt" / "transformer.py").is_file()), None)
    if home is None:
        return f"There is no minigpt/transformer.py in {ROOT}"
    sys.path.insert(0, str(home))
    sys.dont_write_bytecode = True
    for name in ("live", "show", "parameters", "stories", "text", "train", "chat"):
        try:
            importlib.import_module(f"minigpt.{name}")
        except (Exception, SystemExit) as problem:  # a package may be broken in any way
            return f"minigpt/{name}.py is given, but cannot be imported: {type(problem).__name__}: {problem}"
    return None


def all_agree(answers: dict[str, Any]) -> bool:
    """Print a verdict for each exercise; say whether all agree."""
    live = importlib.import_module("minigpt.live")
    try:
        importlib.import_module("minigpt.transformer")
    except (Exception, SystemExit) as problem:  # a module of yours may fail in any way
        live.say(f"minigpt/transformer.py cannot be imported: {live.in_short(problem)}")
        return False
    to_do = []
    for exercise, (function, arguments) in calls().items():
        verdict = verdict_on(function, arguments, answers[exercise])
        live.say(f"{exercise} {function:<26} {verdict}")
        to_do += [] if verdict == "agrees" else [exercise]
    if to_do:
        live.say(f"Solve them in order, and run this again. Next: grader check {to_do[0]}")
    else:
        live.say("All nine agree with the recorded numbers.")
    return not to_do


def train_yours(steps: int, bounds: dict[str, float]) -> Curve | None:
    """Train the small size with your functions, and print what it writes."""
    stories, train, chat, live = (
        importlib.import_module(f"minigpt.{name}") for name in ("stories", "train", "chat", "live")
    )
    print(f"\nNow a model of your own learns for {steps} steps (Ctrl-C stops it):\n")
    text = stories.write_stories(np.random.default_rng(1), 200_000)
    other = stories.write_stories(np.random.default_rng(2), 10_000)
    size = train.SIZES["small"]._replace(steps=steps, warm_up=max(steps // 10, 1))
    try:
        model, points = train.train(text, size, every=max(steps // 8, 1), validation=other)
        print()
        draw([(point.step, point.validation_loss) for point in points], bounds)
        written = chat.complete(model, "", 400, seed=0)
    except KeyboardInterrupt:
        print("\n  Stopped.")
        return None
    except (Exception, SystemExit) as problem:  # your functions may fail here, where sizes are larger
        live.say(f"Your functions stopped the training: {live.in_short(problem)}")
        return None
    show_sample("what it writes", written, 8)
    share = stories.grammatical_share(written)
    print(f"\n  {share:.0%} of these sentences are grammatical; with --steps 1500 there will be more.")
    return [(point.step, point.validation_loss) for point in points]


# ---------------------------------------------------------------- the picture


def svg(curve: Curve, bounds: dict[str, float], title: str) -> str:
    """Draw a learning curve with its bounds, as a picture that stands on its own."""
    last, highest = max(curve[-1][0], 1), bounds["uniform"] * 1.05
    places = [(60 + 400 * step / last, 260 - 220 * min(loss, highest) / highest) for step, loss in curve]
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 310" width="640" height="310" role="img" '
        'font-family="sans-serif" font-size="13">', f"<title>{title}</title>",
        f"<desc>The validation loss falls from {curve[0][1]:.3f} to {curve[-1][1]:.3f} "
        f"in {curve[-1][0]} steps.</desc>",
        '<rect width="640" height="310" rx="8" fill="#ffffff"/>', f'<text x="60" y="24">{title}</text>',
    ]
    for name, words in (("uniform", "knows nothing"), ("bigram", "bigram"), ("trigram", "trigram"),
                        ("window_32", "window bound")):  # fmt: skip
        y = 260 - 220 * bounds[name] / highest
        parts.append(f'<line x1="60" x2="460" y1="{y:.1f}" y2="{y:.1f}" stroke="#c9ced6"/>')
        parts.append(f'<text x="470" y="{y + 4:.1f}" fill="#5b6675">{words}: {bounds[name]:.3f}</text>')
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(f'<polyline points="{points}" fill="none" stroke="#1d5fa6" stroke-width="2.5"/>')
    parts.append('<line x1="60" x2="460" y1="260" y2="260" stroke="#5b6675"/>')
    parts += [f'<text x="60" y="280">0</text><text x="460" y="280" text-anchor="end">{last} steps</text>']
    return "\n".join([*parts, "</svg>", ""])


def plot(curve: Curve, bounds: dict[str, float]) -> None:
    """Show the same curve in a window, if matplotlib is there."""
    try:
        pyplot = importlib.import_module("matplotlib.pyplot")
    except ImportError:
        print("\n--plot needs matplotlib, which is not installed. Try: pip install matplotlib")
        return
    _, axes = pyplot.subplots()
    axes.plot([step for step, _ in curve], [loss for _, loss in curve])
    for name in ("bigram", "trigram", "window_32"):
        axes.axhline(bounds[name], linestyle=":", color="grey")
        axes.text(0, bounds[name], name)
    axes.set(xlabel="steps", ylabel="validation loss, nats per character")
    pyplot.show()


# ---------------------------------------------------------------- the command


def options(arguments: Sequence[str] | None = None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="See a mini-GPT learn to write stories.")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"train yours so long (default {STEPS})")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="also write the learning curve as an SVG")
    parser.add_argument("--plot", action="store_true", help="also show it in a window (matplotlib)")
    wanted = parser.parse_args(arguments)
    if wanted.steps < 0:
        parser.error("--steps must be 0 or more")
    return parser, wanted


def main() -> None:
    """Tell the story, check your functions, train your model, then draw if asked."""
    parser, wanted = options()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a message of yours may hold any character
    try:
        record = json.loads(RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        parser.error(f"cannot read {RECORD.name}: {problem}. Get it again from the course.")
    trouble = ready()
    tell_the_story(record)
    curve, title = [(step, loss) for step, _, loss in record["small"]["curve"]], "The recorded small model"
    print("\nNow your own functions, on a tiny model:")
    if trouble:
        print(f"  {trouble}")
    elif all_agree(record["answers"]) and wanted.steps:
        mine = train_yours(wanted.steps, record["bounds"])
        curve, title = (mine, "Your own model") if mine else (curve, title)
    if wanted.svg:
        try:
            wanted.svg.write_text(svg(curve, record["bounds"], title), encoding="utf-8")
        except OSError as problem:
            parser.error(f"cannot write {wanted.svg}: {problem.strerror}. Choose another place.")
        print(f"\nThe learning curve is in {wanted.svg}.")
    if wanted.plot:
        plot(curve, record["bounds"])


if __name__ == "__main__":
    main()
