#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The promises of the binary interface, read from the public headers and held against the build.

    abi.py headers  CC [CXX]   each header alone is C11 and C++11, with no inline code and no macros
    abi.py symbols  LIBRARY    headers = libnetpol.map = what the library exports
    abi.py layout   CC         every struct field stands where layout.c says
    abi.py bless               adds new fields to layout.c and new functions to libnetpol.map;
                               what a release has fixed is never rewritten
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
HEADERS = sorted(INCLUDE.rglob("*.h"))
MAP = ROOT / "libnetpol" / "libnetpol.map"
LAYOUT = ROOT / "tests" / "abi" / "layout.c"


def code(header):
    """A header without its comments."""
    return re.sub(r"/\*.*?\*/", " ", header.read_text(), flags=re.S)


def declared_functions():
    found = set()
    for header in HEADERS:
        for declaration in re.findall(r"^NETPOL_API\b([^;]*);", code(header), flags=re.M):
            found.add(re.search(r"(\w+)\s*\(", declaration).group(1))
    return found


def fields_of(body):
    for member in body.split(";"):
        member = member.strip()
        if not member:
            continue
        pointer = re.search(r"\(\*(\w+)\)", member)
        if pointer:
            yield pointer.group(1)
            continue
        for name in member.split(","):
            yield re.search(r"(\w+)\s*(\[\w*\])?$", name.strip()).group(1)


def structs():
    """Every public struct with a body, and its fields in order."""
    for header in HEADERS:
        for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\} \1;", code(header), re.S):
            yield name, list(fields_of(body))


def constants():
    """Every public enumerator, in order."""
    for header in HEADERS:
        for body in re.findall(r"\benum\s*\{(.*?)\}", code(header), re.S):
            yield from re.findall(r"(NETPOL_\w+)\s*=", body)


def fail(lines):
    print("\n".join(lines))
    sys.exit(1)


# ---- headers ----

def compiles(command, header):
    with tempfile.TemporaryDirectory() as scratch:
        suffix = ".cpp" if "-std=c++11" in command else ".c"
        source = pathlib.Path(scratch) / ("alone" + suffix)
        name = header.relative_to(INCLUDE)
        source.write_text(f'#include "{name}"\n#include "{name}"\n')
        return subprocess.run([*command, "-I", INCLUDE, "-fsyntax-only", source]).returncode == 0


def check_headers(cc, cxx=None):
    wrong = []
    strict = ["-pedantic-errors", "-Wall", "-Wextra", "-Wundef", "-Werror"]
    commands = [[cc, "-std=c11", *strict, "-Wstrict-prototypes"]]
    if cxx:
        commands.append([cxx, "-std=c++11", *strict])
    for header in HEADERS:
        name = header.relative_to(INCLUDE)
        wrong += [f"{name}: {c[1]} fails" for c in commands if not compiles(c, header)]
        text = code(header)
        wrong += [f"{name}: inline code" for _ in re.findall(r"\binline\b", text)]
        wrong += [f"{name}: macro with arguments: {m}" for m in re.findall(r"#\s*define\s+(\w+\()", text)]
        wrong += [f"{name}: foreign name {m}" for m in re.findall(r"#\s*define\s+((?!NETPOL_)\w+)", text)]
    if wrong:
        fail(wrong)
    print(f"{len(HEADERS)} headers stand alone" + ("" if cxx else " (C only: no C++ compiler)"))


# ---- symbols ----

def map_nodes():
    """The nodes of the version map: name, its functions, and its closing line."""
    return re.findall(r"(NETPOL_[\d.]+)\s*\{\s*global:(.*?)(?:local:|\})", MAP.read_text(), re.S)


def mapped_functions():
    return [f for _, body in map_nodes() for f in re.findall(r"(\w+);", body)]


