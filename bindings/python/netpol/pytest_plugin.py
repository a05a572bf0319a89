# SPDX-License-Identifier: MIT
"""pytest collects scenario files: each case and each invariant is a test.

Installed with the package, it is on by itself; of a build tree: ``pytest -p netpol.pytest_plugin``. A
scenario is a YAML file that says ``kind: Scenario`` and ``apiVersion: netpol/v1``; others are passed over.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ._engine import Engine
from ._errors import NetpolError
from ._scenario import Scenario, ScenarioResult

_KIND = re.compile(rb"""^kind: *["']?Scenario["']? *(#.*)?\r?$""", re.MULTILINE)
_VERSION = re.compile(rb"""^apiVersion: *["']?netpol/""", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The choices of the plug-in."""
    group = parser.getgroup("netpol", "network policies")
    group.addoption("--netpol-engine", choices=("compiled", "reference"), default="compiled",
                    help="which machinery answers scenario files")
    group.addoption("--no-netpol", action="store_true", help="collect no scenario files")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Scenario files among all files."""
    if parent.config.getoption("--no-netpol") or file_path.suffix not in (".yaml", ".yml"):
        return None
    if not _is_scenario(file_path):
        return None
    made: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return made


def _is_scenario(path: Path) -> bool:
    try:
        text = path.read_bytes()
    except OSError:
        return False
    return bool(_KIND.search(text) and _VERSION.search(text))


class ScenarioFile(pytest.File):
    """A scenario file, whose policies are compiled once."""

    _scenario: Scenario
    _engine: Engine | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """An item a case, an item an invariant."""
        try:
            self._scenario = Scenario.load(_shown(self.path))
        except NetpolError as error:
            raise self.CollectError(_reasons(error)) from None
        seen: dict[str, int] = {}
        for number, item in enumerate(self._scenario.items):
            times = seen[item.name] = seen.get(item.name, 0) + 1
            name = item.name if times == 1 else f"{item.name} ({times})"
            made: ScenarioTest = ScenarioTest.from_parent(self, name=name, number=number)
            made.add_marker(f"netpol_{item.kind}")
            yield made

    def judge(self, number: int) -> ScenarioResult:
        """Runs one item."""
        if self._engine is None:
            machinery: Any = self.config.getoption("--netpol-engine")
            self._engine = self._scenario.compile(engine=machinery)
        return self._scenario.run(self._engine, item=number)[0]


class ScenarioTest(pytest.Item):
    """One case or invariant."""

    def __init__(self, *, number: int, **rest: Any) -> None:
        super().__init__(**rest)
        self._number = number

    def _file(self) -> ScenarioFile:
        assert isinstance(self.parent, ScenarioFile)
        return self.parent

    def runtest(self) -> None:
        """Fails unless the policies do what the scenario says."""
        result = self._file().judge(self._number)
        if not result.passed:
            raise ScenarioFailure(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Why it came out so, without a Python traceback."""
        error = excinfo.value
        if isinstance(error, ScenarioFailure):
            result = error.result
            where = f"{_shown(self.path)}:{result.line}"
            return f"{where}: {result.outcome}: {result.message}\n\n{result.explanation}".rstrip()
        if isinstance(error, NetpolError):
            return _reasons(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The file and the line of the item, for reports."""
        item = self._file()._scenario.items[self._number]
        return self.path, item.line - 1, item.name


class ScenarioFailure(Exception):
    """An item that did not pass."""

    def __init__(self, result: ScenarioResult) -> None:
        super().__init__(result.message)
        self.result = result


def pytest_configure(config: pytest.Config) -> None:
    """Marks to choose by: ``pytest -m netpol_invariant``."""
    config.addinivalue_line("markers", "netpol_case: a case of a scenario file")
    config.addinivalue_line("markers", "netpol_invariant: an invariant of a scenario file")


def _shown(path: Path) -> str:
    """As short as it can be told from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _reasons(error: NetpolError) -> str:
    return "\n".join(map(str, error.diagnostics)) or str(error)
