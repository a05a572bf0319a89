# SPDX-License-Identifier: MIT
"""PyYAML's C loader, untyped, on a file of manifests, for bench_yaml --beside."""

import sys
import time

import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()


def once():
    start = time.process_time()
    for _ in yaml.load_all(text, Loader=yaml.CSafeLoader):
        pass
    return time.process_time() - start


print(f"PyYAML: CSafeLoader, untyped\t{sorted(once() for _ in range(3))[1]:.9f}")
