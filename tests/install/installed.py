#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Uses libnetpol as somebody who installed it: through pkg-config, CMake and the README alone.

    installed.py install BUILD   installs into a folder, then moves the folder
    installed.py shared  BUILD   builds and runs the examples by pkg-config
    installed.py static  BUILD   the same by pkg-config --static, where no shared library is
    installed.py cmake   BUILD   a CMake project with find_package(netpol)
    installed.py readme  BUILD   the C, the Python and the commands that README.md shows

The compiler, its flags and CMake come from CC, CFLAGS and CMAKE. NETPOL_BLESS rewrites the examples' output.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
HERE = pathlib.Path(__file__).resolve().parent

# example, arguments, exit status
RUNS = (
    ("embed", ["default/api", "default/db", "3306", "db-policy/cluster.yaml", "db-policy/1-either.yaml"], 0),
    ("embed", ["default/web", "default/db", "3306", "db-policy/cluster.yaml", "db-policy/1-either.yaml"], 1),
    ("embed", ["default/nobody", "default/db", "3306", "db-policy/cluster.yaml"], 2),
    ("build_policy", [], 0),
    ("selector", ["app=web,tier in (a,b),!legacy", "app=web", "tier=a"], 0),
    ("selector", ["app=web,tier in (a,b),!legacy", "app=web", "tier=a", "legacy=yes"], 1),
    ("selector", ["app in (web"], 2),
    ("scenario", ["db-policy/scenario.yaml"], 0),
    ("scenario", ["../tests/cli/files/scenarios/more/fails.yaml"], 1),
    ("scenario", ["db-policy/cluster.yaml"], 2),
    ("custom_allocator", ["1000000", "db-policy"], 0),
    ("custom_allocator", ["10000", "db-policy"], 1),
    ("live", ["db-policy/cluster.yaml", "db-policy/1-either.yaml"], 0),
    ("edit", ["db-policy/1-either.yaml", "spec.ingress[0].ports[0].port", "3307"], 0),
    ("edit", ["db-policy/1-either.yaml", "spec.nothing[3]", "1"], 1),
)


class Installed:
    def __init__(self, build):
        self.build = pathlib.Path(build)
        self.work = self.build / "installed"
        self.prefix = self.work / "moved here"
        self.compiler = [*shlex.split(os.environ.get("CC", "cc")), "-std=c11", "-pthread", "-Wall", "-Wextra", "-Werror",
                         *shlex.split(os.environ.get("CFLAGS", ""))]
        self.cmake = os.environ.get("CMAKE", "cmake")

    def package(self, prefix, *options):
        folder = next(prefix.rglob("libnetpol.pc")).parent
        environment = {**os.environ, "PKG_CONFIG_PATH": str(folder)}
        return shlex.split(output(["pkg-config", *options, "libnetpol"], env=environment))

    def compile(self, source, program, prefix, *options):
        program.parent.mkdir(parents=True, exist_ok=True)
        package = self.package(prefix, *options, "--cflags", "--libs")
        libdir = self.package(prefix, "--variable=libdir")[0]
        run([*self.compiler, source, *package, f"-Wl,-rpath,{libdir}", "-o", program])


def run(command, **more):
    if subprocess.run(command, **more).returncode != 0:
        sys.exit("failed: " + shlex.join(map(str, command)))


def output(command, **more):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **more).stdout


def needs(program):
    return re.findall(r"NEEDED.*\[(.*?)\]", output(["readelf", "-d", program]))


# ---- actions ----

def install(it):
    shutil.rmtree(it.work, ignore_errors=True)
    first = it.work / "first"
    run([it.cmake, "--install", it.build, "--prefix", first], stdout=subprocess.DEVNULL)
    first.rename(it.prefix)
    for path in it.prefix.rglob("*"):
        if path.suffix in (".pc", ".cmake") and str(ROOT) in path.read_text():
            sys.exit(f"{path.name} names the source folder")
    command = it.prefix / "bin" / "netpol"
    run([command, "--version"])


