# SPDX-License-Identifier: MIT
"""The manifests of an audit: reading them, what was left out and why, a baseline without pods."""
from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from . import _core
from ._audit_read import path_of
from ._engine import Engine
from ._errors import Diagnostic, diagnostics_of
from ._manifests import Manifests, Path, load
from ._model import (CronJob, DaemonSet, Deployment, Job, NetworkPolicy, Pod, Policy, ReplicaSet,
                     ReplicationController, StatefulSet)

_PODS = (Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An object that the verdicts do not know of."""

    of: str  #: "manifests" or "baseline"
    object: str | None  #: "NetworkPolicy shop/allow-web"; None: the document says no name
    why: str
    source: str | None
    line: int  #: 0: unknown

    def __str__(self) -> str:
        name = f"{self.object}: " if self.object else ""
        return f"{'baseline: ' if self.of == 'baseline' else ''}{name}{self.why}"


Source = Manifests | Path | Iterable[Path]


def given_of(manifests: Any) -> Any:
    """What was given for manifests, if it can be some; paths as a list."""
    if isinstance(manifests, Manifests) or path_of(manifests) is not None:
        return manifests
    several = list(manifests) if isinstance(manifests, Iterable) else [manifests]
    for one in several:
        if path_of(one) is None:
            raise TypeError(f"manifests must be Manifests or paths, not {one!r}")
    return several


def loaded_of(manifests: Source, keep_going: bool) -> Manifests:
    """The manifests that were given, read where they are paths."""
    if isinstance(manifests, Manifests):
        return manifests
    paths = [manifests] if path_of(manifests) is not None else given_of(manifests)
    return load(*map(os.fspath, paths), keep_going=keep_going)


def baseline_of(given: Manifests, proposed: Manifests) -> tuple[Manifests, bool]:
    """A baseline that has pods: its own, or those of the manifests that are proposed.

    True: it took what it lacks from them. Policies are never taken.
    """
    if any(isinstance(value, _PODS) for value in given.objects):
        return given, False
    made = Manifests(given._current(), given._flags, given.diagnostics)
    there = {_identity(value) for value in given.objects}
    for value in proposed.objects:
        if not isinstance(value, Policy) and _identity(value) not in there:
            made.add(value)
    return made, True


def _identity(value: Any) -> tuple[str, str, str]:
    return type(value).__name__, value.metadata.namespace_name, value.metadata.name


def errors_of(handle: Any) -> list[Diagnostic]:
    """Why a cluster does not take an object."""
    found = diagnostics_of(_core.object_validate(handle, None, 0))
    return [d for d in found if d.severity == "error"]


def left_out_of(manifests: Manifests, engine: Engine, of: str) -> list[LeftOut]:
    """What the engine of these manifests was made without."""
    made = [LeftOut(of, d.object, d.message, d.source, d.line)
            for d in manifests.diagnostics if d.severity == "error"]
    made += _invalid(manifests, of)
    # The engine knows best; what it left out for another reason must not be passed over.
    if not made and engine.incomplete:
        made.append(LeftOut(of, None, "some of the input could not be used", None, 0))
    return made


def _invalid(manifests: Manifests, of: str) -> Iterator[LeftOut]:
    store = manifests._store
    for place in store.places():
        value = store.value(place)
        if isinstance(value, Policy):
            handle = store.current(place)
            for error in errors_of(handle):
                yield LeftOut(of, _name_of(value), error.message, _core.object_source(handle),
                              error.line or int(_core.object_line(handle)))


def _name_of(value: Policy) -> str:
    named = isinstance(value, NetworkPolicy) and value.metadata.namespace_name
    return f"{type(value).__name__} {f'{named}/' if named else ''}{value.metadata.name}"
