# SPDX-License-Identifier: MIT
"""Judged flows as a table, and an audit as a file."""
from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ._audit_judge import Flow
from ._audit_read import optional
from ._engine import Decision
from ._manifests import Path

if TYPE_CHECKING:
    from ._audit import Audit

#: the columns of judged flows, with their types as SQL and Spark write them
COLUMNS = (
    ("src", "string"), ("dst", "string"), ("src_name", "string"), ("dst_name", "string"),
    ("protocol", "string"), ("port", "int"), ("hits", "bigint"), ("log", "string"),
    ("log_direction", "string"), ("allowed", "boolean"), ("allowed_before", "boolean"),
    ("covered", "boolean"),
    ("egress_allowed", "boolean"), ("egress_tier", "string"), ("egress_reason", "string"),
    ("egress_policy", "string"), ("egress_rule", "int"), ("egress_source", "string"),
    ("egress_line", "int"),
    ("ingress_allowed", "boolean"), ("ingress_tier", "string"), ("ingress_reason", "string"),
    ("ingress_policy", "string"), ("ingress_rule", "int"), ("ingress_source", "string"),
    ("ingress_line", "int"), ("depends", "string"),
)


def _decision(d: Decision) -> tuple[Any, ...]:
    return d.allowed, d.tier, d.reason, d.policy, d.rule, d.source, d.line or None


def values_of(flow: Flow) -> tuple[Any, ...]:
    """One row, in the order of COLUMNS."""
    return (flow.src.label, flow.dst.label, flow.src.name, flow.dst.name, flow.protocol, flow.port,
            flow.hits, flow.said, flow.side, flow.allowed, flow.before,
            flow.covered, *_decision(flow.egress), *_decision(flow.ingress),
            ",".join(flow.depends) or None)


def table_of(flows: Sequence[Flow]) -> Any:
    """A pyarrow Table, a row a flow."""
    arrow = optional("pyarrow", "a table of flows")
    types = {"string": arrow.string(), "int": arrow.int32(), "bigint": arrow.int64(),
             "boolean": arrow.bool_()}
    columns = list(zip(*map(values_of, flows))) or [()] * len(COLUMNS)
    return arrow.table({name: arrow.array(column, types[kind])
                        for (name, kind), column in zip(COLUMNS, columns)})


#: what ends in what
FORMATS = {".txt": "text", ".json": "json", ".html": "html", ".htm": "html",
           ".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow"}


def save(audit: Audit, path: Path, kind: str | None) -> None:
    """Writes an audit to a file."""
    name = os.fspath(path)
    kind = kind or FORMATS.get(os.path.splitext(name)[1].lower(), "text")
    if kind == "parquet":
        optional("pyarrow.parquet", "writing Parquet").write_table(audit.to_arrow(), name)
    elif kind == "arrow":
        with open(name, "wb") as file:
            write_arrow(audit, file)
    else:
        with open(name, "w", encoding="utf-8") as text:
            text.write(text_as(audit, kind))


def text_as(audit: Audit, kind: str) -> str:
    """An audit as text, JSON or HTML."""
    writers: dict[str, Callable[[], str]] = {"text": audit.text, "json": audit.to_json,
                                             "html": audit.to_html}
    if kind not in writers:
        raise ValueError(f"format must be one of {', '.join((*writers, 'parquet', 'arrow'))}, "
                         f"not {kind!r}")
    return writers[kind]()


def write_arrow(audit: Audit, file: Any) -> None:
    """Writes judged flows as an Arrow stream."""
    table = audit.to_arrow()
    with optional("pyarrow.ipc", "writing Arrow").new_stream(file, table.schema) as stream:
        stream.write_table(table)
