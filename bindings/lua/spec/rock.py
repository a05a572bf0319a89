#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds and installs the rock from a clean copy of the sources, for Lua 5.1 and 5.4, and runs specs on it.

    rock.py BUILD LUAROCKS

Then again on the library of BUILD, installed somewhere. Neither the build nor the copy can be found by
what is tested.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
SPECS = ("values", "handles")
VERSIONS = ("5.1", "5.4")


def run(*words, cwd=ROOT, **more):
    environment = {**os.environ, "CMAKE_BUILD_PARALLEL_LEVEL": "2", **more}
    done = subprocess.run(words, cwd=cwd, env=environment, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"FAILED: {' '.join(words)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def copy_sources(to):
    """What git knows or would take, as it stands; outside a checkout, all but builds."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        shutil.copytree(ROOT, to, ignore=shutil.ignore_patterns("build*", ".git"))
        return
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def install(luarocks, version, sources, tree, **more):
    run(luarocks, "--lua-version", version, "--tree", str(tree), "make", cwd=sources, **more)
    for path in ("share/lua/%s/netpol.lua", "share/lua/%s/netpol/engine.lua", "lib/lua/%s/netpol/core.so"):
        if not (tree / (path % version)).is_file():
            sys.exit(f"FAILED: the rock has no {path % version}")


def test(version, tree):
    for spec in SPECS:
        run(f"lua{version}", "bindings/lua/spec/run.lua", f"bindings/lua/spec/{spec}_spec.lua",
            NETPOL_INSTALLED="1", LUA_PATH=f"{tree}/share/lua/{version}/?.lua;;",
            LUA_CPATH=f"{tree}/lib/lua/{version}/?.so;;")


def main():
    build, luarocks = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        sources = folder / "sources"
        copy_sources(sources)
        for version in VERSIONS:
            install(luarocks, version, sources, folder / version)
        run("cmake", "--install", build, "--prefix", str(folder / "prefix"))
        shutil.rmtree(sources / "build-rock")
        for version in VERSIONS:
            install(luarocks, version, sources, folder / "linked" / version,
                    NETPOL_DIR=str(folder / "prefix"))
        shutil.rmtree(sources)
        shutil.rmtree(folder / "prefix")
        for version in VERSIONS:
            test(version, folder / version)
            test(version, folder / "linked" / version)
    print("rocks for Lua " + " and ".join(VERSIONS))


main()
