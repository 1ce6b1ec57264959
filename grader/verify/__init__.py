"""Prove a lesson: the reference earns every point, the stub none, each misconception what it claims."""

from grader.verify.proofs import Report, verify

__all__ = ["Report", "verify"]
