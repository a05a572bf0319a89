#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes docs/errors.md from libnetpol/diag_codes.def; with --check only says whether it is up to date."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
CODES = ROOT / "libnetpol" / "diag_codes.def"
PAGE = ROOT / "docs" / "errors.md"

CHAPTERS = (
    (1, "Files, memory, limits"),
    (100, "Syntax"),
    (200, "Types"),
    (300, "Strictness"),
    (400, "Validation"),
    (600, "Warnings"),
    (700, "Clusters and questions"),
    (800, "Selectors and addresses"),
)
INTRODUCTION = """<!-- Made by docs/make_errors.py from libnetpol/diag_codes.def: change that file. -->
# What the diagnostics mean

Every diagnostic carries one of these codes. A code never changes its meaning and is never used
again for another one, so scripts may rely on it. `netpol_code_meaning()` gives the same text at
run time.
"""


def rows():
    """Each NP_CODE(number, NAME, severity, stage, "meaning", "fix", "source")."""
    text = re.sub(r"/\*.*?\*/", "", CODES.read_text(), flags=re.S)
    string = r'((?:"(?:[^"\\]|\\.)*"\s*)*)'
    pattern = rf"NP_CODE\(\s*(\d+),\s*(\w+),\s*NETPOL_(\w+),\s*NETPOL_STAGE_(\w+),\s*{string},\s*{string},\s*{string}\)"
    found = re.findall(pattern, text)
    if len(found) != text.count("NP_CODE("):
        sys.exit("a row of diag_codes.def was not understood")
    for number, name, severity, stage, *texts in found:
        yield int(number), name, severity.lower(), stage.lower(), *map(joined, texts)


def joined(literals):
    """The value of adjacent C string literals."""
    parts = re.findall(r'"((?:[^"\\]|\\.)*)"', literals)
    return re.sub(r"\\(.)", r"\1", "".join(parts))


def entry(number, name, severity, stage, meaning, fix, source):
    lines = [f"### NP{number:04d}", "", f"{meaning} *({severity}, {stage})*"]
    if fix:
        lines += ["", f"**Mend it:** {fix}"]
    if source:
        lines += ["", f"Source: {source}"]
    return "\n".join(lines)


def page():
    found = sorted(rows())
    numbers = [r[0] for r in found]
    twice = {n for n in numbers if numbers.count(n) > 1}
    if twice:
        sys.exit(f"numbers used twice: {sorted(twice)}")
    parts = [INTRODUCTION]
    for (first, title), after in zip(CHAPTERS, [c[0] for c in CHAPTERS[1:]] + [10000]):
        entries = [entry(*r) for r in found if first <= r[0] < after]
        if entries:
            parts.append(f"## {title}\n\n" + "\n\n".join(entries) + "\n")
    return "\n".join(parts)


def main():
    text = page()
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text() != text:
            sys.exit("docs/errors.md is not what diag_codes.def says: run docs/make_errors.py")
        return
    PAGE.write_text(text)


main()
