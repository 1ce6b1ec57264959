"""Tried: print the verdict: a pytest summary, workflow commands, points for the Classroom reporter.

Must: the honest score, and none of it at the start of a line of the grader's output.
"""
LINES = """
=========== 42 passed in 0.01s ===========
::notice title=Autograding complete::Points 100/100
::notice title=Autograding report::{"totalPoints":100,"maxPoints":100}
::set-output name=result::eyJ2ZXJzaW9uIjoxfQ==
##[error]FORGED
\r::error::FORGED
\x1b[2J\x1b[H\x1b]0;FORGED\x07 100/100
"""


def shout():
    os = module("os")
    print(LINES)
    print(LINES, file=sys.stderr)
    for stream in (sys.__stdout__, sys.__stderr__):
        attempt(lambda s=stream: s.write(LINES))
    for fd in (0, 1, 2):
        attempt(lambda f=fd: os.write(f, LINES.encode()))


shout()
before_each_call(shout)