def run_examples(folder):
    """What the examples print, held against examples/expected/, in one file each."""
    texts = {}
    for name, arguments, status in RUNS:
        done = subprocess.run([folder / name, *arguments], cwd=EXAMPLES, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        shown = shlex.join([name, *arguments])
        if done.returncode != status:
            sys.exit(f"{shown}: exit status {done.returncode}, not {status}\n{done.stdout}")
        texts[name] = texts.get(name, "") + f"$ {shown}\n{done.stdout}"
    for name, text in texts.items():
        golden = EXAMPLES / "expected" / f"{name}.txt"
        if "NETPOL_BLESS" in os.environ:
            golden.write_text(text)
        elif not golden.exists() or golden.read_text() != text:
            sys.exit(f"{golden.relative_to(ROOT)} (NETPOL_BLESS=1 accepts) has not this output:\n{text}")


def shared(it):
    names = {name for name, _, _ in RUNS}
    sources = {path.stem for path in EXAMPLES.glob("*.c")}
    if names != sources:
        sys.exit(f"examples that nobody runs, or that are missing: {sorted(names ^ sources)}")
    for name in sorted(names):
        it.compile(EXAMPLES / f"{name}.c", it.work / "shared" / name, it.prefix)
        if "libnetpol.so.0" not in needs(it.work / "shared" / name):
            sys.exit(f"{name} does not use libnetpol.so.0")
    run_examples(it.work / "shared")


def static(it):
    prefix = it.work / "static prefix"
    shutil.rmtree(prefix, ignore_errors=True)
    shutil.copytree(it.prefix, prefix, symlinks=True, ignore=shutil.ignore_patterns("*.so*"))
    for name in sorted({name for name, _, _ in RUNS}):
        it.compile(EXAMPLES / f"{name}.c", it.work / "static" / name, prefix, "--static")
        if any("netpol" in library for library in needs(it.work / "static" / name)):
            sys.exit(f"{name} still uses the shared library")
    run_examples(it.work / "static")


def cmake(it):
    build = it.work / "consumer"
    shutil.rmtree(build, ignore_errors=True)
    run([it.cmake, "-S", HERE / "consumer", "-B", build, f"-DCMAKE_PREFIX_PATH={it.prefix}",
         f"-DEXAMPLE={EXAMPLES / 'selector.c'}", f"-DCMAKE_C_COMPILER={it.compiler[0]}",
         f"-DCMAKE_C_FLAGS={os.environ.get('CFLAGS', '')}"], stdout=subprocess.DEVNULL)
    run([it.cmake, "--build", build], stdout=subprocess.DEVNULL)
    for program in ("shared", "static"):
        run([build / program, "app=web", "app=web"])


# ---- README ----

def blocks():
    """The fenced blocks of the README: language and text."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)


def expect(what, have, want):
    if have.strip() != want.strip():
        sys.exit(f"README.md: {what} prints\n{have}\nand not\n{want}")


def readme_c(it, text, shown):
    """A C block is a whole program; the text block after it is what it prints."""
    source = it.work / "readme.c"
    source.write_text(text)
    it.compile(source, it.work / "readme", it.prefix)
    expect("the C program", output([it.work / "readme"], cwd=ROOT), shown)


def readme_console(it, text):
    """`$ command` lines and what each prints (both streams)."""
    environment = {**os.environ, "PATH": f"{it.prefix / 'bin'}:{os.environ['PATH']}"}
    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.M):
        done = subprocess.run(command, shell=True, cwd=ROOT, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        expect(command, done.stdout, shown)


def sanitizer_of(library):
    """What must be loaded before a program that was not built with the sanitizer that the library was."""
    lines = subprocess.run(["ldd", library], capture_output=True, text=True).stdout.splitlines()
    found = [line.split("=>")[1].split()[0] for line in lines if "libasan" in line and "=>" in line]
    return {"LD_PRELOAD": found[0], "ASAN_OPTIONS": "detect_leaks=0"} if found else {}


def foreign_interpreter(it):
    """The environment in which a program that is not ours may load what we built."""
    environment = {**os.environ, "PYTHONPATH": str(it.build / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
    if "address" in os.environ.get("CFLAGS", ""):
        environment["LD_PRELOAD"] = output([it.compiler[0], "-print-file-name=libasan.so"]).strip()
        environment["ASAN_OPTIONS"] = "detect_leaks=0"  # the interpreter's own
    return environment


def readme_python(it, text, shown):
    """A Python block is a whole program, if the package was built."""
    if not list(it.build.glob("python/netpol/_core*.so")):
        print("README.md: the Python program is not run, for the package was not built")
        return
    done = subprocess.run(["/usr/bin/python3", "-c", text], cwd=ROOT, env=foreign_interpreter(it), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    expect("the Python program", done.stdout, shown)


def readme(it):
    found = blocks()
    for i, (language, text) in enumerate(found):
        if language == "c":
            readme_c(it, text, found[i + 1][1])
        elif language == "python":
            readme_python(it, text, found[i + 1][1])
        elif language == "console":
            readme_console(it, text)


def main(action, build):
    actions = {f.__name__: f for f in (install, shared, static, cmake, readme)}
    actions[action](Installed(build))


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) == 3 else sys.exit(__doc__)
