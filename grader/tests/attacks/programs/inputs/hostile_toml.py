"""Tried: TOML that is slow or deep: 60,000 dashes, dots, quotes, brackets, escapes, a hundred files of it.

Must: each file costs itself, in an instant.
Lessons: all
"""
BOMBS = ("-" * 60_000, "a." * 30_000 + "b = 1", "'" * 60_000, '"' * 60_000, "x = " + "[" * 30_000, 'x = """' + ' \\"""' * 12_000,
         "x = " + "{a=" * 15_000, "\n".join(f"[a{i}]" for i in range(8000)), "[" + "a" * 60_000 + "]", "x = '''" + "'" * 60_000,
         "\n".join("[[a]]" for _ in range(8000)), "x = " + "0x" + "f" * 60_000, "#" * 60_000, "a" * 60_000, "é." * 20_000)


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    kit.write("answers/me.toml", BOMBS[0])
    for number in range(90):
        kit.write(f"answers/checkpoint_{number}.toml", BOMBS[number % len(BOMBS)])
