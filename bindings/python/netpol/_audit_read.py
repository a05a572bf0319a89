# SPDX-License-Identifier: MIT
"""Flow logs in: files, standard input, tables in memory. Counts equal lines at once."""
from __future__ import annotations

import contextlib
import csv
import gzip
import importlib
import io
import itertools
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from ._audit_rows import (FLAT_FIELDS, HUBBLE_LOST, HUBBLE_PATHS, OPTIONAL, Bad, Raw, Row, Skip,
                          columns_of, flat_row, hubble_row)

#: how many unusable lines are shown with their reason
EXAMPLES = 20
#: how many opening brackets a line of JSON may have: Python's reader has a limit of nesting, and
#: where that is depends on the caller
BRACKETS = 500
#: what a count looks like
COUNT = "[0-9]{1,18}"
_EVENTS = ("flow", "lost_events", "node_status", "agent_event", "debug_event")
_COUNT = FLAT_FIELDS.index("count")


class MissingPackage(ImportError):
    """Something optional is not installed; the message says what to do."""


def optional(name: str, use: str) -> Any:
    """A module of the extra "audit"."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if getattr(error, "name", None) not in (name, None):
            raise
        raise MissingPackage(f"{use} needs {name}: pip install 'netpol[audit]'") from None


def has(name: str) -> bool:
    """Whether a module can be imported."""
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be used."""

    source: str
    line: int  #: from 1; of a table without lines: the row
    why: str


@dataclass(slots=True)
class Log:
    """All that was read: every line is in ``rows``, ``skipped`` or ``bad``."""

    rows: Counter[Row] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    bad: int = 0
    examples: list[BadLine] = field(default_factory=list)
    lost: int = 0  #: events that Hubble says it lost
    notes: list[str] = field(default_factory=list)

    def add(self, said: Row | Skip | Bad, times: int) -> None:
        """Counts a line, or lines that are alike."""
        if isinstance(said, Row):
            self.rows[said] += times
        elif isinstance(said, Skip):
            self.skipped[said.why] += times
            self.lost += said.lost * times
        else:
            self.bad += times

    def note(self, text: str) -> None:
        """Something a reader should know, once."""
        if text not in self.notes:
            self.notes.append(text)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a log is to be read."""

    kind: str  #: "hubble", "jsonl", "csv", "parquet", "arrow"
    wrapped: bool = True  #: Hubble: {"flow": {…}}, not the flow itself
    columns: Mapping[str, str] = field(default_factory=dict)  #: of tables: field to column
    delimiter: str = ","

    def say(self, raw: Raw | None) -> Row | Skip | Bad:
        """What the cells of a line mean; None: it could not be read at all."""
        if raw is None:
            return Bad("the line is no JSON object" if self.kind != "csv" else "broken CSV")
        if self.kind == "hubble":
            return hubble_row(raw[:-1], raw[-1])
        return flat_row(raw)

    @property
    def paths(self) -> list[str]:
        """Of JSON: where the cells are."""
        if self.kind == "hubble":
            below = "flow." if self.wrapped else ""
            return [below + path for path in HUBBLE_PATHS] + [HUBBLE_LOST]
        return [self.columns.get(name, "") for name in FLAT_FIELDS]

    @property
    def getters(self) -> list[Callable[[Any], str | None]]:
        """Of JSON: what takes the cells out of an object."""
        split = self.kind == "hubble"
        return [_getter(_steps(path) if split else [path]) for path in self.paths]


# ---- what is it? ----

def shape_of(name: str, head: bytes, kind: str | None) -> Shape:
    """How to read a log that begins so.

    :raises ValueError: the columns that are needed are not there.
    """
    kind = kind or _kind_of(name, head)
    lines = head.decode("utf-8", "replace").splitlines()
    first = [line for line in lines if line.strip()]
    if kind == "csv":
        delimiter = _delimiter_of(first[0] if first else "")
        header = next(csv.reader(first[:1], delimiter=delimiter), [])
        return Shape("csv", columns=columns_of(header), delimiter=delimiter)
    if kind in ("json", "jsonl", "hubble"):
        return _json_shape(first, kind)
    return Shape(kind)


def _kind_of(name: str, head: bytes) -> str:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    plain = name.removesuffix(".gz").lower()
    if plain.endswith((".csv", ".tsv")):
        return "csv"
    return "json" if not head.strip() or head.lstrip()[:1] in (b"{", b"[") else "csv"


def _delimiter_of(header: str) -> str:
    return max(",\t; ", key=header.count) if header else ","


def _json_shape(lines: list[str], kind: str) -> Shape:
    keys: dict[str, None] = {}
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            made = json.loads(line)
            if isinstance(made, dict):
                keys.update(dict.fromkeys(made))
    wrapped = any(isinstance(word, str) and word in _EVENTS for word in keys)
    if kind == "hubble" or wrapped or "IP" in keys or not keys:
        return Shape("hubble", wrapped=wrapped)
    # What the first lines have not, later ones may have.
    return Shape("jsonl", columns={**OPTIONAL, **columns_of(keys)})


# ---- the standard library ----

@contextlib.contextmanager
def open_log(path: str) -> Iterator[IO[bytes]]:
    """A file, unpacked if its name ends in .gz; "-" is standard input."""
    if path == "-":
        yield sys.stdin.buffer
    elif path.endswith(".gz"):
        with gzip.open(path, "rb") as packed:
            yield io.BufferedReader(packed)
    else:
        with open(path, "rb") as file:
            yield file


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    for word in path.split("."):
        name, _, index = word.partition("[")
        steps.append(name)
        if index:
            steps.append(int(index[:-1]))
    return steps


def _getter(steps: Sequence[str | int]) -> Callable[[Any], str | None]:
    def get(value: Any) -> str | None:
        for step in steps:
            try:
                value = value[step]
            except (LookupError, TypeError):
                return None
        return _text_of(value)

    return get


def _text_of(value: Any) -> str | None:
    """A cell as DuckDB writes it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (bool, dict, list)):
        return json.dumps(value, separators=(",", ":"))
    return str(value)


