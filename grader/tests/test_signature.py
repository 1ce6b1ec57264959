"""Signatures: what is signed, what is refused, and what a signed result may claim."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import UsageError
from grader.result import Isolation, Result, dumps, from_json, loads, read_result, sign, to_json, verify
from grader.result.signature import canonical, key_name
from grader.tests.result_samples import all_passed, mixed, result
from grader.tests.test_cli import Engine, Run, engine, run
from grader.tests.test_result import RESULT

__all__ = ["engine", "run"]
KEY = b"the teacher's key of this year"
OTHER_KEY = b"a key that somebody else has made"


def leaves(value: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List the places of all plain values in JSON data."""
    if isinstance(value, dict):
        return [p for name, member in value.items() for p in leaves(member, (*place, name))]
    if isinstance(value, list):
        return [p for index, item in enumerate(value) for p in leaves(item, (*place, index))]
    return [place]


def altered(data: dict[str, object], place: tuple[str | int, ...]) -> object:
    """Change one value of JSON data a little, so that it keeps its kind."""
    copy = json.loads(json.dumps(data))
    holder = copy
    for step in place[:-1]:
        holder = holder[step]
    old = holder[place[-1]]
    if isinstance(old, str):
        holder[place[-1]] = old[:-1] + ("1" if old[-1:] != "1" else "2")
    elif old is None:
        holder[place[-1]] = "2" * 64
    else:
        holder[place[-1]] = old - 1 if old else 1
    return copy


@settings(max_examples=60)
@given(RESULT, st.binary(min_size=16, max_size=80))
def test_a_signed_result_survives_its_file(made: Result, key: bytes) -> None:
    """What was signed verifies after the way to JSON text and back."""
    verify(loads(dumps(sign(made, key))), key)


def test_every_changed_value_is_found() -> None:
    """There is no value in the file, but the signature itself, that can be changed unseen."""
    data = to_json(sign(mixed(), KEY))
    places = [place for place in leaves(data) if place != ("signature",)]
    assert len(places) > 100
    found = 0
    for place in places:
        try:
            changed = from_json(altered(data, place))
        except UsageError:  # the form itself refuses it
            continue
        found += 1
        with pytest.raises(UsageError, match="this result was changed after it was signed"):
            verify(changed, KEY)
    assert found > 80


def test_what_is_signed_is_plain_sorted_ascii() -> None:
    """The canonical form does not depend on the order of keys, on spaces, or on the signature."""
    signed = sign(mixed(), KEY)
    text = canonical(signed).decode("ascii")
    assert text == canonical(replace(signed, signature=None)).decode()
    data = json.loads(text)
    assert text == json.dumps(data, sort_keys=True, separators=(",", ":"))
    assert data == {name: value for name, value in to_json(signed).items() if name != "signature"}


def test_the_signature_tells_nothing_of_the_key() -> None:
    """It has the stated form, names the key by a digest, and the same result gives the same one."""
    signed = sign(mixed(), KEY)
    assert re.fullmatch(rf"hmac-sha256:{key_name(KEY)}:[0-9a-f]{{64}}", signed.signature or "")
    assert sign(signed, KEY) == signed
    assert KEY.decode() not in dumps(signed)


