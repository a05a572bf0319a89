# SPDX-License-Identifier: MIT
"""Who can talk to whom, as values and as pictures."""
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from ._pictures import STYLE, Link, bundle, escape, links_svg, table

Ranges = tuple[tuple[int, int], ...]
#: how many rows a notebook shows
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Connection:
    """What one end may open to another."""

    src: str  #: "ns/name[Kind]", or a range of addresses "a-b"
    dst: str
    ports: Mapping[str, Ranges] | None  #: by protocol, first and last; None: all connections

    @property
    def text(self) -> str:
        """As ``netpol list`` writes it: "TCP 80,443"."""
        if self.ports is None:
            return "All Connections"
        return ",".join(f"{protocol} {','.join(map(_range, ranges))}"
                        for protocol, ranges in self.ports.items())

    def __str__(self) -> str:
        return f"{self.src} => {self.dst} : {self.text}"

    def __hash__(self) -> int:
        return hash((self.src, self.dst))


def _range(ends: tuple[int, int]) -> str:
    first, last = ends
    return str(first) if first == last else f"{first}-{last}"


class Connections(Sequence[Connection]):
    """All that is allowed, in the order of ``netpol list``. Made by :meth:`Engine.connections`.

    A notebook shows a picture and a table.
    """

    def __init__(self, listed: str) -> None:
        self._made = json.loads(listed)
        self._rows = [_connection(row) for row in self._made["connections"]]

    @property
    def depends(self) -> tuple[str, ...]:
        """What network plug-ins see differently."""
        return tuple(self._made["depends"])

    @overload
    def __getitem__(self, at: int) -> Connection: ...
    @overload
    def __getitem__(self, at: slice) -> list[Connection]: ...
    def __getitem__(self, at: int | slice) -> Connection | list[Connection]:
        return self._rows[at]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._rows)

    def __str__(self) -> str:
        return "\n".join(map(str, self._rows))

    def __repr__(self) -> str:
        return f"<netpol.Connections: {len(self)}>"

    def to_svg(self, *, limit: int = 60) -> str:
        """A picture: senders left, receivers right, a line a connection."""
        return links_svg((Link(row.src, row.dst, row.text) for row in self._rows), limit)

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def _repr_html_(self) -> str:
        rows = [[escape(row.src), escape(row.dst), escape(row.text)]
                for row in self._rows[:_SHOWN]]
        more = len(self) - len(rows)
        left = f'<p class="at">and {more:,} more</p>' if more > 0 else ""
        return (f'{STYLE}<div class="netpol">{self.to_svg()}'
                f'{table(["from", "to", "connections"], rows)}{left}</div>')

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return bundle(str(self), self._repr_html_(), self._repr_svg_())


def _connection(row: dict[str, Any]) -> Connection:
    conns = row["conns"]
    ports = None if conns.get("all") else {
        protocol: tuple((first, last) for first, last in ranges)
        for protocol, ranges in conns.items()}
    return Connection(row["src"], row["dst"], ports)
