# SPDX-License-Identifier: MIT
"""What went wrong, as exceptions that carry every diagnostic."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. ``line`` and ``column`` count from 1; 0 means unknown."""

    severity: str  #: "error", "warning" or "note"
    stage: str  #: "syntax", "type", "strict", "validation", "warning" or "cluster"
    code: str  #: stable: "NP0104"
    message: str  #: of validation: byte for byte what the API server says
    hint: str | None  #: what to do
    source: str | None  #: file name as given
    path: str | None  #: field path: "spec.ingress[0].from[1]"
    object: str | None  #: "NetworkPolicy shop/allow-web"
    line: int
    column: int
    document: int  #: number of the document in its source, from 0
    item: int  #: number of the item in a List, from 0; -1: not in a list

    def __str__(self) -> str:
        where = self.source or ""
        if where and self.line:
            where += f":{self.line}:{self.column}"
        text = f"{where}: " if where else ""
        return f"{text}{self.severity}: {self.message} [{self.code}]"


class NetpolError(Exception):
    """Something could not be done. ``diagnostics`` says why, in the order of finding."""

    def __init__(self, message: str, diagnostics: Iterable[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.diagnostics)


class LoadError(NetpolError, ValueError):
    """Manifests could not be read, or not all of them."""


class InvalidError(NetpolError, ValueError):
    """What was given is wrong: an invalid policy, a question that has no answer."""


class NotFoundError(NetpolError, LookupError):
    """There is no such pod, policy, field or document."""


class LimitError(NetpolError):
    """A limit was met."""


class MisuseError(NetpolError, TypeError):
    """A call without something that it needs, or with a kind of object that it cannot use."""


_CLASSES: dict[str, type[NetpolError]] = {
    "i/o": LoadError,
    "invalid": InvalidError,
    "not found": NotFoundError,
    "limit": LimitError,
    "misuse": MisuseError,
}

#: of failures without a diagnostic
_WORDS = {
    "not found": "there is no object of this kind and name",
    "misuse": "an argument is missing, or an object of this kind is of no use here",
}


def diagnostics_of(rows: Iterable[tuple[Any, ...]]) -> tuple[Diagnostic, ...]:
    """Rows of the extension as diagnostics."""
    return tuple(Diagnostic(*row) for row in rows)


def summary(diagnostics: tuple[Diagnostic, ...], otherwise: str) -> str:
    """The first error, and how many more there are."""
    errors = [d for d in diagnostics if d.severity == "error"] or list(diagnostics)
    if not errors:
        return otherwise
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{errors[0]}{more}"


def error_of(status: str, rows: list[tuple[Any, ...]]) -> BaseException:
    """The exception for a status of the C library. The extension calls it."""
    if status == "no memory":
        return MemoryError()
    found = diagnostics_of(rows)
    otherwise = _WORDS.get(status, status)
    return _CLASSES.get(status, NetpolError)(summary(found, otherwise), found)
