"""Faults while a submission is graded, and the witnesses that look for what is left afterwards."""