def exported(library):
    listing = subprocess.run(["nm", "-D", "--defined-only", library], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    names = (line.split()[-1] for line in listing.splitlines() if line.split()[-2] != "A")
    return {re.sub(r"@.*", "", name) for name in names}


# What a guest in another program does not do: print, exit, read its surroundings, follow the locale.
UNWELCOME = set("""printf vprintf puts putchar perror fprintf vfprintf fputs fputc putc stdout stderr
exit _exit quick_exit atexit getenv secure_getenv setenv setlocale uselocale localeconv signal
sigaction raise atof strcoll strerror strtok localtime __ctype_b_loc
__ctype_tolower_loc __ctype_toupper_loc toupper tolower strcasecmp strncasecmp rand srand
__printf_chk __fprintf_chk __vfprintf_chk""".split())


def needed(library):
    listing = subprocess.run(["nm", "-D", "--undefined-only", library], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    return {re.sub(r"@.*", "", line.split()[-1]) for line in listing.splitlines()}


def check_symbols(library):
    declared, mapped, real = declared_functions(), mapped_functions(), exported(library)
    wrong = [f"{f}: twice in the map" for f in set(mapped) if mapped.count(f) > 1]
    wrong += [f"{f}: in a header, not in the map (make bless)" for f in declared - set(mapped)]
    wrong += [f"{f}: in the map, in no header" for f in set(mapped) - declared]
    wrong += [f"{f}: declared, but the library does not have it" for f in declared - real]
    wrong += [f"{f}: exported, but in no header" for f in real - declared]
    wrong += [f"{f}: not ours by name" for f in real if not f.startswith("netpol_")]
    wrong += [f"{f}: called, but an embedded library does without" for f in needed(library) & UNWELCOME]
    if wrong:
        fail(sorted(wrong))
    print(f"{len(real)} functions: declared, mapped and exported alike")


# ---- layout ----

def facts():
    """What layout.c must say: the start of each line, and the C expressions of the numbers in it."""
    for struct, fields in structs():
        for f in fields:
            yield f"FIELD({struct}, {f}, ", [f"offsetof({struct}, {f})", f"sizeof((({struct} *)0)->{f})"]
    for name in constants():
        yield f"VALUE({name}, ", [name]


def unsaid_facts():
    said = LAYOUT.read_text()
    return [(start, numbers) for start, numbers in facts() if "\n" + start not in said]


def check_layout(cc):
    command = [cc, "-std=c11", "-I", INCLUDE, "-fsyntax-only", LAYOUT]
    if subprocess.run(command).returncode != 0:
        fail(["A released struct or constant has changed: old programs would read the wrong bytes."])
    unsaid = unsaid_facts()
    if unsaid:
        fail([start + "…) is missing in layout.c (make bless)" for start, _ in unsaid])
    print(f"{len(list(facts()))} fields and constants are what they were")


# ---- bless ----

def measure(expressions):
    """Asks the compiler."""
    lines = [f'printf("%lld\\n", (long long)({e}));' for e in expressions]
    program = "#include <netpol.h>\n#include <stdio.h>\nint main(void) {\n" + "\n".join(lines) + "}\n"
    with tempfile.TemporaryDirectory() as scratch:
        source = pathlib.Path(scratch) / "measure.c"
        source.write_text(program)
        subprocess.run(["cc", "-std=c11", "-I", INCLUDE, source, "-o", source.with_suffix("")], check=True)
        out = subprocess.run([source.with_suffix("")], check=True, text=True, stdout=subprocess.PIPE).stdout
    return iter(out.split())


def bless_layout():
    unsaid = unsaid_facts()
    answers = measure([e for _, numbers in unsaid for e in numbers])
    lines = [start + ", ".join(next(answers) for _ in numbers) + ")\n" for start, numbers in unsaid]
    LAYOUT.write_text(LAYOUT.read_text() + "".join(lines))
    print(f"layout.c: {len(lines)} new lines")


def bless_map():
    new = sorted(declared_functions() - set(mapped_functions()))
    text = MAP.read_text()
    if new:
        end = text.rindex("local:") if text.count("global:") == 1 else text.rindex("}")
        at = text.rindex(";", 0, end) + 1
        MAP.write_text(text[:at] + "".join(f"\n        {f};" for f in new) + text[at:])
    print(f"libnetpol.map: {len(new)} new functions")


def main(what, *rest):
    if what == "headers":
        check_headers(*rest)
    elif what == "symbols":
        check_symbols(*rest)
    elif what == "layout":
        check_layout(*rest)
    elif what == "bless":
        bless_layout()
        bless_map()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["help"]))
