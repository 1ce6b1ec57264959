"""Honest: a file saved on Windows, with a byte-order mark and CRLF."""


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    kit.write("minigpt/attention.py", b"\xef\xbb\xbf" + kit.right.replace("\n", "\r\n").encode())
