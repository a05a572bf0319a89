#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Loading policies as Python values, beside reading the same text in C:

    bench/python_values.py build [POLICIES]

Once of the plain form that most manifests have, and once of a form that only libyaml reads. Values are made when they
are asked for: "one" looks at one policy by its name, "all" at every one. Medians of interleaved rounds, CPU time.
"""
import pathlib
import statistics
import sys
import time

build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
sys.path.insert(0, str(build / "python"))

import netpol  # noqa: E402
from netpol import _core  # noqa: E402

ROUNDS = 25
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: policy-{i}
  namespace: ns-{space}
  labels:
    app: web
spec:
  podSelector:
    matchLabels:
      app: app-{app}
  policyTypes:
  - Ingress
  - Egress
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: client
    - namespaceSelector:
        matchExpressions:
        - key: team
          operator: In
          values:
          - a
          - b
    - ipBlock:
        cidr: 10.0.0.0/8
        except:
        - 10.1.0.0/16
    ports:
    - protocol: TCP
      port: 8080
    - port: http
  egress:
  - to:
    - podSelector: {empty}
    ports:
    - protocol: UDP
      port: 53
"""


def manifest(empty):
    return "---\n".join(POLICY.format(i=i, space=i % 20, app=i % 50, empty=empty) for i in range(count))


def parse(text):
    handle = _core.manifests_new(0)
    _core.manifests_read_memory(handle, "x", text)
    return handle


WAYS = {
    "C": parse,
    "load": netpol.loads,
    "one": lambda text: netpol.loads(text).policies["ns-0/policy-0"],
    "all": lambda text: netpol.loads(text).objects,
}


def seconds(call, text):
    began = time.process_time()
    call(text)
    return time.process_time() - began


def main():
    print("| | reading in C, us a policy | load | load and look at one | load and look at all |\n|---|---|---|---|---|")
    for name, empty in (("plain form", "{}"), ("by libyaml", "!!map {}")):
        text = manifest(empty)
        times = {way: [] for way in WAYS}
        for _ in range(ROUNDS):
            for way, call in WAYS.items():
                times[way].append(seconds(call, text))
        ratios = {way: statistics.median(t / c for t, c in zip(times[way], times["C"])) for way in WAYS}
        print(f"| {name} | {statistics.median(times['C']) / count * 1e6:.1f} | {ratios['load']:.2f} | {ratios['one']:.2f} "
              f"| {ratios['all']:.2f} |")


main()
