"""Tried: numbers of thousands of digits, in tens and sixteens, infinities, nan, dates and booleans as answers.

Must: another number than asked for, or no number; never an error of the grader's own.
Lessons: all
"""


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    kit.write("answers/me.toml", 'id = "eve"\n')
    huge = "0x" + "f" * 20_000
    kit.write("answers/checkpoint_1.toml",
              f"[two-words]\nscores = {huge}\nweights = [nan, inf]\nout = 1e400\n[roles]\nanswer = {huge}\n"
              f"[who-decides]\nanswer = [{huge}, true, 1979-05-27]\n[to-a-friend]\ntext = {huge}\n")
    kit.write("answers/checkpoint_3.toml", "[x]\ny = " + "9" * 4299 + "\n")
    kit.write("answers/checkpoint_6.toml", "[x]\ny = " + "9" * 60_000 + "\n")
