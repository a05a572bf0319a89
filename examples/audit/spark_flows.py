# SPDX-License-Identifier: MIT
"""Flow logs on Spark, against the policies of examples/db-policy.

    python3 examples/audit/spark_flows.py [FLOWS.csv]

Needs pyspark, pyarrow and Java. `netpol.spark.evaluate` adds a column of verdicts to every row, in the
executors; `netpol.spark.audit` counts alike rows there and judges each once.
"""
import os
import pathlib
import sys

import netpol
import netpol.spark
from pyspark.sql import SparkSession

HERE = pathlib.Path(__file__).resolve().parent
MANIFESTS = [HERE.parent / "db-policy/cluster.yaml", HERE.parent / "db-policy/3-in-and-out.yaml"]


def main() -> None:
    flows_csv = sys.argv[1] if len(sys.argv) > 1 else str(HERE / "flows.csv")
    # Without it, executors may take another Python, which has no netpol.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = (SparkSession.builder.master("local[2]").appName("netpol")
             .config("spark.ui.enabled", "false").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    flows = spark.read.csv(flows_csv, header=True, inferSchema=True)

    judged = netpol.spark.evaluate(flows, MANIFESTS)
    print("verdicts by destination port:")
    for row in judged.groupBy("port", "allowed").count().orderBy("port", "allowed").collect():
        word = {True: "allow", False: "deny", None: "unknown"}[row["allowed"]]
        print(f"  {row['port'] or '-':>6}  {word:8}{row['count']:>6}")

    print()
    print(netpol.spark.audit(flows, MANIFESTS).text(top=5), end="")
    spark.stop()


if __name__ == "__main__":
    main()
