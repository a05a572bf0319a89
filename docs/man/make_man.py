#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the manual pages from what `netpol --help` and `netpol COMMAND --help` say, so that the two
never differ.

    make_man.py BIN_DIR                 compare with the pages in this folder
    NETPOL_BLESS=1 make_man.py BIN_DIR  write them
"""
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def help_of(netpol, *command):
    return subprocess.run([netpol, *command, "--help"], check=True, capture_output=True,
                          text=True).stdout


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def sections(text):
    """{title: lines}: a title is a line at the margin that ends with a colon and stands alone."""
    found, title = {}, ""
    for line in text.splitlines()[1:]:
        if re.fullmatch(r"[A-Z][a-z ]+:", line):
            title = line[:-1]
        elif title:
            found.setdefault(title, []).append(line)
    return {name: "\n".join(lines).strip("\n") for name, lines in found.items()}


def literal(text):
    return [".nf"] + [escape(line) for line in text.splitlines()] + [".fi"]


def option_lines(text):
    for line in text.splitlines():
        option, _, meaning = re.match(r"\s+(.*?)(\s{2,}|$)(.*)", line).groups()
        yield ".TP"
        yield ".B " + escape(option)
        yield escape(meaning)


def paragraphs(text):
    for i, paragraph in enumerate(text.split("\n\n")):
        if i:
            yield ".PP"
        yield from (escape(line.strip()) for line in paragraph.splitlines())


def status_lines(text):
    """The list of the main page, one status a line."""
    for line in text.splitlines():
        number, meaning = line.split(None, 1)
        yield from (".TP", ".B " + number, escape(meaning))


def command_page(netpol, name, summary):
    parts = sections(help_of(netpol, name))
    usage, _, about = parts["Usage"].partition("\n\n")
    examples, _, status = parts["Examples"].partition("\n\n")
    page = [f'.TH NETPOL\\-{name.upper()} 1 "" "netpol" "User Commands"',
            ".SH NAME", f"netpol\\-{name} \\- {escape(summary)}",
            ".SH SYNOPSIS", *literal("\n".join(line.strip() for line in usage.splitlines())),
            ".SH DESCRIPTION", *paragraphs(about),
            ".SH OPTIONS", *option_lines(parts["Options"]),
            ".SH EXIT STATUS", *paragraphs(status.replace("Exit status: ", "")),
            ".SH EXAMPLES", *literal("\n".join(line[2:] for line in examples.splitlines())),
            ".SH SEE ALSO", ".BR netpol (1)"]
    return "\n".join(page) + "\n"


def main_page(text, commands):
    parts = sections(text)
    page = ['.TH NETPOL 1 "" "netpol" "User Commands"', ".SH NAME",
            "netpol \\- " + escape(text.splitlines()[0].partition(": ")[2]),
            ".SH SYNOPSIS", *literal(parts["Usage"].strip()), ".SH COMMANDS"]
    for name, summary in commands:
        page += [".TP", f".BR netpol\\-{name} (1)", escape(summary)]
    page += [".SH EXIT STATUS", *status_lines(parts["Exit status"].partition("\n\n")[0]),
             ".SH EXAMPLES",
             *literal("\n".join(line[2:] for line in parts["Examples"].splitlines()))]
    return "\n".join(page) + "\n"


def pages(netpol):
    text = help_of(netpol)
    commands = [line.split(None, 1) for line in sections(text)["Commands"].splitlines()]
    yield "netpol.1", main_page(text, commands)
    for name, summary in commands:
        yield f"netpol-{name}.1", command_page(netpol, name, summary)


def main():
    netpol = pathlib.Path(sys.argv[1]).resolve() / "netpol"
    stale = []
    for name, text in pages(netpol):
        path = HERE / name
        if os.environ.get("NETPOL_BLESS"):
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        print("stale manual pages (make bless writes them):", *stale)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
