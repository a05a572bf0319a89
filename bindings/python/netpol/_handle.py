# SPDX-License-Identifier: MIT
"""What all classes have in common that hold an object of the C library."""
from __future__ import annotations

from typing import Any, NoReturn, Self, SupportsIndex


class Handle:
    """Cannot be pickled or copied."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> NoReturn:
        raise TypeError(f"cannot pickle or copy netpol.{type(self).__name__}; take the values that it was "
                        "made of (manifests.objects) or that came out (to_json(), to_list(), text)")


class SharedHandle(Handle):
    """Immutable, so a copy is the thing itself."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self
