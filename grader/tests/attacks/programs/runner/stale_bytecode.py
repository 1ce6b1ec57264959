"""Tried: compiled files whose source is not there, or is other than it seems (a hash that is never checked).

Must: bytecode is never read.
"""
import importlib.util
import marshal


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    code = compile(kit.right + f"\nopen('/tmp/{kit.marker}', 'w')\n", "minigpt/attention.py", "exec")
    data = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + marshal.dumps(code)
    for tag in ("cpython-311", "cpython-312", "cpython-313"):
        kit.write(f"minigpt/__pycache__/attention.{tag}.pyc", data)
        kit.write(f"minigpt/__pycache__/__init__.{tag}.pyc", data)
    kit.write("minigpt/attention.pyc", data)
    kit.write("attention.pyc", data)
