# SPDX-License-Identifier: MIT
"""Flows of a Spark cluster: verdicts by ``mapInArrow``, and audits of tables of any size.

Executors need this package and pyarrow, nothing else. Each of their Python processes makes one
engine, from manifests that were broadcast. The contract is the one of every other engine of tables:
a function from an Arrow record batch of flows to a column of verdicts.
"""
from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from . import _core
from ._audit import Audit, audit as _audit
from ._audit_read import optional
from ._audit_rows import columns_of
from ._engine import Cluster, Engine
from ._manifests import Manifests, Path, load

#: engines of this process, by the number of their bundle
_ENGINES: dict[str, Engine] = {}


class Bundle:
    """Manifests as Spark sends them: files with their names, so that reasons keep file and line.

    :param manifests: paths, or :func:`netpol.load`'s result (then positions are lost).
    :param options: of :class:`netpol.Cluster`.
    """

    def __init__(self, manifests: Manifests | Path | Iterable[Path], **options: Any) -> None:
        self.options = options
        self.files: list[tuple[str, bytes]] = []
        self.values: list[Any] = []
        if isinstance(manifests, Manifests):
            self.values = manifests.objects
        else:
            one = isinstance(manifests, (str, os.PathLike))
            read = load(*((manifests,) if one else manifests))  # type: ignore[misc]
            store = read._store
            names = dict.fromkeys(_core.object_source(store.handle(at)) for at in store.places())
            for name in names:
                with open(name, "rb") as file:
                    self.files.append((name, file.read()))
        self._key = os.urandom(16).hex()

    def engine(self) -> Engine:
        """The engine of these manifests: one a process."""
        made = _ENGINES.get(self._key)
        if made is None:
            made = _ENGINES[self._key] = Cluster(self.manifests(), **self.options).compile()
        return made

    def manifests(self) -> Manifests:
        """The manifests, read again."""
        handle = _core.manifests_new(0)
        for name, text in self.files:
            _core.manifests_read_memory(handle, name, text)
        made = Manifests(handle, 0, ())
        for value in self.values:
            made.add(value)
        return made


Batches = Callable[[Iterator[Any]], Iterator[Any]]
Errors = Literal["raise", "null"]


def judge(bundle: Callable[[], Bundle], column: str, errors: Errors,
          **columns: Any) -> Batches:
    """What ``mapInArrow`` calls on an executor: record batches in, the same with verdicts out."""

    def batches(some: Iterator[Any]) -> Iterator[Any]:
        arrow = optional("pyarrow", "Spark")
        engine = bundle().engine()
        for batch in some:
            verdicts = arrow.array(engine.evaluate(batch, errors=errors, **columns))
            yield arrow.RecordBatch.from_arrays([*batch.columns, verdicts],
                                                names=[*batch.schema.names, column])

    return batches


def evaluate(flows: Any, manifests: Bundle | Manifests | Path | Iterable[Path], *,
             column: str = "allowed", src: str = "src", dst: str = "dst",
             protocol: str | int | None = None, port: str | int = "port",
             errors: Errors = "null", **options: Any) -> Any:
    """A Spark DataFrame of flows with one more column: whether the policies allow them.

    :param flows: a DataFrame whose columns are as :meth:`netpol.Engine.evaluate` takes them.
    :param column: name of the new column, a boolean; null where a row names no address or pod.
    :param options: of :class:`netpol.Cluster`: ``semantics="cilium"``.
    """
    sql = optional("pyspark.sql.types", "netpol.spark")
    bundle = manifests if isinstance(manifests, Bundle) else Bundle(manifests, **options)
    sent = flows.sparkSession.sparkContext.broadcast(bundle)
    schema = sql.StructType([*flows.schema.fields, sql.StructField(column, sql.BooleanType())])
    # Only the broadcast's handle travels with the function.
    function = judge(lambda: sent.value, column, errors, src=src, dst=dst, protocol=protocol,
                     port=port)
    return flows.mapInArrow(function, schema)


def audit(flows: Any, manifests: Manifests | Path | Iterable[Path], **options: Any) -> Audit:
    """As :func:`netpol.audit`, of a Spark DataFrame: Spark counts lines that are alike.

    Columns have the names that CSV may have: src, dst, proto, port, verdict, count, …
    """
    functions = optional("pyspark.sql.functions", "netpol.spark")
    columns = columns_of(flows.columns)
    count = columns.pop("count", None)
    cells = [functions.col(f"`{name}`").cast("string").alias(field)
             for field, name in columns.items()]
    weight = functions.lit(1) if count is None else functions.col(f"`{count}`")
    alike = flows.groupBy(*cells).agg(functions.sum(weight).alias("count"))
    if hasattr(alike, "toArrow"):
        return _audit(alike.toArrow(), manifests, **options)
    # Before Spark 4: through a file that this process reads.
    parquet = optional("pyarrow.parquet", "netpol.spark")
    with tempfile.TemporaryDirectory() as folder:
        alike.coalesce(1).write.parquet(f"{folder}/flows")
        return _audit(parquet.read_table(f"{folder}/flows"), manifests, **options)
