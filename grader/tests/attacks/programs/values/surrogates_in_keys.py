"""Tried: texts that are no UTF-8, line ends and controls in the keys of dicts, and as answers.

Must: refused, or shown as escapes.
Lesson: 5
"""
ODD = ["\udcff", "a\n::error::FORGED", "\x1b]0;FORGED\x07", "\u202eFORGED", "\0", "##[error]FORGED", "<script>FORGED", "[red]FORGED[/red]"]
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    odd = {ODD[(count + i) % len(ODD)]: np.zeros(1) for i in range(4)}
    return (np.zeros(1), odd) if "backward" in honest.__name__ else ODD[count % len(ODD)]


answer_with(answer)
