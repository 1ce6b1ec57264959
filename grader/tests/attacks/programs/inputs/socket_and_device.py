"""Tried: a socket and (as root) /dev/zero in the package.

Must: set aside at once.
"""
import os
import socket
import stat


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(str(kit.folder / "minigpt/plug.py"))
    if os.geteuid() == 0:
        os.mknod(kit.folder / "minigpt/endless.py", stat.S_IFCHR | 0o666, os.makedev(1, 5))
