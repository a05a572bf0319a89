#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the transcripts of this folder: each `$ command` must give what stands under it.

    run.py BIN_DIR [TRANSCRIPT...]      compare
    NETPOL_BLESS=1 run.py BIN_DIR       rewrite the transcripts; the change is then reviewed like code

A transcript is text. Lines that begin with "$ " are given to sh in a copy of files/, with BIN_DIR
first on the path. What follows is standard output as it comes, standard error with "2> " before
each line, and "=> N" when the exit status is not 0. A line "..." stands for any lines. Everything
up to the first "$ ", empty lines before a "$ ", and lines that begin with "# " are comments.
"""
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = HERE.parents[1] / "tools"
SECONDS = 60


def blocks(text):
    """Splits a transcript into (comment lines, command, expected lines)."""
    comment, command, expected = [], None, []
    for line in text.splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield comment, command, expected
                comment, expected = trailing_comment(expected)
            command = line[2:]
        elif command is None:
            comment.append(line)
        else:
            expected.append(line)
    if command is not None:
        yield comment, command, expected


def trailing_comment(lines):
    """What stands before the next command: empty lines and comments."""
    end = len(lines)
    while end and (lines[end - 1] == "" or lines[end - 1].startswith("# ")):
        end -= 1
    comment = lines[end:]
    del lines[end:]
    return comment, []


def run(command, folder, bin_dir):
    env = {
        "PATH": f"{bin_dir}:{TOOLS}:{folder}/bin:{os.environ['PATH']}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
        "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
    }
    done = subprocess.run(["sh", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=SECONDS, check=False)
    out = done.stdout.decode("utf-8", "backslashreplace").splitlines()
    err = done.stderr.decode("utf-8", "backslashreplace").splitlines()
    lines = out + ["2> " + line for line in err]
    return lines + ([f"=> {done.returncode}"] if done.returncode else [])


def matches(expected, got):
    """Line by line; "..." takes any number of lines."""
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n"
                      for line in expected)
    return re.fullmatch(pattern, "".join(line + "\n" for line in got)) is not None


def run_transcript(path, bin_dir, bless):
    text = path.read_text(encoding="utf-8")
    good, fresh = True, []
    with tempfile.TemporaryDirectory(prefix="netpol-cli-") as temporary:
        folder = pathlib.Path(temporary) / "files"
        shutil.copytree(HERE / "files", folder)
        for comment, command, expected in list(blocks(text)):
            got = run(command, folder, bin_dir)
            same = matches(expected, got)
            fresh += comment + ["$ " + command] + (expected if same else got)
            if not same and not bless:
                good = False
                print(f"{path.name}: $ {command}")
                print("\n".join(difflib.unified_diff(expected, got, "expected", "got", lineterm="")))
    if bless:
        path.write_text("\n".join(fresh) + "\n", encoding="utf-8")
    return good


def main():
    bin_dir = pathlib.Path(sys.argv[1]).resolve()
    if not (bin_dir / "netpol").exists():
        sys.exit(f"there is no {bin_dir}/netpol")
    paths = [pathlib.Path(p) for p in sys.argv[2:]] or sorted(HERE.glob("*.txt"))
    bless = bool(os.environ.get("NETPOL_BLESS"))
    bad = [p.name for p in paths if not run_transcript(p, bin_dir, bless)]
    print(f"{len(paths)} transcripts, {len(bad)} differ" + (": " + " ".join(bad) if bad else ""))
    return 1 if bad or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
