"""Attacks on the grader: programs that cheat, and the harness that runs each of them for real."""
