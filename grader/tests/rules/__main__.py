"""Put every rule on trial: `python -m grader.tests.rules [--only TEXT]`."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

from grader.tests.rules import RULES
from grader.tests.rules.model import evidence


def main() -> int:
    """Give exit code 1 if a rule has no evidence."""
    parser = argparse.ArgumentParser(prog="python -m grader.tests.rules", description=__doc__)
    parser.add_argument("--only", metavar="TEXT", default="", help="rules whose name holds this text")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    chosen = [rule for rule in RULES if options.only in rule.name]
    without = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for rule, problems in zip(chosen, pool.map(lambda rule: evidence(rule, RULES), chosen), strict=True):
            partner = f" (with {rule.partner})" if rule.partner else ""
            print(f"{'BAD' if problems else 'ok '} {rule.file:22} {rule.name}{partner}", flush=True)
            for problem in problems:
                print(f"      {problem}")
            without += bool(problems)
    print(f"{len(chosen)} rules, {without} without evidence.")
    return 1 if without else 0


if __name__ == "__main__":
    sys.exit(main())
