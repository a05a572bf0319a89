# SPDX-License-Identifier: MIT
"""Columns of verdicts, and what tables of flows must have."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, overload

from . import _core
from ._handle import SharedHandle


class _Stream(Protocol):
    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...


class _Array(Protocol):
    def __arrow_c_array__(self, requested_schema: Any = None) -> Any: ...


ArrowTable = _Stream | _Array


class Column(SharedHandle, Sequence["bool | None"]):
    """Verdicts of many flows: True is allowed, False denied, None not known.

    An Arrow column of bool: ``pyarrow.array(column)``, ``polars.Series(column)``. Its batches are those
    of the table that was judged. Made by :meth:`Engine.evaluate`; immutable.
    """

    __slots__ = ("_handle", "_counts")

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._counts: tuple[int, int, int] = _core.verdicts_count(handle)

    @property
    def allowed_count(self) -> int:
        """How many flows are allowed."""
        return self._counts[2]

    @property
    def null_count(self) -> int:
        """How many rows could not be judged."""
        return self._counts[1]

    @property
    def denied_count(self) -> int:
        """How many flows are denied."""
        rows, nulls, allowed = self._counts
        return rows - nulls - allowed

    def to_list(self) -> list[bool | None]:
        """All rows."""
        return list(_core.verdicts_list(self._handle, 0, len(self)))

    def __len__(self) -> int:
        return self._counts[0]

    @overload
    def __getitem__(self, row: int) -> bool | None: ...
    @overload
    def __getitem__(self, row: slice) -> list[bool | None]: ...
    def __getitem__(self, row: int | slice) -> bool | None | list[bool | None]:
        if isinstance(row, slice):
            return self.to_list()[row]
        at = range(len(self))[row]
        found: list[bool | None] = _core.verdicts_list(self._handle, at, at + 1)
        return found[0]

    def __iter__(self) -> Iterator[bool | None]:
        return iter(self.to_list())

    def __arrow_c_schema__(self) -> Any:
        """Arrow's protocol: the type."""
        return _core.verdicts_schema()

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, Any]:
        """Arrow's protocol: all rows as one array, without a copy."""
        schema, array = _core.verdicts_array(self._handle)
        return schema, array

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Arrow's protocol: the rows in batches, without a copy."""
        return _core.verdicts_stream(self._handle)

    def __repr__(self) -> str:
        return (f"<netpol.Column: {self.allowed_count} allowed, {self.denied_count} denied, "
                f"{self.null_count} null>")
