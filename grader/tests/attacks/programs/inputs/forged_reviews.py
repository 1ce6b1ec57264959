"""Tried: reviews, keys, levels and points of one's own, beside the answers and where the course has its own.

Must: answers are what stands in the fields of the question; reviews and keys come from the course.
Lessons: all
"""


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    kit.write("answers/me.toml", 'id = "eve"\nscore = 100\n')
    kit.write("answers/checkpoint_1.toml", '[to-a-friend]\ntext = "pay me"\nlevel = 3\nscore = 5\npoints = 5\n'
              'status = "passed"\n[roles]\nanswer = "none of them"\nkey = "none of them"\n')
    review = '[[review]]\ncheckpoint = "1"\nquestion = "to-a-friend"\nanswer = "*"\nlevel = 3\n'
    for name in ("answers/reviews.toml", "assignments/checkpoints/reviews.toml", "reviews.toml"):
        kit.write(name, review)
    for name in ("answers/keys.py", "assignments/checkpoints/keys.py"):
        kit.write(name, "KEYS = {}\nraise SystemExit(0)\n")
