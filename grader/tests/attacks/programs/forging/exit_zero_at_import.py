"""Tried: os._exit(0) while the module is imported.

Must: no points, a readable reason.
"""
module("os")._exit(0)
