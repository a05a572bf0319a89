# SPDX-License-Identifier: MIT
"""The same audit on Polars and on Spark; the examples are run as they are."""
import os
import pickle
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

import netpol

FOLDER = ROOT / "examples/audit"
FLOWS = FOLDER / "flows.csv"
MANIFESTS = [ROOT / "examples/db-policy/cluster.yaml", ROOT / "examples/db-policy/3-in-and-out.yaml"]
BY_PORT = """\
verdicts by destination port:
       -  allow        2
      22  deny         1
      80  allow        8
     443  deny         3
    3306  deny        13
    3306  allow       14
    8080  allow       12
"""


def example(name):
    done = subprocess.run([sys.executable, FOLDER / name], capture_output=True, text=True,
                          check=False, env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def wanted():
    return f"{BY_PORT}\n{netpol.audit(FLOWS, MANIFESTS).text(top=5)}"


def test_the_example_of_polars():
    pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    assert example("polars_flows.py") == wanted()


def test_tables_of_polars_are_audited():
    polars = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    whole = netpol.audit(polars.read_csv(FLOWS), MANIFESTS)
    assert whole.to_json() == netpol.audit(FLOWS, MANIFESTS).to_json()


@pytest.fixture(scope="module")
def java():
    for name in ("pyspark", "pyarrow", "pandas"):
        pytest.importorskip(name)
    if not shutil.which("java"):
        pytest.skip("Spark needs Java")


@pytest.mark.usefixtures("java")
def test_the_example_of_spark():
    assert example("spark_flows.py") == wanted()


@pytest.mark.usefixtures("java")
def test_spark_makes_one_engine_a_process(tmp_path):
    """Counts, semantics and the name of the new column; manifests made in Python travel too."""
    program = tmp_path / "program.py"
    program.write_text(f"""
import os, sys
import netpol, netpol.spark
from pyspark.sql import SparkSession
os.environ["PYSPARK_PYTHON"] = sys.executable
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
manifests = netpol.load(*{[str(path) for path in MANIFESTS]!r})
manifests.policies["default/db-policy"].spec.ingress.clear()
rows = [("10.0.0.20", "10.0.0.10", 3306, 2), ("10.0.0.20", "10.0.0.30", 80, 5), ("who", "10.0.0.30", 80, 1)]
flows = spark.createDataFrame(rows, "src string, dst string, port int, n int").repartition(2)
made = netpol.spark.evaluate(flows, manifests, column="ok", semantics="strict")
print(made.columns, sorted(map(str, [row["ok"] for row in made.collect()])))
audit = netpol.spark.audit(flows, manifests)
print(audit.lines, audit.judged, audit.allowed, dict(audit.unknown))
""")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "['src', 'dst', 'port', 'n', 'ok'] ['False', 'None', 'True']",
        "8 7 5 {('default/who', 'a pod that the manifests do not have'): 1}"]


def test_what_spark_sends_keeps_file_and_line():
    from netpol import spark
    sent = pickle.loads(pickle.dumps(spark.Bundle(MANIFESTS, semantics="cilium")))
    engine = sent.engine()
    said = engine.verdict("default/api", "default/db", port=3306).explain().ingress
    assert (said.source, said.line) == (str(MANIFESTS[1]), 15)
    assert sent.engine() is engine, "one a process"


def test_batches_are_judged_as_they_come():
    pyarrow = pytest.importorskip("pyarrow")
    from netpol import spark
    bundle = spark.Bundle(MANIFESTS)
    batch = pyarrow.record_batch({"src": ["10.0.0.20", "10.0.0.30"], "dst": ["10.0.0.10"] * 2,
                                  "port": [3306, 3306], "other": [1, 2]})
    judged, again = spark.judge(lambda: bundle, "allowed", "null")(iter([batch, batch.slice(1)]))
    assert judged.schema.names == ["src", "dst", "port", "other", "allowed"]
    assert judged["allowed"].to_pylist() == [True, False] and again["allowed"].to_pylist() == [False]
