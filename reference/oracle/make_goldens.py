"""Make the goldens of the lessons: numbers that PyTorch gives, for the hidden tests.

    python reference/oracle/make_goldens.py            write them (needs torch 2.13.0)
    python reference/oracle/make_goldens.py --check    compare them with new ones; exit 1 if they differ

Neither students nor the grader need PyTorch. The same inputs give the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import importlib
import io
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np

Arrays = dict[str, np.ndarray]

HERE = Path(__file__).resolve().parent
ASSIGNMENTS = HERE.parents[1] / "assignments"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold
AGREE = 1e-12  # PyTorch may add up in another order on another processor


def packed(arrays: Arrays) -> bytes:
    """Write arrays as an npz file in which nothing depends on the clock or on the order of a dict."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(arrays):
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", EPOCH), entry.getvalue())
    return target.getvalue()


def differences(old: Arrays, new: Arrays) -> list[str]:
    """Name the arrays that are missing, left over, or not the same up to rounding."""
    names = sorted(old.keys() ^ new.keys())
    for name in sorted(old.keys() & new.keys()):
        a, b = old[name], new[name]
        same = a.dtype == b.dtype and a.shape == b.shape and np.allclose(a, b, rtol=AGREE, atol=AGREE)
        names += [] if same else [name]
    return names


def lessons() -> dict[str, Path]:
    """Map each script goldens_NN.py to the file of goldens that it makes."""
    found = {}
    for script in sorted(HERE.glob("goldens_*.py")):
        number = script.stem.removeprefix("goldens_")
        found[script.stem] = next(ASSIGNMENTS.glob(f"{number}_*/")) / "goldens.npz"
    return found


def maker(script: str) -> ModuleType:
    """Import one lesson's script: `inputs()` draws what goes in, `make()` computes it all with PyTorch."""
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    return importlib.import_module(script)


def main() -> int:
    """Write the goldens, or compare them with new ones."""
    parser = argparse.ArgumentParser(description="Make the goldens of the lessons with PyTorch.")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    check, wrong = parser.parse_args().check, 0
    for script, file in lessons().items():
        new = maker(script).make()
        if not check:
            file.write_bytes(packed(new))
            continue
        with np.load(file, allow_pickle=False) as old:
            names = differences(dict(old), new)
        if names:
            wrong += 1
            print(f"{file.parent.name}/{file.name}: other numbers in {', '.join(names)}; "
                  "run reference/oracle/make_goldens.py and look at the change")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
