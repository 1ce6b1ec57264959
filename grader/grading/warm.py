"""Set pytest up once for a process: options parsed, plugins loaded. Each submission is a session of its own.

Parsing options and loading plugins costs pytest more than running the tests of a lesson. So the first
`pytest.main` is stopped before its session, its configuration is kept, and every run asks the same
`pytest_cmdline_main` hook for a fresh session, with plugins of its own that are gone afterwards.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pytest_jsonreport.plugin import JSONReport

import grader.testing.plugin
from grader.errors import GraderError

_OPTIONS = (
    "-c", os.devnull, "--import-mode=importlib", "--tb=no", "-qqq", "--no-header", "--no-summary",
    "--strict-markers", "-p", "no:assertion", "-p", "no:capture", "-p", "no:unittest",
    "-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "no:threadexception",
    "-p", "no:faulthandler", "-p", "no:doctest", "-p", "no:junitxml", "-p", "no:pastebin",
    "-p", "no:stepwise", "-p", "no:debugging", "-p", "no:warnings", "-p", "no:logging",
    "-p", "no:skipping", "-p", "no:setuponly", "-p", "no:setupplan", "-p", "no:tmpdir",
    "-p", "no:monkeypatch", "-p", "no:recwarn", "-p", "no:subtests",
    "-p", "pytest_jsonreport.plugin", "-p", "grader.testing.plugin", "--json-report-file=none",
    "--json-report-omit", "collectors", "log", "streams", "warnings", "keywords", "traceback",
)
_ROOT = Path(grader.testing.plugin.__file__).parent
"""What pytest takes for its root: a folder of ours, which stays, and to which nothing is written."""
_WITH_FIXTURES = (grader.testing.plugin, pytest)


class Record(JSONReport):  # type: ignore[misc] # pytest-json-report has no types
    """The record of one run. The hooks that pytest-json-report adds are there from the first one on."""

    pytest_addhooks = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Give the session the old name of its path, which pytest itself takes away after its first run."""
        super().pytest_sessionstart(session)
        session.fspath = session.path


class _Keeper:
    """Keeps the configuration of the first `pytest.main`, and lets it begin no session."""

    config: pytest.Config | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int | None:
        """Stop the first time only."""
        if self.config is not None:
            return None
        self.config = config
        return 0


class WarmPytest:
    """A pytest that is ready to run."""

    def __init__(self) -> None:
        before = Path.cwd()
        os.chdir(_ROOT)
        try:
            self._config = self._set_up()
        finally:
            os.chdir(before)
        manager = self._config.pluginmanager
        self._plugins = dict(manager.list_name_plugin())
        self._registered = manager.hook.pytest_plugin_registered
        self._keep_fixtures_only()
        self._runs = 0

    @staticmethod
    def _set_up() -> pytest.Config:
        keeper, first = _Keeper(), JSONReport()
        options = ["--rootdir", str(_ROOT), "--confcutdir", str(_ROOT), *_OPTIONS]
        with silence() as said:
            pytest.main(options, plugins=[keeper, first])
        if keeper.config is None:
            raise GraderError(f"pytest cannot be set up: {said.getvalue()[-500:] or 'no message'}",
                              fix="install the versions of pytest and pytest-json-report that we name")
        keeper.config.pluginmanager.unregister(first)
        return keeper.config

    def _keep_fixtures_only(self) -> None:
        """Forget which plugins were registered, but for ours: pytest would look for fixtures in all of them.

        It asks them anew in every session, and that takes as long as it takes to run some tests.
        """
        history = getattr(self._registered, "_call_history", None)
        if history is not None:
            history[:] = [call for call in history if call[0].get("plugin") in _WITH_FIXTURES]

    def run(self, files: list[str], session: object) -> tuple[int, JSONReport]:
        """Run test files in a new session with these plugins; give pytest's code and the record."""
        self._runs += 1
        if self._runs == 2:  # noqa: PLR2004 - what the first run imported stays for good
            gc.freeze()
        record, manager = Record(), self._config.pluginmanager
        self._config.args = files
        try:
            manager.register(record)
            manager.register(session)
            self._keep_fixtures_only()  # neither of the two has any
            code: int = self._config.hook.pytest_cmdline_main(config=self._config)
        finally:
            for name, plugin in manager.list_name_plugin():
                if plugin is not None and self._plugins.get(name) is not plugin:
                    manager.unregister(plugin)
            self._keep_fixtures_only()
        return code, record


@contextlib.contextmanager
def silence() -> Iterator[io.StringIO]:
    """Keep what is printed from the terminal; give it."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        yield said


@cache
def pytest_of_this_process() -> WarmPytest:
    """Give the pytest of this process, ready to run."""
    return WarmPytest()
