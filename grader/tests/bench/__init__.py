"""Benchmarks: `python -m grader.tests.bench` prints every figure beside its baseline, of one run."""
