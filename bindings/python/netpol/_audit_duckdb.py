# SPDX-License-Identifier: MIT
"""Flow logs through DuckDB: only distinct lines come to Python, with how often each was there."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._audit_read import BRACKETS, COUNT, Log, Shape, open_log, optional, raws_of, take
from ._audit_rows import FLAT_FIELDS, Bad, Raw, columns_of

# Other values than objects are bad lines, and so are what no JSON is and what nests too deep.
_OBJECT = (f"ltrim(line)[1] = '{{' AND NOT (strlen(line) > {BRACKETS} AND strlen(line) - "
           f"strlen(replace(replace(line, '[', ''), '{{', '')) > {BRACKETS})")
_FIELDS = FLAT_FIELDS[:FLAT_FIELDS.index("count")]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _lines(path: str) -> str:
    """Lines as they are: no character that JSON may have delimits or quotes."""
    return (f"read_csv({_text(path)}, columns={{'line': 'VARCHAR'}}, delim='\x01', quote='', "
            "escape='', comment='', header=false, auto_detect=false, max_line_size=33554432)")


def _hubble_query(path: str, shape: Shape) -> str:
    places = ", ".join(_text("$." + place) for place in shape.paths)
    return f"""
        SELECT CASE WHEN {_OBJECT}
                    THEN TRY(json_extract_string(line, [{places}])) END AS raw, count(*), count(*)
        FROM {_lines(path)} WHERE trim(line) <> '' GROUP BY raw"""


def _jsonl_query(path: str, shape: Shape) -> str:
    inside = "', '".join(_json_path(shape.columns.get(name)) for name in FLAT_FIELDS)
    return f"""
        WITH cells AS (
            SELECT CASE WHEN {_OBJECT}
                        THEN TRY(json_extract_string(line, ['{inside}'])) END AS cells
            FROM {_lines(path)} WHERE trim(line) <> '')
        SELECT CASE WHEN cells IS NOT NULL AND {_good_count('cells[-1]', shape)}
                    THEN cells[:-2] END AS raw,
               count(*), {_weight('cells[-1]', shape)} FROM cells GROUP BY raw"""


def _json_path(key: str | None) -> str:
    # A key that is never there stands for a field that the log has not.
    plain = (key if key is not None else "\x01").replace("\\", "\\\\").replace('"', '\\"')
    return '$."' + plain.replace("'", "''") + '"'


def _table_query(source: str, shape: Shape) -> str:
    cells = ", ".join(f"CAST({_name(shape.columns[name])} AS VARCHAR)" if name in shape.columns
                      else "NULL" for name in _FIELDS)
    count = _cell(shape.columns.get("count"))
    # An empty cell of CSV is an absent one; so it is in the other readers.
    return f"""
        SELECT CASE WHEN {_good_count(count, shape)}
                    THEN [nullif(c, '') FOR c IN [{cells}]::VARCHAR[]] END AS raw,
               count(*), {_weight(count, shape)} FROM {source} GROUP BY raw"""


def _good_count(cell: str, shape: Shape) -> str:
    if "count" not in shape.columns:
        return "true"
    return f"coalesce(regexp_full_match({cell}, '{COUNT}'), true)"


def _weight(cell: str, shape: Shape) -> str:
    if "count" not in shape.columns:
        return "count(*)"
    return f"sum(coalesce(TRY_CAST({cell} AS BIGINT), 1))"


def _csv_source(path: str, shape: Shape) -> str:
    return (f"read_csv({_text(path)}, header=true, all_varchar=true, strict_mode=true, quote='\"', "
            f"delim={_text(shape.delimiter)}, store_rejects=true, rejects_limit=0)")


def read_file(path: str, shape: Shape, log: Log) -> bool:
    """Counts a file into a log. False: it must be read by other means."""
    duckdb = optional("duckdb", f"reading {shape.kind}")
    if shape.kind == "arrow":
        return False
    with duckdb.connect() as db:
        try:
            if shape.kind == "hubble":
                groups = db.execute(_hubble_query(path, shape)).fetchall()
            elif shape.kind == "jsonl":
                groups = db.execute(_jsonl_query(path, shape)).fetchall()
            elif shape.kind == "csv":
                groups = db.execute(_table_query(_csv_source(path, shape), shape)).fetchall()
                broken = db.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchone()
                groups.append((None, broken[0], broken[0]))
            else:
                source = f"read_parquet({_text(path)})"
                names = [row[0] for row in db.execute(f"DESCRIBE FROM {source}").fetchall()]
                _count_table(db, source, columns_of(names), path, log)
                return True
        except duckdb.Error as error:
            if shape.kind == "parquet":
                raise ValueError(f"{path}: {error}") from None
            # Text that is not UTF-8, say: the slow reader marks such lines as bad one by one.
            log.note(f"{path}: read without DuckDB ({str(error).splitlines()[0]})")
            return False
    if _count(groups, shape, log):
        with open_log(path) as file:
            take(raws_of(file, shape), shape, path, log, count=False)
    return True


# Cells that are alike, in how many lines, and for how many lines those stand.
_Groups = Iterable[tuple[list[str | None] | None, int, Any]]


def _count(groups: _Groups, shape: Shape, log: Log) -> bool:
    """Whether something was bad: of that, each line counts as one."""
    before = log.bad
    for raw, lines, times in groups:
        if lines:
            said = shape.say(None if raw is None else tuple(raw))
            log.add(said, lines if isinstance(said, Bad) else int(times))
    return log.bad > before


def read_table(table: Any, name: str, log: Log) -> None:
    """Counts a table in memory."""
    duckdb = optional("duckdb", "a table in memory")
    arrow = optional("pyarrow", "a table in memory")
    made = table if isinstance(table, arrow.Table) else arrow.table(table)
    with duckdb.connect() as db:
        db.register("flows", made)
        _count_table(db, "flows", columns_of(made.column_names), name, log)


def _count_table(db: Any, source: str, columns: dict[str, str], name: str, log: Log) -> None:
    shape = Shape("table", columns=columns)
    groups = db.execute(_table_query(source, shape)).fetchall()
    if not _count(groups, shape, log):
        return
    cells = ", ".join(_cell(columns.get(field)) for field in FLAT_FIELDS)
    rows = db.execute(f"WITH numbered AS (SELECT row_number() OVER () AS row, * FROM {source}) "
                      f"SELECT row, {cells} FROM numbered")
    take(_numbered(rows), shape, name, log, count=False)


def _cell(column: str | None) -> str:
    return "NULL" if column is None else f"nullif(CAST({_name(column)} AS VARCHAR), '')"


def _numbered(rows: Any) -> Iterable[tuple[int, Raw | None]]:
    while some := rows.fetchmany(10000):
        for row in some:
            yield int(row[0]), tuple(row[1:])