def json_raws(lines: Iterable[bytes], shape: Shape) -> Iterator[tuple[int, Raw | None]]:
    """The cells of each line of JSON, with its number."""
    getters = shape.getters
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            made = json.loads(line) if line.count(b"[") + line.count(b"{") <= BRACKETS else None
            if b"\\ud" in line.lower():
                json.dumps(made, ensure_ascii=False).encode()  # halves of characters are none
        except (ValueError, RecursionError):
            made = None
        if isinstance(made, dict):
            yield number, tuple(get(made) for get in getters)
        else:
            yield number, None


def csv_raws(lines: IO[bytes], shape: Shape) -> Iterator[tuple[int, Raw | None]]:
    """The cells of each record of CSV, with the number of its last line."""
    text = io.TextIOWrapper(lines, "utf-8", "surrogateescape", newline="")
    reader = csv.reader(text, delimiter=shape.delimiter)
    header = next(reader, [])
    places = [header.index(shape.columns[name]) if name in shape.columns else None
              for name in FLAT_FIELDS]
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            yield reader.line_num, None
            continue
        if cells:
            # Empty cells behind the last column are no cells to DuckDB either.
            good = (len(cells) >= len(header) and not any(cells[len(header):])
                    and all(map(_is_text, cells)))
            yield reader.line_num, tuple(None if i is None else cells[i] or None
                                         for i in places) if good else None
    text.detach()


def _is_text(cell: str) -> bool:
    """Whether it was UTF-8."""
    return cell.isascii() or not any("\ud800" <= c <= "\udfff" for c in cell)


def take(raws: Iterable[tuple[int, Raw | None]], shape: Shape, source: str, log: Log,
         count: bool = True) -> None:
    """Counts lines into a log. Without ``count`` it only looks for examples of what is bad."""
    known: dict[Raw | None, Row | Skip | Bad] = {}
    flat = shape.kind != "hubble"
    for number, raw in raws:
        weight: str | None = None
        if raw is not None and flat:
            weight, raw = raw[_COUNT], raw[:_COUNT]
        said = known.get(raw)
        if said is None:
            said = known[raw] = shape.say(raw)
        times = _times(weight) if raw is not None and "count" in shape.columns else 1
        if times is None:
            said, times = Bad(f"no count: {weight}"), 1
        if isinstance(said, Bad) and len(log.examples) < EXAMPLES:
            log.examples.append(BadLine(source, number, said.why))
        if count:
            log.add(said, 1 if isinstance(said, Bad) else times)
        elif len(log.examples) >= EXAMPLES:
            return


