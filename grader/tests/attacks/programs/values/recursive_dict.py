"""Tried: a state that contains itself.

Must: refused as too deep.
Lesson: 6
"""
state = {"step": 1}
state["m"] = state["v"] = state
answer_with(lambda honest, args, kwargs: (state, state))