REFUSED = {
    "unsigned": (
        mixed(), None,
        "f.json: this result is not signed.\n"
        "  Next: a result is signed where it is graded: grader grade SUBMISSION --key FILE --json F",
    ),
    "unknown form": (
        replace(mixed(), signature="md5:abc"), None,
        "f.json: this result has a signature of an unknown form.\n"
        "  Next: take the file that the grader wrote, or grade again.",
    ),
    "another key": (
        sign(mixed(), OTHER_KEY), None,
        f"f.json: this result was signed with another key: with {key_name(OTHER_KEY)}, "
        f"and yours is {key_name(KEY)}.\n"
        "  Next: give the key that it was signed with, or grade again.",
    ),
    "edited": (
        replace(sign(mixed(), KEY), score=90), None,
        "f.json: this result was changed after it was signed.\n"
        "  Next: take the file that the grader wrote, or grade again.",
    ),
    "another submission": (
        sign(mixed(), KEY), "bob",
        "f.json: this is the result of another submission: of 'ada' at commit bbbbbbbbbbbb, not of 'bob'.\n"
        "  Next: take that submission's own result, or grade it.",
    ),
    "renamed in the file": (
        replace(sign(mixed(), KEY), submission=replace(mixed().submission, id="bob")), "bob",
        "f.json: this result was changed after it was signed.\n"
        "  Next: take the file that the grader wrote, or grade again.",
    ),
    "half a commit": (
        sign(mixed(), KEY), "bbbbbb",
        "f.json: this is the result of another submission: "
        "of 'ada' at commit bbbbbbbbbbbb, not of 'bbbbbb'.\n"
        "  Next: take that submission's own result, or grade it.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("made", "submission", "text"), REFUSED.values(), ids=REFUSED)
def test_a_result_that_is_not_the_signed_one_is_refused(
    made: Result, submission: str | None, text: str
) -> None:
    """Each way to be wrong has its own sentence and next step."""
    with pytest.raises(UsageError) as refused:
        verify(made, KEY, submission=submission, where="f.json")
    assert str(refused.value) == text


@pytest.mark.parametrize("word", ["ada", "b" * 40, "b" * 7, "c" * 64])
def test_a_submission_is_known_by_id_commit_or_digest(word: str) -> None:
    """All three names of the submission are accepted, and the beginning of a commit."""
    verify(sign(mixed(), KEY), KEY, submission=word)


def test_a_signature_of_another_result_does_not_fit() -> None:
    """A signature cannot be moved to a better result."""
    worse, better = sign(mixed(), KEY), all_passed()
    with pytest.raises(UsageError, match="changed after it was signed"):
        verify(replace(better, signature=worse.signature, trust=worse.trust), KEY)


@pytest.mark.parametrize(
    ("made", "trust"),
    [
        (all_passed(), "authoritative"),
        (replace(all_passed(), isolation=Isolation("kernel+")), "authoritative"),
        (replace(all_passed(), isolation=Isolation("process")), "advisory"),
        (all_passed(unchecked=10), "advisory"),
        (result(), "advisory"),
    ],
    ids=["kernel", "kernel+", "process", "public tests only", "nothing graded"],
)
def test_trust_needs_hidden_tests_a_box_and_a_signature(made: Result, trust: str) -> None:
    """Signing makes a result authoritative only where the tests were whole and the code was confined."""
    assert made.trust == "advisory"
    assert sign(made, KEY).trust == trust
    assert sign(replace(made, trust="authoritative"), KEY).trust == trust


# The commands


def key_file(folder: Path, key: bytes = KEY) -> Path:
    """Write a key."""
    file = folder / "key"
    file.write_bytes(key + b"\n")
    return file


def test_the_command_says_what_was_signed(run: Run, tmp_path: Path) -> None:
    """A good result is told in two sentences, exit 0; whose result it is can be asked for."""
    file = tmp_path / "r.json"
    file.write_text(dumps(sign(mixed(), KEY)))
    said = run("verify-result", file, "--key", key_file(tmp_path), "--submission", "ada")
    assert said == (0, (
        "This result is as it was signed: ada, commit bbbbbbbbbbbb, 25 of 90 points, "
        "graded 2026-11-23T12:00:00Z.\nIt is advisory; isolation kernel.\n"
    ), "")  # fmt: skip


@pytest.mark.parametrize("name", ["unsigned", "another key", "edited", "another submission"])
def test_the_command_refuses(run: Run, tmp_path: Path, name: str) -> None:
    """A bad result exits 2 with its own sentence, and nothing on stdout."""
    made, submission, text = REFUSED[name]
    file = tmp_path / "r.json"
    file.write_text(dumps(made))
    words = ["--submission", submission] if submission else []
    said = run("verify-result", file, "--key", key_file(tmp_path), *words)
    assert said == (2, "", "Error: " + text.replace("f.json", str(file), 1) + "\n")


def test_the_key_may_come_from_the_environment(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GRADER_KEY serves where there is no --key; without both, the command says how to give one."""
    monkeypatch.delenv("GRADER_KEY", raising=False)
    file = tmp_path / "r.json"
    file.write_text(dumps(sign(all_passed(), KEY)))
    said = run("verify-result", file)
    assert said == (2, "", "Error: there is no key to verify with.\n  Next: name its file with --key FILE, "
                           "or put it into the variable GRADER_KEY.\n")  # fmt: skip
    monkeypatch.setenv("GRADER_KEY", KEY.decode())
    assert run("verify-result", file).code == 0


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (b"short", "a key has 16 to 4096 bytes, this one has 5.\n  Next: make one with: python -c "
                   '"import secrets; print(secrets.token_hex(32))"\n'),
        (b"k" * 5000, "a key has 16 to 4096 bytes, this one has 4097.\n  Next: make one with: python -c "
                      '"import secrets; print(secrets.token_hex(32))"\n'),
        (None, "the key cannot be read: No such file or directory.\n"
               "  Next: name a file that you can read.\n"),
    ],
    ids=["short", "long", "missing"],
)  # fmt: skip
def test_a_bad_key_is_refused(run: Run, tmp_path: Path, key: bytes | None, text: str) -> None:
    """A key that is short, endless or missing is an error that names its file."""
    file = key_file(tmp_path, key) if key else tmp_path / "nowhere"
    said = run("verify-result", tmp_path / "r.json", "--key", file)
    assert said == (2, "", f"Error: {file}: {text}")


def test_a_file_that_is_no_result_is_refused(run: Run, tmp_path: Path) -> None:
    """A missing file, a folder, and bytes that are no text each have their sentence."""
    bad = tmp_path / "bad"
    bad.write_bytes(b"\xff\xfe")
    for place, problem in [
        (tmp_path / "nowhere", "this file cannot be read: No such file or directory."),
        (tmp_path, "this file cannot be read: Is a directory."),
        (bad, "this is not UTF-8 text."),
    ]:
        with pytest.raises(UsageError, match=re.escape(f"{place}: {problem}\n  Next: ")):
            read_result(place)
    said = run("verify-result", bad, "--key", key_file(tmp_path))
    assert said.code == 2


def test_grade_signs_with_the_teachers_key(run: Run, engine: Engine, tmp_path: Path) -> None:
    """`grade --key` writes an authoritative result, and the same run without a key an advisory one."""
    signed, plain = tmp_path / "signed.json", tmp_path / "plain.json"
    assert run("grade", "ada", "--key", key_file(tmp_path), "--json", signed).code == 0
    assert run("grade", "ada", "--json", plain).code == 0
    assert read_result(signed).trust == "authoritative"
    verify(read_result(signed), KEY, submission="ada")
    assert read_result(plain) == engine.result
    assert read_result(plain).trust == "advisory"
