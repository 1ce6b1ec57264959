"""Tried: pictures that are scripts, pages, archives, of 5 MB, of no bytes, and a name that leads out of the folder.

Must: a picture is hashed and never opened; a name is looked up in the folder only.
Lessons: all
"""


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    kit.write("answers/me.toml", 'id = "eve"\n')
    kit.write("answers/a.svg", "<svg onload='alert(1)'><!ENTITY x SYSTEM 'file:///etc/passwd'></svg>")
    kit.write("answers/b.png", b"PK\x03\x04" + bytes(100))
    kit.write("answers/c.pdf", bytes(5 << 20))
    kit.write("answers/d.png", b"")
    for name in ("../../../etc/passwd", "a.svg\\u0000.png", "/etc/passwd", "a.svg"):
        kit.write(f"answers/checkpoint_{len(name) % 7}.toml", f'[draw]\nfile = "{name}"\n')
    kit.write("answers/checkpoint_3.toml", '[causal-mask]\nfile = "../reference/answers/x.png"\ntext = ["a"]\n')
