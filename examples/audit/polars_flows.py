# SPDX-License-Identifier: MIT
"""Flow logs in Polars, against the policies of examples/db-policy.

    python3 examples/audit/polars_flows.py [FLOWS.csv]

Needs polars and pyarrow. Verdicts are a column like any other; an audit wants alike rows counted, which
Polars does on all cores.
"""
import pathlib
import sys

import netpol
import polars as pl

HERE = pathlib.Path(__file__).resolve().parent
MANIFESTS = [HERE.parent / "db-policy/cluster.yaml", HERE.parent / "db-policy/3-in-and-out.yaml"]


def main() -> None:
    flows_csv = sys.argv[1] if len(sys.argv) > 1 else HERE / "flows.csv"
    engine = netpol.Cluster.load(*MANIFESTS).compile()
    flows = pl.read_csv(flows_csv)

    judged = flows.with_columns(allowed=pl.Series(engine.evaluate(flows, errors="null")))
    print("verdicts by destination port:")
    for port, allowed, count in (judged.group_by("port", "allowed").len()
                                 .sort("port", "allowed").iter_rows()):
        word = {True: "allow", False: "deny", None: "unknown"}[allowed]
        print(f"  {port or '-':>6}  {word:8}{count:>6}")

    print()
    alike = pl.scan_csv(flows_csv).group_by(pl.all()).len(name="count").collect()
    print(netpol.audit(alike, MANIFESTS).text(top=5), end="")


if __name__ == "__main__":
    main()
