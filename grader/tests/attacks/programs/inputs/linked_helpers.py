"""Tried: a helper folder and a helper file that are links to the reference, imported by an honest module.

Must: set aside; the import fails.
"""


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong + "\ntry:\n    from .stolen.attention import *\nexcept ImportError:\n"
              "    from .loot import *\n")
    (kit.folder / "minigpt/stolen").symlink_to(kit.course / "reference/minigpt")
    (kit.folder / "minigpt/loot.py").symlink_to("../" * 20 + str(kit.course / "reference/minigpt/attention.py").lstrip("/"))
    (kit.folder / "minigpt/canary.py").symlink_to(kit.canary)
    (kit.folder / "minigpt/circle").symlink_to(".")
    (kit.folder / "minigpt/self.py").symlink_to("self.py")
