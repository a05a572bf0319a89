# SPDX-License-Identifier: MIT
"""Policies tested like code: scenario files, run from Python."""
from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

from . import _core
from ._engine import _MACHINES, Engine
from ._handle import SharedHandle
from ._manifests import Manifests, Path, flags_of

_KINDS = {_core.ITEM_CASE: "case", _core.ITEM_INVARIANT: "invariant"}


@dataclass(frozen=True, slots=True)
class ScenarioItem:
    """One thing to test: a case or an invariant."""

    name: str  #: as given, or made of what is tested; names may repeat
    kind: str  #: "case" or "invariant"
    line: int  #: where it begins in its file, from 1


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """What came of an item."""

    name: str
    kind: str
    line: int
    column: int
    outcome: str  #: "passed", "failed", or "unanswered": it could not be tested
    message: str  #: what is wrong, in one line; "" if it passed
    explanation: str  #: each flow that is wrong, and what decided it; "" if it passed
    checks: int  #: how many questions were asked
    failed: int  #: how many of them came out wrong
    depends: tuple[str, ...]  #: what network plug-ins see differently

    @property
    def passed(self) -> bool:
        """Whether all is as the scenario says."""
        return self.outcome == "passed"


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """How many flows of cases a rule decided. None: if it were deleted, no case would tell."""

    policy: str
    kind: str
    direction: str
    rule: int | None  #: None: that the policy isolates
    source: str | None
    line: int
    decided: int


class ScenarioReport(SharedHandle, Sequence[ScenarioResult]):
    """The results of a run, in the order of the file. True if all passed."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        report = json.loads(self.to_json())["reports"][0]
        self._results = [_result(row) for row in report["items"]]
        #: of each rule of each policy
        self.coverage: list[RuleCoverage] = [
            RuleCoverage(row["policy"], row["kind"], row["direction"], row["rule"],
                         row.get("source"), row.get("line") or 0, row["decided"])
            for row in report["coverage"]["rows"]]

    def __bool__(self) -> bool:
        return all(result.passed for result in self._results)

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[ScenarioResult]:
        return iter(self._results)

    @overload
    def __getitem__(self, at: int) -> ScenarioResult: ...
    @overload
    def __getitem__(self, at: slice) -> list[ScenarioResult]: ...
    def __getitem__(self, at: int | slice) -> ScenarioResult | list[ScenarioResult]:
        return self._results[at]

    def text(self, *, coverage: bool = False, quiet: bool = False) -> str:
        """What ``netpol test`` prints.

        :param coverage: which rules decided in no case, too.
        :param quiet: nothing about what passed.
        """
        flags = ((_core.REPORT_COVERAGE if coverage else 0)
                 | (_core.REPORT_QUIET if quiet else 0))
        return str(_core.scenario_report_write(self._handle, _core.FORMAT_TEXT, flags))

    def to_json(self) -> str:
        """The bytes of ``netpol test -o json``."""
        return str(_core.scenario_report_write(self._handle, _core.FORMAT_JSON, 0))

    def to_junit(self) -> str:
        """XML that continuous integration reads: the bytes of ``netpol test -o junit``."""
        return str(_core.scenario_report_write(self._handle, _core.FORMAT_JUNIT, 0))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        good = sum(result.passed for result in self._results)
        return f"<netpol.ScenarioReport: {good} of {len(self)} passed>"


def _result(row: dict[str, Any]) -> ScenarioResult:
    return ScenarioResult(row["name"], row["kind"], row["line"], row["column"], row["outcome"],
                          row["message"], row["explanation"], row["checks"], row["failed"],
                          tuple(row["depends"]))


class Scenario(SharedHandle):
    """A scenario file: what must be allowed and denied, and what must hold for every pod.

    The page docs/scenarios.md tells the format. Made by :meth:`load` and :meth:`loads`.

    >>> bool(netpol.Scenario.load("examples/db-policy/scenario.yaml").run())
    True
    """

    def __init__(self, handle: Any, name: str) -> None:
        self._handle = handle
        #: the file, as given
        self.name = name
        #: what is tested, in the order of the file: cases, then invariants
        self.items: tuple[ScenarioItem, ...] = tuple(
            ScenarioItem(_core.scenario_item_name(handle, i),
                         _KINDS[_core.scenario_item_kind(handle, i)],
                         int(_core.scenario_item_line(handle, i)))
            for i in range(_core.scenario_count(handle)))

    @classmethod
    def load(cls, path: Path, *, keep_going: bool = False) -> Scenario:
        """Reads a scenario file; its manifests are read by :meth:`compile`.

        :param keep_going: go on without policies that are invalid.
        :raises LoadError: the file cannot be read.
        :raises InvalidError: it is broken; the exception carries all diagnostics.
        """
        name = os.fspath(path)
        return cls(_core.scenario_read(name, flags_of(keep_going=keep_going)).this, name)

    @classmethod
    def loads(cls, text: str | bytes, *, name: str = "<memory>",
              keep_going: bool = False) -> Scenario:
        """Takes a scenario from memory; its manifests are looked for from the folder of ``name``."""
        flags = flags_of(keep_going=keep_going)
        return cls(_core.scenario_read_memory(name, text, flags).this, name)

    def compile(self, more: Manifests | None = None, *,
                engine: Literal["compiled", "reference"] = "compiled") -> Engine:
        """Makes the engine that the scenario is about.

        :param more: more objects, or replacements of those that the scenario names.
        :raises NetpolError: its manifests cannot be read, or are invalid.
        """
        if engine not in _MACHINES:
            raise ValueError(f"engine must be compiled or reference, not {engine!r}")
        if more is not None and not isinstance(more, Manifests):
            raise TypeError(f"more must be Manifests, not {more!r}")
        added = None if more is None else more._current()
        return Engine(_core.scenario_compile(self._handle, added, _MACHINES[engine]).this)

    def run(self, engine: Engine | None = None, *, item: int | None = None) -> ScenarioReport:
        """Runs all items, or one.

        :param engine: what is tested; None: :meth:`compile`'s.
        :param item: its number, from 0.
        """
        if engine is not None and not isinstance(engine, Engine):
            raise TypeError(f"engine must be an Engine, not {engine!r}; of other manifests, "
                            "scenario.compile(manifests) makes one")
        if item is not None and not 0 <= item < len(self.items):
            raise IndexError(f"there are {len(self.items)} items, so none has the number {item}")
        tested = self.compile() if engine is None else engine
        number = -1 if item is None else item
        return ScenarioReport(_core.scenario_run(self._handle, tested._handle, number).this)

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"<netpol.Scenario {self.name}: {len(self)} items>"
