"""Tried: a .git whose HEAD points outside, is a pipe, a link to a secret or full of escape sequences.

Must: no commit is shown, and nothing outside is read.
"""
import os


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    kit.write(".git/HEAD", "ref: refs/heads/../../../../../../../../" + str(kit.canary).lstrip("/") + "\n")
    kit.write(".git/config", "[core]\n\tfsmonitor = touch /tmp/" + kit.marker + "\n\tsshCommand = touch /tmp/" + kit.marker + "\n")
    kit.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch /tmp/" + kit.marker + "\n")
    os.mkfifo(kit.folder / ".git/packed-refs")