def _times(text: str | None) -> int | None:
    if text is None:
        return 1
    return int(text) if re.fullmatch(COUNT, text) else None


def raws_of(lines: IO[bytes], shape: Shape) -> Iterator[tuple[int, Raw | None]]:
    """The cells of every line of a text log."""
    return csv_raws(lines, shape) if shape.kind == "csv" else json_raws(lines, shape)


class _Joined(io.RawIOBase):
    """Bytes that were read to look at them, and what follows."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        n = len(buffer)
        made = self._head[:n] if self._head else self._rest.read(n)
        self._head = self._head[len(made):] if self._head else b""
        buffer[:len(made)] = made
        return len(made)


# ---- one log ----

def read_log(path: str, log: Log, *, kind: str | None = None, use_duckdb: bool = True) -> None:
    """Counts a file into a log; by DuckDB where that is installed.

    :raises OSError, ValueError: it cannot be read, or has no columns for a flow.
    :raises MissingPackage: it is Parquet or Arrow, and nothing here reads that.
    """
    name = "<stdin>" if path == "-" else path
    with open_log(path) as file:
        head = file.read(1 << 18)
        try:
            shape = shape_of(name, head, kind)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        if path != "-" and use_duckdb and (shape.kind == "parquet" or has("duckdb")):
            from . import _audit_duckdb
            if _audit_duckdb.read_file(path, shape, log):
                return
        if shape.kind in ("parquet", "arrow"):
            _read_columnar(path, shape, log)
            return
        whole: Any = io.BufferedReader(_Joined(head, file))
        take(raws_of(whole, shape), shape, name, log)


def _read_columnar(path: str, shape: Shape, log: Log) -> None:
    if path == "-":
        raise ValueError("Parquet and Arrow are read from files, not from standard input")
    module = "pyarrow.parquet" if shape.kind == "parquet" else "pyarrow.ipc"
    reader = optional(module, f"reading {shape.kind.capitalize()} without DuckDB"
                      if shape.kind == "parquet" else "reading Arrow files")
    if shape.kind == "parquet":
        read_table(reader.read_table(path), log, name=path)
        return
    with open(path, "rb") as file:
        stream = not file.read(6) == b"ARROW1"
        file.seek(0)
        opened = reader.open_stream(file) if stream else reader.open_file(file)
        read_table(opened.read_all(), log, name=path)


def read_rows(rows: Iterable[Mapping[str, Any]], log: Log, *, name: str = "<rows>") -> None:
    """Counts dicts: flows of Hubble, or rows of a table with the same keys in each."""
    walk = iter(rows)
    first = list(itertools.islice(walk, 100))
    shape = _json_shape([json.dumps(row, default=str) for row in first], "json")
    getters = shape.getters
    raws = ((number, tuple(get(row) for get in getters))
            for number, row in enumerate(itertools.chain(first, walk), 1))
    take(raws, shape, name, log)


def read_table(table: Any, log: Log, *, name: str = "<table>") -> None:
    """Counts anything with ``__arrow_c_stream__``: Polars, PyArrow, pandas, DuckDB relations."""
    if has("duckdb") and has("pyarrow"):
        from . import _audit_duckdb
        _audit_duckdb.read_table(table, name, log)
        return
    arrow = optional("pyarrow", "a table in memory")
    made = arrow.table(table)
    columns = columns_of(made.column_names)
    kept = made.select(list(columns.values()))
    shape = Shape("table", columns=columns)
    raws = ((number, tuple(_text_of(row.get(columns.get(word, ""))) or None
                           for word in FLAT_FIELDS))
            for number, row in enumerate(_dicts_of(kept), 1))
    take(raws, shape, name, log)


def _dicts_of(table: Any) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches():
        yield from batch.to_pylist()


def path_of(flows: Any) -> str | None:
    """The path that was given; None: it is no path."""
    return os.fspath(flows) if isinstance(flows, (str, os.PathLike)) else None
