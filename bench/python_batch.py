#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Verdicts in Python, by the table and one by one, beside the C batch call on the same flows:

    cmake --build build --target bench_engine && bench/python_batch.py build [SIZE]

Needs PyArrow. All columns of a round are measured one after the other, and the best of all rounds counts.
"""
import ctypes
import ipaddress
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
size = sys.argv[2] if len(sys.argv) > 2 else "10k"
sys.path.insert(0, str(build / "python"))

import numpy  # noqa: E402
import pyarrow  # noqa: E402

import netpol  # noqa: E402

ROUNDS = int(os.environ.get("NETPOL_BENCH_ROUNDS", "9"))
ROWS = 1_000_000


def workload(folder):
    """Manifests and flows of bench_engine; its peer is not wanted here and ends at once."""
    subprocess.run([build / "bench_engine", "compare", size, folder, "/bin/true"],
                   stderr=subprocess.DEVNULL, check=False)
    lines = [line.split() for line in (folder / "flows.txt").read_text().splitlines()]
    return folder / "objects.json", [lines[i % len(lines)] for i in range(ROWS)]


class CLibrary:
    """The same batch in C, through the shared library."""

    def __init__(self, objects):
        self.lib = lib = ctypes.CDLL(str(build / "libnetpol.so"))
        self.engine = ctypes.c_void_p()
        manifests, cluster = ctypes.c_void_p(), ctypes.c_void_p()
        assert not lib.netpol_manifests_new(None, ctypes.byref(manifests))
        assert not lib.netpol_manifests_read(manifests, str(objects).encode(), None)
        assert not lib.netpol_cluster_new(None, None, ctypes.byref(cluster), None)
        assert not lib.netpol_cluster_put_all(cluster, manifests, None)
        assert not lib.netpol_cluster_compile(cluster, 0, ctypes.byref(self.engine), None)
        lib.netpol_engine_verdicts.argtypes = [ctypes.c_void_p] * 2 + [ctypes.c_size_t, ctypes.c_void_p]

    def batch(self, flows, out):
        self.lib.netpol_engine_verdicts(self.engine, flows.ctypes.data, len(flows), out.ctypes.data)


def flows_of(src, dst, protocol, port):
    row = numpy.dtype([("src", "u1", 16), ("dst", "u1", 16), ("port", "u2"), ("protocol", "u1"),
                       ("rest", "u1", 5)])
    flows = numpy.zeros(len(src), row)
    for name, column in (("src", src), ("dst", dst)):
        flows[name][:, 10:12] = 255
        flows[name][:, 12:] = column.astype(">u4").view("u1").reshape(-1, 4)
    flows["port"] = port
    flows["protocol"] = protocol
    return flows


def seconds(call):
    began = time.process_time()
    call()
    return time.process_time() - began


def two_threads(call):
    """Two calls at once beside two one after the other, by the clock."""
    began = time.perf_counter()
    call()
    call()
    one = time.perf_counter() - began
    threads = [threading.Thread(target=call) for _ in range(2)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return one / (time.perf_counter() - began)


def main():
    with tempfile.TemporaryDirectory() as folder:
        objects, lines = workload(pathlib.Path(folder))
        engine = netpol.Cluster.load(objects).compile()
        c = CLibrary(objects)
    number = {text: int(ipaddress.IPv4Address(text)) for line in lines for text in line[:2]}
    src = numpy.array([number[line[0]] for line in lines], numpy.uint32)
    dst = numpy.array([number[line[1]] for line in lines], numpy.uint32)
    protocol = numpy.array([17 if line[2] == "UDP" else 6 for line in lines], numpy.uint8)
    port = numpy.array([int(line[3]) for line in lines], numpy.uint16)
    texts = pyarrow.table({"src": [line[0] for line in lines], "dst": [line[1] for line in lines],
                           "protocol": [line[2] for line in lines],
                           "port": pyarrow.array([int(line[3]) for line in lines], pyarrow.int64())})
    numbers = pyarrow.table({"src": src, "dst": dst, "protocol": protocol, "port": port})
    dictionaries = pyarrow.table({name: texts[name].dictionary_encode() if name != "port" else texts[name]
                                  for name in texts.column_names})
    flows, out = flows_of(src, dst, protocol, port), numpy.zeros((ROWS, 8), numpy.uint8)
    few = [(line[0], line[1], int(line[3]), line[2]) for line in lines[:ROWS // 50]]

    def one_by_one():
        for s, d, p, proto in few:
            engine.verdict(s, d, port=p, protocol=proto)

    ways = {
        "C batch": (lambda: c.batch(flows, out), ROWS),
        "Arrow, numbers": (lambda: engine.evaluate(numbers), ROWS),
        "Arrow, dictionaries of texts": (lambda: engine.evaluate(dictionaries), ROWS),
        "Arrow, texts": (lambda: engine.evaluate(texts), ROWS),
        "NumPy": (lambda: engine.verdicts(src, dst, protocol, port), ROWS),
        "Python loop of verdict()": (one_by_one, len(few)),
    }
    expected = [line[4] == "1" for line in lines]
    for table in (numbers, dictionaries, texts):
        assert engine.evaluate(table).to_list() == expected
    assert engine.verdicts(src, dst, protocol, port).tolist() == expected

    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, (call, rows) in ways.items():
            best[name] = min(best[name], seconds(call) / rows)
    print(f"{engine.pod_count} pods\n\n| | M verdicts/s a core | ns | of the C batch | beside the loop |")
    print("|---|---|---|---|---|")
    for name, s in best.items():
        print(f"| {name} | {1e-6 / s:.1f} | {s * 1e9:.1f} | {best['C batch'] / s:.2f} "
              f"| {best['Python loop of verdict()'] / s:.0f}x |")
    ratio = max(two_threads(lambda: engine.evaluate(numbers)) for _ in range(ROUNDS))
    print(f"\ntwo threads: {ratio:.2f}x one")


main()
