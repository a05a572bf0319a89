#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs tests/cases/ through the command: as a file of questions, and one by one.

    cases.py BIN_DIR

The Case document is read as the command itself converts it, so no YAML reader is needed."""
import json
import pathlib
import subprocess
import sys

CASES = pathlib.Path(__file__).resolve().parents[1] / "cases"
STATUS = {"allow": 0, "deny": 1, "mixed": 1, "error": 2}


class Case:
    def __init__(self, netpol, path):
        self.netpol, self.path = netpol, path
        written = self.run("convert", "--keep-going", "-o", "json", path).stdout.splitlines()
        self.says = json.loads(written[-1])
        self.questions = self.says.get("questions", [])

    def run(self, *arguments, text=None):
        return subprocess.run([self.netpol, *map(str, arguments)], input=text, capture_output=True,
                              text=True, timeout=60, check=False)

    def options(self, preset=None):
        yield from ("-f", self.path, "--semantics", preset or self.says.get("semantics", "spec"))
        if "namespace" in self.says:
            yield from ("-n", self.says["namespace"])
        if self.says.get("keepGoing"):
            yield "--keep-going"
        for address in self.says.get("nodeAddresses", []):
            yield from ("--node-address", address)
        for name in self.says.get("resolve", []):
            yield from ("--resolve", name)

    def alone(self, q, *more, preset=None):
        words = [("--from", "src"), ("--to", "dst"), ("--port", "port"), ("--protocol", "proto"),
                 ("--family", "family")]
        given = [word for option, key in words if key in q for word in (option, q[key])]
        return self.run("eval", *self.options(preset), *given, *more)

    def wrong_refusal(self):
        for command in (["list"], ["eval", "--from", "192.0.2.1", "--to", "192.0.2.2"]):
            done = self.run(command[0], *self.options(), *command[1:])
            if done.returncode != 2 or done.stdout or self.says["refused"] not in done.stderr:
                yield f"{command[0]} is not refused: {done.returncode} {done.stdout} {done.stderr}"

    def wrong_alone(self, q):
        done = self.alone(q, "-o", "json")
        if done.returncode != STATUS[q["verdict"]]:
            yield f"status {done.returncode}: {done.stderr}"
        elif q["verdict"] != "error":
            answer = json.loads(done.stdout)
            if answer["verdict"] != q["verdict"] or set(answer["depends"]) != set(q.get("depends", [])):
                yield f"{answer['verdict']} {answer['depends']}"
        for preset, verdict in q.get("presets", {}).items():
            code = self.alone(q, preset=preset).returncode
            if code != STATUS[verdict]:
                yield f"status {code} under {preset}"

    def wrong_in_file(self, asked):
        """All questions at once; a family cannot be asked for there."""
        keys = ("src", "dst", "proto", "port")
        lines = [json.dumps({k: q[k] for k in keys if k in q}) for q in asked]
        done = self.run("eval", *self.options(), "--queries", "-", text="\n".join(lines))
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode != 0 or len(answers) != len(asked):
            yield f"--queries: status {done.returncode}, {len(answers)} answers: {done.stderr}"
        for q, answer in zip(asked, answers):
            if answer["verdict"] != q["verdict"]:
                yield f"--queries, {q['why']}: {answer}"

    def wrong(self):
        if "refused" in self.says:
            yield from self.wrong_refusal()
            return
        for q in self.questions:
            yield from (f"{q['why']}: {text}" for text in self.wrong_alone(q))
        yield from self.wrong_in_file([q for q in self.questions if "family" not in q])


def main():
    netpol = pathlib.Path(sys.argv[1]).resolve() / "netpol"
    cases = [Case(netpol, path) for path in sorted(CASES.glob("*.yaml"))]
    found = [f"{case.path.name}: {text}" for case in cases for text in case.wrong()]
    print("\n".join(found))
    print(f"{len(cases)} cases, {sum(len(c.questions) for c in cases)} questions, {len(found)} wrong")
    return 1 if found or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
