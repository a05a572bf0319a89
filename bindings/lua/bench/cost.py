#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a verdict costs in each Lua against C, in instructions: bindings/lua/bench/cost.py BUILD

Counted by callgrind over two lengths of a run, so that start and compilation cancel out; the same numbers come
out on a busy machine.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LUAS = (("Lua 5.1", "lua5.1", "5.1"), ("LuaJIT", "luajit", "5.1"), ("Lua 5.3", "lua5.3", "5.3"),
        ("Lua 5.4", "lua5.4", "5.4"))
MODES = (("engine:allowed", "allowed", 64000), ("live:allowed", "live", 64000),
         ("engine:verdicts, a row", "verdicts", 64000), ("engine:verdict", "verdict", 6400))


def manifests():
    pods = "".join(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p{i}, namespace: n{i % 10}, labels: "
                   f"{{app: a{i % 50}}}}}\nstatus: {{podIP: 10.0.{i // 250}.{i % 250 + 1}}}\n---\n"
                   for i in range(1000))
    policies = "---\n".join(f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                            f"metadata: {{name: q{i}, namespace: n{i % 10}}}\nspec:\n"
                            f"  podSelector: {{matchLabels: {{app: a{i % 50}}}}}\n  ingress:\n"
                            f"  - from: [{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: a{i % 7}}}}}}}]\n"
                            f"    ports: [{{port: 80}}]\n" for i in range(100))
    return pods + policies


def instructions(*words):
    with tempfile.NamedTemporaryFile() as out:
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", *words],
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def cost(count, *words):
    return (instructions(*words, str(3 * count)) - instructions(*words, str(count))) / (2 * count)


def main():
    build = pathlib.Path(sys.argv[1])
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(manifests())
        file.flush()
        c = {mode: cost(64000, str(build / "lua_cost"), file.name, mode) for mode in ("flow", "text")}
        print(f"C: netpol_engine_verdict {c['flow']:.0f} instructions, with netpol_flow_parse {c['text']:.0f}")
        for name, interpreter, version in LUAS:
            modules = build / "lua" / version
            if not shutil.which(interpreter) or not modules.is_dir():
                print(f"{name}: not here")
                continue
            for title, mode, count in MODES:
                n = cost(count, interpreter, str(HERE / "cost.lua"), str(modules), file.name, mode)
                print(f"{name:8} {title:24} {n:8.0f}  {n / c['flow']:6.1f}x of a verdict in C, "
                      f"{n / c['text']:5.2f}x of one with text")


main()
