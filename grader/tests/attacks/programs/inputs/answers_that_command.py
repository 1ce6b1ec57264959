"""Tried: answers full of workflow commands, escape sequences, pages and formulas, in texts, keys and file names.

Must: shown as harmless text, or not at all.
Lessons: all
"""


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    odd = "::error::FORGED\\u001b[2J ##[error] <script>FORGED</script> =HYPERLINK(1) \\u202e"
    kit.write("answers/me.toml", 'id = "eve"\n')
    kit.write("answers/checkpoint_1.toml", f'[to-a-friend]\ntext = "{odd}"\n["{odd}"]\n"{odd}" = "{odd}"\n'
              f'[roles]\nanswer = "{odd}"\n[who-decides]\nanswer = ["{odd}"]\n')
    kit.write("answers/checkpoint_3.toml", f'"{odd}" = 1\n')
    kit.write("answers/\n::error::FORGED.png", b"x")
