"""Tried: take over the worker's loop and answer each request oneself, with verdicts instead of values.

Must: a value is all that can be answered; a verdict is a broken protocol.
"""
loop = attempt(server)


def serve():
    kinds = ("value", "passed", "inspection", "loaded", "ready", "result")
    number = 0
    while True:
        number += 1
        header, payload = loop._pipes.receive()
        loop._id = header["id"]
        if header["op"] == "begin":
            loop._send("value", v=None, g=[], w=[], p=0)
        else:
            kind = kinds[number % len(kinds)]
            loop._send(kind, v={"score": 100}, g=[], w=[], p=0, functions={}, layers=["seccomp"])


loop._send("value", v=None, g=[], w=[], p=0)
serve()
