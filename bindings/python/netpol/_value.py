# SPDX-License-Identifier: MIT
"""What all API objects and their parts have in common."""
from __future__ import annotations

from dataclasses import fields
from typing import Any


class Value:
    """A part of an API object: a dataclass whose repr leaves out what is not set."""

    __slots__ = ()

    def __repr__(self) -> str:
        unset: Any = type(self)()
        said = []
        for f in fields(self):  # type: ignore[arg-type]
            value = getattr(self, f.name)
            if value != getattr(unset, f.name):
                said.append(f"{f.name}={value!r}")
        return f"{type(self).__name__}({', '.join(said)})"
