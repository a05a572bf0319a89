#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs the Lua modules as a packager does, and runs specs on what lies in the package's folder.

    installed.py BUILD
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
SPECS = ("values", "handles")
INTERPRETERS = {"5.1": ("lua5.1", "luajit"), "5.3": ("lua5.3",), "5.4": ("lua5.4",)}


def run(*words, **more):
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, **more}, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"FAILED: {' '.join(words)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def main():
    build = pathlib.Path(sys.argv[1])
    tested = []
    with tempfile.TemporaryDirectory() as folder:
        # as dh_auto_install does: the prefix is that of the build, the package's folder comes before it
        run("cmake", "--install", str(build), "--prefix", "/usr", "--component", "lua", DESTDIR=folder)
        usr = pathlib.Path(folder) / "usr"
        for modules in sorted(usr.glob("lib/**/lua/5.*/netpol/core.so")):
            version, libraries = modules.parents[1].name, modules.parents[1]
            scripts = usr / "share/lua" / version
            for interpreter in filter(shutil.which, INTERPRETERS[version]):
                for spec in SPECS:
                    run(interpreter, "bindings/lua/spec/run.lua", f"bindings/lua/spec/{spec}_spec.lua",
                        NETPOL_INSTALLED="1", LUA_PATH=f"{scripts}/?.lua;;", LUA_CPATH=f"{libraries}/?.so;;")
                tested.append(interpreter)
        others = [p for p in usr.rglob("*") if p.is_file() and "/lua/5." not in str(p)]
        if others:
            sys.exit(f"FAILED: the component lua installs {others}")
    if not tested:
        sys.exit("FAILED: nothing was installed")
    print("installed and used by", ", ".join(tested))


main()
