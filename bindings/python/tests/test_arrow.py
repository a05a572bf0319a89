# SPDX-License-Identifier: MIT
"""Tables of flows by Arrow's protocol: made by hand here, and by PyArrow, Polars and DuckDB."""
import gc
import ipaddress
import pathlib
import signal
import subprocess
import sys
import threading

import arrow_maker as make
import pytest
from conftest import EXAMPLE, ROUNDS

import netpol

PODS = {"10.0.0.1": "db", "10.0.0.2": "api", "10.0.0.3": "web", "2001:db8::7": None, "203.0.113.7": None}


@pytest.fixture(scope="module")
def engine():
    """The example with addresses, and a workload of which there are replicas."""
    manifests = netpol.load(*EXAMPLE)
    for pod in manifests.of_type(netpol.Pod):
        for address, name in PODS.items():
            if f"{pod.metadata.namespace_name or 'default'}/{pod.metadata.name}" == f"default/{name}":
                pod.status = netpol.PodStatus(pod_ip=address)
    manifests.add(netpol.loads("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: many, namespace: default}
spec: {replicas: 3, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}},
       spec: {containers: [{name: c, image: d}]}}}
""").objects[0])
    return netpol.Cluster(manifests).compile()


FLOWS = [(s, d, proto, port) for s in PODS for d in PODS for proto in ("TCP", "udp")
         for port in (80, 3306, 3307)]


@pytest.fixture(scope="module")
def expected(engine):
    out = [engine.verdict(s, d, port=port, protocol=proto).allowed for s, d, proto, port in FLOWS]
    assert {True, False} == set(out)
    return out


def number(text):
    return int(ipaddress.IPv4Address(text))


def packed(text):
    return (ipaddress.ip_address(text) if ":" in text else ipaddress.IPv6Address(f"::ffff:{text}")).packed


SRC = [f[0] for f in FLOWS]
NAMES = [f"default/{PODS[s]}" if PODS[s] else s for s in SRC]
DISTINCT = list(PODS)
PLACES = [DISTINCT.index(s) for s in SRC]

SIDES = {
    "string": make.texts("u", SRC),
    "large_string": make.texts("U", SRC),
    "string_view": make.texts("vu", SRC),
    "pods by name": make.texts("u", NAMES),
    "pods by name in views": make.texts("vu", NAMES),
    "fixed_size_binary(16)": make.fixed(16, [packed(s) for s in SRC]),
    "binary": make.texts("z", [packed(s) for s in SRC]),
    "large_binary": make.texts("Z", [packed(s) for s in SRC]),
    "binary_view": make.texts("vz", [packed(s) for s in SRC]),
    "binary of 4 and 16": make.texts("z", [packed(s)[12:] if "." in s else packed(s) for s in SRC]),
    **{f"dictionary<{kind}, string>": make.encoded(kind, PLACES, make.texts("u", DISTINCT))
       for kind in make.INTS},
    "dictionary<uint32, string_view>": make.encoded("I", PLACES, make.texts("vu", DISTINCT)),
    "dictionary<int8, binary>": make.encoded("c", PLACES, make.fixed(16, [packed(s) for s in DISTINCT])),
    "dictionary with an offset": make.encoded("C", PLACES, make.texts("u", ["x", *DISTINCT], offset=1)),
}


def table(**columns):
    usual = {"src": SIDES["string"], "dst": make.texts("u", [f[1] for f in FLOWS]),
             "protocol": make.texts("u", [f[2] for f in FLOWS]), "port": make.ints("S", [f[3] for f in FLOWS])}
    return {**usual, **columns}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("stream", (True, False), ids=("stream", "array"))
def test_addresses_of_every_type_say_what_single_verdicts_say(engine, expected, side, stream):
    given = make.Table(table(src=SIDES[side]), stream=stream)
    assert engine.evaluate(given).to_list() == expected
    assert given.live == 0


@pytest.mark.parametrize("format", ["I", "i", "l", "L"])
def test_ipv4_as_integers(engine, expected, format):
    rows = [i for i, f in enumerate(FLOWS) if ":" not in f[0]]
    numbers = [number(FLOWS[i][0]) for i in rows]
    if format == "i":
        rows = [i for i, n in zip(rows, numbers) if n < 2**31]
        numbers = [n for n in numbers if n < 2**31]
    assert numbers
    given = {"src": make.ints(format, numbers), "dst": make.texts("u", [FLOWS[i][1] for i in rows]),
             "proto": make.texts("U", [FLOWS[i][2] for i in rows]),
             "port": make.ints("L", [FLOWS[i][3] for i in rows])}
    assert engine.evaluate(make.Table(given)).to_list() == [expected[i] for i in rows]


@pytest.mark.parametrize("format", list(make.INTS))
def test_protocols_and_ports_of_every_width(engine, expected, format):
    protocol = make.ints(format, [6 if f[2] == "TCP" else 17 for f in FLOWS])
    assert engine.evaluate(make.Table(table(protocol=protocol))).to_list() == expected
    ports = make.ints(format, [80] * len(FLOWS))
    all_80 = [engine.verdict(s, d, port=80, protocol=p).allowed for s, d, p, _ in FLOWS]
    assert engine.evaluate(make.Table(table(port=ports))).to_list() == all_80
    coded = make.encoded(format, [0] * len(FLOWS), make.ints("s", [80]))
    assert engine.evaluate(make.Table(table(port=coded))).to_list() == all_80
    assert engine.evaluate(make.Table(table()), port=80).to_list() == all_80


def test_names_of_columns(engine, expected):
    columns = table()
    other = {"a": columns["src"], "b": columns["dst"], "proto": columns["protocol"], "p": columns["port"]}
    assert engine.evaluate(make.Table(other), src="a", dst="b", port="p").to_list() == expected
    other["x"] = other.pop("proto")
    given = make.Table(other)
    assert engine.evaluate(given, src="a", dst="b", port="p", protocol="x").to_list() == expected
    tcp = [engine.verdict(s, d, port=p).allowed for s, d, _, p in FLOWS]
    assert engine.evaluate(given, src="a", dst="b", port="p").to_list() == tcp
    assert engine.evaluate(given, src="a", dst="b", port="p", protocol=6).to_list() == tcp


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("offset", (1, 7, 64, 149))
def test_slices_of_tables_and_columns(engine, expected, side, offset):
    src = SIDES[side]
    assert engine.evaluate(make.Table(table(src=src), offset=offset)).to_list() == expected[offset:]
    if src.dictionary or src.offset:
        return
    sliced = {name: make.Column(c.format, c.buffers[1:], c.length, offset=offset)
              for name, c in table(src=src).items()}
    given = make.Table(sliced, offset=0)
    given.length = lambda: len(FLOWS) - offset
    assert engine.evaluate(given).to_list() == expected[offset:]


def test_pieces_and_bits_fit_at_every_length(engine, expected):
    for rows in (0, 1, 7, 8, 9, 63, 64, 65, 150):
        cut = {name: make.Column(c.format, c.buffers[1:], rows) for name, c in table().items()}
        column = engine.evaluate(make.Table(cut, batches=3))
        assert make.read_column(column) == [expected[:rows]] * 3
        assert column.to_list() == expected[:rows] * 3
        assert column.allowed_count == 3 * sum(expected[:rows])
    many = {"src": make.ints("I", [number("10.0.0.3"), number("10.0.0.2")] * 1000),
            "dst": make.ints("I", [number("10.0.0.1")] * 2000), "port": make.ints("i", [3306] * 2000)}
    assert engine.evaluate(make.Table(many)).to_list() == [False, True] * 1000


@pytest.mark.parametrize("name", ["src", "dst", "protocol", "port"])
def test_null_in_is_null_out(engine, expected, name):
    keep = [i % 3 != 0 for i in range(len(FLOWS))]
    whole = table()[name]
    with_nulls = make.Column(whole.format, whole.buffers[1:], whole.length, valid=keep)
    column = engine.evaluate(make.Table(table(**{name: with_nulls})))
    wanted = [v if k else None for v, k in zip(expected, keep)]
    assert column.to_list() == wanted and column.null_count == wanted.count(None)
    assert make.read_column(column) == [wanted]
    assert column.allowed_count == wanted.count(True) and column.denied_count == wanted.count(False)
    sliced = engine.evaluate(make.Table(table(**{name: with_nulls}), offset=5))
    assert sliced.to_list() == wanted[5:]


def test_what_is_under_a_null_is_not_looked_at(engine, expected):
    some = [i != 3 for i in range(len(FLOWS))]
    wanted = [v if k else None for v, k in zip(expected, some)]
    for bad in (make.texts("u", [*SRC[:3], "nonsense", *SRC[4:]], valid=some),
                make.encoded("l", [*PLACES[:3], 10**12, *PLACES[4:]], make.texts("u", DISTINCT), valid=some),
                make.encoded("l", [*PLACES[:3], 5, *PLACES[4:]], make.texts("u", [*DISTINCT, None]))):
        assert engine.evaluate(make.Table(table(src=bad))).to_list() == wanted
    ports = [f[3] for f in FLOWS]
    bad = make.ints("i", [*ports[:3], -5, *ports[4:]], valid=some)
    assert engine.evaluate(make.Table(table(port=bad))).to_list() == wanted


def test_rows_of_a_table_may_be_null(engine, expected):
    some = [i % 5 != 1 for i in range(len(FLOWS))]
    wanted = [v if k else None for v, k in zip(expected, some)]
    assert engine.evaluate(make.Table(table(), valid=some)).to_list() == wanted
    assert engine.evaluate(make.Table(table(), valid=some, offset=9)).to_list() == wanted[9:]


def test_columns_of_nothing_but_null(engine):
    nothing = make.Column("n", [], len(FLOWS))
    nothing.buffers = []
    for name in ("src", "protocol", "port"):
        assert engine.evaluate(make.Table(table(**{name: nothing}))).to_list() == [None] * len(FLOWS)


def test_a_protocol_without_ports_needs_none(engine):
    given = {"src": make.texts("u", ["default/web"] * 4), "dst": make.texts("u", ["default/db"] * 4),
             "proto": make.texts("u", ["ICMP", "TCP", None, "icmpv6"]), "port": make.ints("i", [None] * 4)}
    icmp = engine.verdict("default/web", "default/db", protocol="ICMP").allowed
    assert engine.evaluate(make.Table(given)).to_list() == [icmp, None, None, icmp]


def test_a_workload_to_itself_is_two_replicas(engine):
    names = ["default/many", "many", "default/many[Deployment]", "default/web"]
    given = {"src": make.texts("u", names), "dst": make.texts("u", names), "port": make.ints("i", [80] * 4)}
    singles = [engine.verdict(n, n, port=80) for n in names]
    assert engine.evaluate(make.Table(given)).to_list() == [v.allowed for v in singles]
    coded = make.encoded("C", [0, 1, 2, 3], make.texts("u", names))
    assert engine.evaluate(make.Table({**given, "src": coded})).to_list() == [v.allowed for v in singles]


# ---- what is refused ----

def with_text(*texts):
    return make.texts("u", [*texts, *SRC[len(texts):]])


ONES = [1] * len(FLOWS)
WRONG = [
    ({"src": with_text("10.0.0.1", "nope")}, {}, netpol.NotFoundError, 'column src, row 1: .*"nope"'),
    ({"src": with_text("10.0.0.300")}, {}, netpol.NotFoundError, "column src, row 0"),
    ({"src": with_text("a\0b")}, {}, netpol.NotFoundError, "column src, row 0"),
    ({"src": with_text("x" * 10000)}, {}, netpol.NotFoundError, "column src, row 0"),
    ({"src": with_text(b"\xff\xfe")}, {}, netpol.NotFoundError, "column src, row 0"),
    ({"src": make.texts("z", [b"12345", *[bytes(4)] * (len(FLOWS) - 1)])}, {}, ValueError,
     "column src, row 0: no address: binary of 5 bytes"),
    ({"src": make.ints("l", [*ONES[1:], 2**32])}, {}, ValueError, "column src, row 149: no address: 4294967296"),
    ({"src": make.ints("i", [-1, *ONES[1:]])}, {}, ValueError, "column src, row 0: no address: -1"),
    ({"src": make.ints("L", [2**64 - 1, *ONES[1:]])}, {}, ValueError, "row 0: no address: 18446744073709551615"),
    ({"protocol": with_text("TCPX")}, {}, ValueError, 'column protocol, row 0: no protocol: "TCPX"'),
    ({"protocol": make.ints("s", [256, *ONES[1:]])}, {}, ValueError, "column protocol, row 0: no protocol: 256"),
    ({"port": make.ints("i", [1, 65536, *ONES[2:]])}, {}, ValueError, "column port, row 1: no port .*: 65536"),
    ({"port": make.ints("s", [1, -1, *ONES[2:]])}, {}, ValueError, "column port, row 1: no port .*: -1"),
    ({"port": SIDES["string"]}, {}, TypeError, "column port: must hold integers, not string"),
    ({"port": make.Column("g", [bytes(8 * len(FLOWS))], len(FLOWS))}, {}, TypeError, "column port.*not float64"),
    ({"src": make.Column("b", [bytes(99)], len(FLOWS))}, {}, TypeError, "column src.*not bool"),
    ({"src": make.Column("tsu:UTC", [bytes(9999)], len(FLOWS))}, {}, TypeError, "column src.*not timestamp"),
    ({"src": make.fixed(5, [bytes(5)] * len(FLOWS))}, {}, TypeError, "column src.*not fixed_size_binary"),
    ({"protocol": make.texts("z", [b"TCP"] * len(FLOWS))}, {}, TypeError, "column protocol.*not binary"),
    ({"src": make.encoded("C", PLACES, make.Column("g", [bytes(80)], 5))}, {}, TypeError, "column src.*not float64"),
    ({}, {"src": "nope"}, ValueError, r"there is no column 'nope' among \['src', 'dst', 'protocol', 'port'\]"),
    ({}, {"protocol": "nope"}, ValueError, "there is no column 'nope'"),
    ({}, {"src": None}, TypeError, "name of a column"),
    ({}, {"src": 5}, TypeError, "name of a column"),
    ({}, {"src": "a\0b"}, ValueError, "NUL"),
    ({}, {"src": "\ud800"}, UnicodeEncodeError, "surrogate"),
    ({}, {"port": 65536}, ValueError, "port: must be from 0 to 65535"),
    ({}, {"port": -1}, ValueError, "port: must be"),
    ({}, {"protocol": 10**400}, ValueError, "protocol: must be from 0 to 255"),
    ({}, {"port": True}, TypeError, "name of a column"),
    ({}, {"port": 1.5}, TypeError, "name of a column"),
    ({}, {"errors": "ignore"}, ValueError, "errors must be"),
]


@pytest.mark.parametrize("columns, options, error, said", WRONG, ids=[row[3] for row in WRONG])
def test_wrong_tables_are_refused_by_column_and_row(engine, columns, options, error, said):
    for stream in (True, False):
        given = make.Table(table(**columns), stream=stream)
        with pytest.raises(error, match=said):
            engine.evaluate(given, **options)
        assert given.live == 0, "what was given is released"


def test_rows_count_across_batches(engine):
    given = make.Table(table(src=with_text("10.0.0.1")), batches=2)
    fill, seen = given.array_of, []

    def second_is_bad(column):
        seen.append(column)
        return fill(column if len(seen) < 5 else with_text("nope") if len(seen) == 5 else column)
    given.array_of = second_is_bad
    with pytest.raises(netpol.NotFoundError, match="column src, row 150"):
        engine.evaluate(given)


def test_rows_that_cannot_be_judged_may_become_null(engine, expected):
    given = table(src=with_text("nope", "10.0.0.300"), port=make.ints("i", [-1, 80, 70000, *[f[3] for f in FLOWS[3:]]]))
    assert engine.evaluate(make.Table(given), errors="null").to_list() == [None] * 3 + expected[3:]
    coded = make.encoded("c", [*PLACES[:-1], 5], make.texts("u", [*DISTINCT, "nope"]))
    assert engine.evaluate(make.Table(table(src=coded)), errors="null").to_list() == expected[:-1] + [None]


def test_two_columns_of_one_name_are_refused(engine):
    given = make.Table({**table(), "Src": SIDES["string"]})
    given.schema_of = lambda column, name: make.Table.schema_of(given, column, name.lower())
    with pytest.raises(ValueError, match="two columns src"):
        engine.evaluate(given)


@pytest.mark.parametrize("wrong", [None, 3, "x", [], {}, object(), netpol.Column, b""])
def test_only_tables_are_judged(engine, wrong):
    with pytest.raises(TypeError):
        engine.evaluate(wrong)


def odd_length(array, odd):
    if odd:
        array.length = len(FLOWS)
    return array


class Liar:
    def __init__(self, **methods):
        self.__dict__.update(methods)


def test_objects_that_break_the_protocol_are_refused(engine):
    used = make.Table(table()).__arrow_c_stream__()
    assert len(engine.evaluate(Liar(__arrow_c_stream__=lambda: used))) == len(FLOWS)
    column = make.texts("u", ["a"])
    for liar, error in (
            (Liar(__arrow_c_stream__=lambda: used), TypeError),  # consumed already
            (Liar(__arrow_c_stream__=lambda: None), TypeError),
            (Liar(__arrow_c_stream__=lambda: make.Table(table(), stream=False).__arrow_c_array__()[0]), TypeError),
            (Liar(__arrow_c_stream__=lambda: 1 / 0), ZeroDivisionError),
            (Liar(__arrow_c_stream__=3), TypeError),
            (Liar(__arrow_c_array__=lambda: 3), TypeError),
            (Liar(__arrow_c_array__=lambda: (1, 2)), TypeError),
            (Liar(__arrow_c_array__=lambda: (1, 2, 3)), TypeError)):
        with pytest.raises(error):
            engine.evaluate(liar)
    with pytest.raises(TypeError, match="not a column"):
        engine.evaluate(engine.evaluate(make.Table(table())))
    with pytest.raises(RuntimeError, match="out of luck"):
        engine.evaluate(make.Table(table(), batches=2, fail_at=1))
    for broken in (make.Column("u", column.buffers[1:2], 1), make.Column("S", [], 1),
                   make.encoded("C", [0], make.Column("u", [], 1))):
        given = make.Table({"src": broken, "dst": column, "port": make.ints("S", [1])})
        with pytest.raises((RuntimeError, TypeError)):
            engine.evaluate(given)
        assert given.live == 0
    short = make.Table(table(port=make.ints("S", [1])))
    short.length = lambda: len(FLOWS)
    with pytest.raises(RuntimeError, match="column port: its array is broken"):
        engine.evaluate(short)
    for field, value in (("offset", 2**63 - 1), ("offset", -1), ("length", -1), ("length", 2**63 - 1)):
        odd = make.Table(table(), stream=False)

        def fill(out, odd=odd, field=field, value=value):
            make.Table.fill_array(odd, out)
            setattr(out, field, value)
        odd.fill_array = fill
        with pytest.raises(RuntimeError, match="broken"):
            engine.evaluate(odd)
        assert odd.live == 0
    column = make.texts("u", SRC)
    column.offset = 2**63 - 1
    huge = make.Table(table(src=column))
    huge.array_of = lambda c: odd_length(make.Table.array_of(huge, c), c is column)
    with pytest.raises(RuntimeError, match="column src: its array is broken"):
        engine.evaluate(huge)
    outside = make.encoded("s", [*PLACES[:-1], 99], make.texts("u", DISTINCT))
    with pytest.raises(RuntimeError, match="column src, row 149: not in its dictionary"):
        engine.evaluate(make.Table(table(src=outside)))
    for dead in (None, 3):
        with pytest.raises((TypeError, ValueError)):
            netpol.Engine(dead).evaluate(make.Table(table()))
        with pytest.raises(TypeError):
            netpol.Column(dead)


# ---- the column of verdicts ----

def test_a_column_is_a_sequence(engine, expected):
    column = engine.evaluate(make.Table(table(port=make.ints("i", [None, *[f[3] for f in FLOWS[1:]]]))))
    wanted = [None, *expected[1:]]
    assert len(column) == len(FLOWS) and list(column) == wanted
    assert [column[0], column[5], column[-1]] == [wanted[0], wanted[5], wanted[-1]]
    assert column[2:9:3] == wanted[2:9:3] and column[:0] == []
    assert column.count(True) == column.allowed_count and None in column
    assert repr(column) == f"<netpol.Column: {wanted.count(True)} allowed, {wanted.count(False)} denied, 1 null>"
    for wrong in (len(FLOWS), -len(FLOWS) - 1, 10**30):
        with pytest.raises(IndexError):
            column[wrong]


def test_columns_outlive_what_they_came_from(expected):
    manifests = netpol.load(*EXAMPLE)
    column = netpol.Cluster(manifests).compile().evaluate(make.Table(
        {"src": make.texts("u", ["web", "api"]), "dst": make.texts("u", ["db", "db"]), "port": make.ints("i", [3306] * 2)}))
    stream, pair, schema = column.__arrow_c_stream__(), column.__arrow_c_array__(), column.__arrow_c_schema__()
    del column, manifests
    gc.collect()
    array = make.Array.from_address(make.get_pointer(pair[1], b"arrow_array"))
    assert make.values_of(array) == [False, True]
    del stream, schema, pair


def test_pyarrow(engine, expected):
    pyarrow = pytest.importorskip("pyarrow")
    given = pyarrow.table({"src": SRC, "dst": [f[1] for f in FLOWS], "protocol": [f[2] for f in FLOWS],
                           "port": [f[3] for f in FLOWS]})
    column = engine.evaluate(given)
    assert pyarrow.array(column).to_pylist() == expected
    chunked = pyarrow.chunked_array(engine.evaluate(pyarrow.concat_tables([given.slice(1), given])))
    assert chunked.type == pyarrow.bool_() and chunked.to_pylist() == expected[1:] + expected
    assert [len(chunk) for chunk in chunked.chunks] == [len(FLOWS) - 1, len(FLOWS)]
    chunked.validate(full=True)
    given.append_column("allowed", pyarrow.chunked_array(column)).validate(full=True)
    batches = given.to_batches(max_chunksize=37)
    assert [v for batch in batches for v in engine.evaluate(batch)] == expected
    reader = pyarrow.RecordBatchReader.from_batches(given.schema, given.to_batches(max_chunksize=37))
    assert engine.evaluate(reader).to_list() == expected
    coded = given.set_column(0, "src", given["src"].dictionary_encode())
    assert engine.evaluate(coded.slice(11)).to_list() == expected[11:]
    assert pyarrow.array(engine.evaluate(given.slice(0, 0))).to_pylist() == []


def test_polars(engine, expected):
    polars = pytest.importorskip("polars")
    given = polars.DataFrame({"src": SRC, "dst": [f[1] for f in FLOWS], "proto": [f[2] for f in FLOWS],
                              "port": [f[3] for f in FLOWS]})
    column = engine.evaluate(given)
    assert polars.Series("allowed", column).to_list() == expected
    categories = given.with_columns(polars.col("src", "dst", "proto").cast(polars.Categorical))
    assert engine.evaluate(categories).to_list() == expected


def test_duckdb(engine, expected):
    duckdb = pytest.importorskip("duckdb")
    rows = ", ".join(f"({s!r}, {d!r}, {proto!r}, {port})" for s, d, proto, port in FLOWS)
    relation = duckdb.sql(f"select * from (values {rows}) flows(src, dst, protocol, port)")
    if not hasattr(relation, "__arrow_c_stream__"):
        pytest.skip("this DuckDB gives no Arrow streams")
    assert engine.evaluate(relation).to_list() == expected


# ---- threads, endurance ----

def test_many_threads_judge_at_once(engine, expected):
    wrong = []

    def work():
        for side in SIDES:
            if engine.evaluate(make.Table(table(src=SIDES[side]))).to_list() != expected:
                wrong.append(side)
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_interpreter_lock_is_given_away(engine):
    """A stream whose producer waits for another thread: with the lock held it would wait for ever."""
    asked, answered = threading.Event(), threading.Event()
    given = make.Table({"src": make.texts("u", ["web"]), "dst": make.texts("u", ["db"]), "port": make.ints("i", [1])})
    fill = given.fill_array

    def slowly(out):
        asked.set()
        assert answered.wait(60)
        fill(out)
    given.fill_array = slowly
    other = threading.Thread(target=lambda: asked.wait(60) and answered.set())
    other.start()
    assert len(engine.evaluate(given)) == 1
    other.join()


def test_ctrl_c_ends_a_long_table(engine):
    class Stop(Exception):
        pass

    def stop(*_):
        raise Stop

    column = make.Column("C", [bytes(1 << 25)], 1 << 25)
    given = make.Table({"src": column, "dst": column}, stream=False)
    pair = given.__arrow_c_array__()
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(Stop):
            engine.evaluate(Liar(__arrow_c_array__=lambda: pair), port=80)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert given.live == 0


def test_the_interpreter_may_end_with_columns_that_others_hold():
    code = ("import sys; sys.path.insert(0, sys.argv[1]); import arrow_maker as make, netpol\n"
            "e = netpol.Cluster(netpol.load(*sys.argv[2:])).compile()\n"
            "t = make.Table({'src': make.texts('u', ['web']), 'dst': make.texts('u', ['db']), 'port': make.ints('i', [1])})\n"
            "c = e.evaluate(t); given = c.__arrow_c_array__(), c.__arrow_c_stream__(), t.__arrow_c_stream__()\n"
            "sys.late = c, given, netpol.Live(netpol.load(*sys.argv[2:]))\n")
    here = str(pathlib.Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", code, here, *map(str, EXAMPLE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_rounds_release_what_they_were_given(engine):
    for _ in range(max(ROUNDS // 20, 1)):
        for columns in ({}, {"src": with_text("nope")}, {"port": SIDES["string"]}):
            given = make.Table(table(**columns), batches=2)
            try:
                column = engine.evaluate(given)
                column.__arrow_c_stream__(), column.__arrow_c_array__()
            except (netpol.NotFoundError, TypeError):
                pass
            assert given.live == 0
