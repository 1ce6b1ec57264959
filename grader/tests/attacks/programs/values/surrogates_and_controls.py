"""Tried: texts with half surrogates, NUL, escape sequences and workflow commands as answers.

Must: refused or neutralised.
"""
count = 0
TEXTS = ["\ud800", "\x00", "\x1b[2J::error::FORGED", "\n::error::FORGED\r##[error]FORGED\n", "\u202eFORGED", "<script>FORGED"]


def answer(honest, args, kwargs):
    global count
    count += 1
    text = TEXTS[count % len(TEXTS)]
    return text if count % 2 else {text.replace("\ud800", "k"): text}


answer_with(answer)
