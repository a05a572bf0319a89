#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Gives the command what no honest person writes: it must say what is wrong, end with status 2 in
bounded time and memory, check the other files all the same, and give no verdict.

    run.py BIN_DIR [NAME...]

The inputs are made here, for some are large."""
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

MEGABYTE = 1 << 20
SECONDS = 20  # a machine may be slow and busy; most inputs take a few milliseconds
NOBODY = 65534

POD = b"""apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: space}, status: {podIP: 10.0.0.1}}
- {apiVersion: v1, kind: Pod, metadata: {name: b, namespace: space}, status: {podIP: 10.0.0.2}}
"""
POLICY = b"""apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: good, namespace: space}
spec: {podSelector: {}}
"""


def alias_bomb():
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for i in range(1, 12):
        lines.append(b"a%d: &a%d [" % (i, i) + b", ".join([b"*a%d" % (i - 1)] * 9) + b"]")
    return POLICY + b"bomb:\n" + b"".join(b"  " + line + b"\n" for line in lines)


def merge_bomb():
    lines = [b"m0: &m0 {a: b}"]
    for i in range(1, 25):
        lines.append(b"m%d: &m%d {x: {<<: *m%d}, y: {<<: *m%d}}" % (i, i, i - 1, i - 1))
    return POLICY + b"bomb:\n" + b"".join(b"  " + line + b"\n" for line in lines)


# name: (bytes, most megabytes of memory). The limit leaves room for the text itself.
INPUTS = {
    "truncated-map": (POLICY[:-2], 64),
    "truncated-quote": (POLICY + b'x: "never closed\n', 64),
    "truncated-json": (b'{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{', 64),
    "brackets": (b"[" * 200_000, 64),
    "braces": (b"{" * 200_000, 64),
    "brackets-json": (b'{"a":' + b"[" * 200_000, 64),
    "dashes": (b"- " * 100_000, 64),
    "deep-block": (b"".join(b" " * i + b"a:\n" for i in range(1, 600)), 64),
    "tag-directives": (b"".join(b"%%TAG !e%d! tag:example.com,2000:\n" % i for i in range(40_000))
                       + b"---\n" + POLICY, 64),
    "alias-bomb": (alias_bomb(), 128),
    "merge-bomb": (merge_bomb(), 128),
    "alias-to-itself": (POLICY + b"x: &x [*x]\n", 64),
    "unknown-alias": (POLICY + b"x: *nobody\n", 64),
    "large-scalar": (POLICY + b"x: " + b"a" * (100 * MEGABYTE) + b"\n", 640),
    "large-quoted-scalar": (POLICY + b'x: "' + b"a" * (100 * MEGABYTE) + b'"\n', 640),
    "large-key": (POLICY + b"a" * 2_000_000 + b": 1\n", 128),
    "binary": (bytes(range(256)) * 400, 64),
    "random": (b"\x93\x07\xee\xff\x00\x11" * 30_000, 64),
    "elf": (b"\x7fELF\x02\x01\x01" + b"\0" * 4096, 64),
    "nul": (POLICY[:40] + b"\0" + POLICY[40:], 64),
    "nul-in-string": (POLICY + b'x: "a\\0b"\nmetadata2: 1\n', 64),
    "escape-nul-name": (POLICY.replace(b"good", b'"a\\0b"'), 64),
    "bad-utf8": (POLICY.replace(b"good", b"g\xff\xfed"), 64),
    "utf16-half": (POLICY.decode().encode("utf-16")[:-1], 64),
    "escapes": (POLICY.replace(b"good", b"\x1b[31mgood"), 64),
    "conflict": (b"<<<<<<< HEAD\n" + POLICY + b"=======\n" + POLICY + b">>>>>>> branch\n", 64),
    "template": (POLICY.replace(b"good", b"{{ .Values.name }}"), 64),
    "scalar-document": (b"just words\n", 64),
    "list-document": (b"- a\n- b\n", 64),
    "no-kind": (b"metadata: {name: x}\n", 64),
    "unknown-field": (POLICY.replace(b"podSelector", b"podSelectr"), 64),
    "wrong-type": (POLICY.replace(b"{podSelector: {}}", b"[]"), 64),
    "many-keys": (POLICY + b"".join(b"k%d: 1\n" % i for i in range(60_000)), 128),
    "many-duplicates": (POLICY + b"x: 1\n" * 60_000, 128),
    "many-errors": (b"---\n".join([POLICY.replace(b"podSelector", b"nonsense")] * 10_000), 256),
    "long-comment": (b"#" + b"x" * (20 * MEGABYTE) + b"\n" + POLICY + b"y: 1\n", 256),
}

# Said in `check` as 1 (invalid); everything else is 2: unreadable, or no YAML or JSON at all.
MERELY_INVALID = {"unknown-field", "wrong-type", "no-kind", "many-errors", "scalar-document",
                  "list-document", "nul-in-string", "escape-nul-name"}

# Good enough as YAML for a change of the text.
EDITABLE = MERELY_INVALID | {"many-keys", "many-duplicates", "unknown-alias", "tag-directives", "template"}


class Failure(Exception):
    pass


def is_sanitized(netpol):
    """Sanitizers reserve terabytes of addresses, so a limit on them says nothing."""
    return b"__asan_init" in netpol.read_bytes() or b"__ubsan_handle" in netpol.read_bytes()


def run(netpol, arguments, most, as_nobody=False):
    """(exit status, stdout, stderr); refuses to take longer or more memory than is right."""
    def limit():
        if most:
            resource.setrlimit(resource.RLIMIT_AS, (most * MEGABYTE, most * MEGABYTE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if as_nobody and os.geteuid() == 0:
            os.setgroups([])
            os.setuid(NOBODY)
    start = time.monotonic()
    try:
        done = subprocess.run([netpol, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=SECONDS, preexec_fn=limit, check=False)
    except subprocess.TimeoutExpired:
        raise Failure(f"longer than {SECONDS} s: {arguments}") from None
    if done.returncode < 0 or b"Sanitizer" in done.stderr:
        raise Failure(f"killed by signal {-done.returncode}: {done.stderr[-2000:].decode(errors='replace')}")
    return done.returncode, done.stdout, done.stderr, time.monotonic() - start


def expect(condition, *what):
    if not condition:
        raise Failure(" ".join(str(w) for w in what))


def printable(text):
    return all(c >= 0x20 or c in b"\n\t" for c in text) and b"\x7f" not in text


def expect_check(netpol, name, path, good, most):
    """Both files are told of, the bad one with an error and its name."""
    code, out, err, _ = run(netpol, ["check", "-o", "jsonl", path, good], most)
    wanted = (1,) if name in MERELY_INVALID else (2,)
    expect(code in wanted, f"check ends with {code}: {err[:300]}")
    rows = [json.loads(line) for line in out.splitlines()]
    expect(any(r["valid"] for r in rows if r["source"] == good), "the good file was not checked")
    bad = [d for r in rows if r["source"] == path for d in r["diagnostics"]]
    told = bad or path.encode() in err
    expect(told, "nothing is said about the bad file")
    expect(all(len(d["message"]) < 100_000 for d in bad), "a message as large as the input")
    code, out, err, _ = run(netpol, ["check", path, good], most)
    expect(code in wanted, f"check as text ends with {code}")
    expect(printable(out) and printable(err), "control characters reach the terminal")


def expect_no_answer(netpol, path, pods, most):
    question = ["--from", "space/a", "--to", "space/b", "--port", "80"]
    for command in (["eval", *question], ["list"], ["eval", "--queries", "/dev/null"]):
        code, out, err, _ = run(netpol, [command[0], "-f", pods, "-f", path, *command[1:]], most)
        expect(code == 2, f"{command[0]} ends with {code}: {err[:300]}")
        expect(out == b"", f"{command[0]} answers all the same: {out[:200]}")
        expect(err != b"", f"{command[0]} says nothing")
        expect(printable(err), "control characters reach the terminal")
    code, out, err, _ = run(netpol, ["convert", path], most)
    expect(code == 2 and out == b"", f"convert ends with {code} and writes {out[:100]}")


def expect_no_edit(netpol, name, path, most):
    """What is no YAML cannot be edited; the rest may be."""
    code, out, err, _ = run(netpol, ["edit", path, "--document", "0", "set", "metadata.name", "x"], most)
    expect(code in ((0, 2) if name in EDITABLE else (2,)), f"edit ends with {code}: {err[:300]}")
    expect(code == 0 or out == b"", "edit writes what it refuses")
    expect(printable(err), "control characters reach the terminal")


def test_input(netpol, folder, name):
    content, most = INPUTS[name]
    path, good, pods = folder / f"{name}.yaml", folder / "good.yaml", folder / "pods.yaml"
    path.write_bytes(content)
    good.write_bytes(POLICY)
    pods.write_bytes(POD)
    most = 0 if is_sanitized(netpol) else most
    expect_check(netpol, name, str(path), str(good), most)
    expect_no_answer(netpol, str(path), str(pods), most)
    expect_no_edit(netpol, name, str(path), most)
    path.unlink()


def test_unreadable(netpol, folder, path):
    good, pods = folder / "good.yaml", folder / "pods.yaml"
    good.write_bytes(POLICY)
    pods.write_bytes(POD)
    code, out, err, _ = run(netpol, ["check", "-o", "jsonl", str(path), str(good)], 0, True)
    expect(code == 2, f"check ends with {code}: {err[:300]}")
    expect(str(path).encode() in out + err, "the path is not named")
    rows = [json.loads(line) for line in out.splitlines()]
    expect(any(r["valid"] for r in rows if r["source"] == str(good)), "the good file was not checked")
    for command in (["eval", "--from", "space/a", "--to", "space/b", "--port", "80"], ["list"]):
        code, out, err, _ = run(netpol, [command[0], "-f", str(pods), "-f", str(path), *command[1:]],
                                0, True)
        expect(code == 2 and out == b"", f"{command[0]} ends with {code} and prints {out[:100]}")
        expect(str(path).encode() in err, "the path is not named")


def unreadable_paths(folder):
    missing = folder / "missing.yaml"
    yield "missing", missing
    forbidden = folder / "forbidden.yaml"
    forbidden.write_bytes(POLICY)
    forbidden.chmod(0)
    yield "forbidden-file", forbidden
    closed = folder / "closed"
    closed.mkdir(mode=0)
    yield "forbidden-directory", closed
    outer = folder / "outer"
    (outer / "inner").mkdir(parents=True)
    (outer / "seen.yaml").write_bytes(POLICY.replace(b"good", b"seen"))
    (outer / "inner").chmod(0)
    yield "forbidden-inner-directory", outer
    loop = folder / "loop.yaml"
    loop.symlink_to("loop.yaml")
    yield "link-to-itself", loop


def main():
    netpol = pathlib.Path(sys.argv[1]).resolve() / "netpol"
    if not netpol.exists():
        sys.exit(f"there is no {netpol}")
    wanted = sys.argv[2:]
    failures, n = 0, 0
    with tempfile.TemporaryDirectory(prefix="netpol-hostile-") as temporary:
        folder = pathlib.Path(temporary)
        folder.chmod(0o755)
        tests = [(name, lambda name=name: test_input(netpol, folder, name)) for name in INPUTS]
        tests += [(name, lambda p=p: test_unreadable(netpol, folder, p))
                  for name, p in unreadable_paths(folder)]
        for name, test in tests:
            if wanted and name not in wanted:
                continue
            n += 1
            try:
                test()
            except Failure as failure:
                failures += 1
                print(f"{name}: {failure}")
    print(f"{n} hostile inputs, {failures} failures")
    return 1 if failures or not n else 0


if __name__ == "__main__":
    sys.exit(main())
