#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The completions must know exactly the options, choices and commands that --help tells.

    in_sync.py BIN_DIR
"""
import pathlib
import re
import shutil
import subprocess
import sys

COMPLETION = pathlib.Path(__file__).resolve().parents[2] / "tools" / "completion"


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def options_in_help(netpol, command):
    return set(re.findall(r"^\s+(?:-\w, )?--([a-z-]+)", output(netpol, command, "--help"), re.M))


def commands_in_help(netpol):
    part = output(netpol, "--help").partition("Commands:\n")[2].partition("\n\n")[0]
    return [line.split()[0] for line in part.splitlines()]


def formats_in_help(netpol, command):
    line = re.search(r"--output FORMAT\s+(.*)", output(netpol, command, "--help"))
    return set(line.group(1).replace(" (default)", "").split(", ")) if line else set()


def bash(function, command):
    script = f'. "{COMPLETION}/netpol.bash"; {function} {command}'
    return set(output("bash", "-c", script).replace("--", "").split())


def mistakes(netpol):
    commands = commands_in_help(netpol)
    texts = {name: (COMPLETION / name).read_text(encoding="utf-8")
             for name in ("_netpol", "netpol.fish")}
    for command in commands:
        options = options_in_help(netpol, command)
        if shutil.which("bash"):
            if bash("_netpol_options", command) != options:
                yield f"netpol.bash, {command}: {bash('_netpol_options', command) ^ options}"
            if bash("_netpol_formats", command) != formats_in_help(netpol, command):
                yield f"netpol.bash, {command}: formats"
        for option in options:
            if f"--{option}" not in texts["_netpol"]:
                yield f"_netpol lacks --{option}"
            if not re.search(rf"-l {option}\b", texts["netpol.fish"]):
                yield f"netpol.fish lacks --{option}"
        for name, text in texts.items():
            if command not in text:
                yield f"{name} lacks the command {command}"
            if formats_in_help(netpol, command) and " ".join(sorted(formats_in_help(netpol, command))) not in \
                    {" ".join(sorted(found.split())) for found in re.findall(r"[(']([a-z ]+)[)']", text)}:
                yield f"{name} lacks the formats of {command}"


def main():
    found = list(mistakes(pathlib.Path(sys.argv[1]).resolve() / "netpol"))
    print("\n".join(found) or "completions are in step with --help")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
