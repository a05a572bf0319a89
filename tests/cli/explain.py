#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `netpol explain` proposes must do what it says: for each question of tests/cases/ the edits are
made in a copy of the file, and the question is asked again.

    explain.py BIN_DIR
"""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from cases import CASES, Case  # noqa: E402

LEAST = 60  # edits that must have been tried: the test would pass if nothing were proposed


def changes(flow):
    """The changes that turn a flow: all denials must go, one of them is enough to deny."""
    sides = [flow["egress"], flow["ingress"]]
    wanted = [side for side in sides if side["allowed"] == (flow["verdict"] == "allow")]
    if flow["verdict"] == "allow":
        return [[side["change"]] for side in wanted if "change" in side]
    return [[side["change"] for side in wanted]] if all("change" in s for s in wanted) else []


class Tried(Case):
    def words(self, q):
        keys = [("--from", "src"), ("--to", "dst"), ("--port", "port"), ("--protocol", "proto"),
                ("--family", "family")]
        return [word for option, key in keys if key in q for word in (option, q[key])]

    def edited(self, change, folder):
        copy = pathlib.Path(folder) / self.path.name
        copy.write_bytes(self.path.read_bytes())
        for one in change:
            words = [w for e in one["edits"] for w in (e["action"], e["path"], e.get("value"))
                     if w is not None]
            done = self.run("edit", "-w", "--document", one["document"], copy, *words)
            if done.returncode:
                raise ValueError(f"{words}: {done.stderr}")
        return copy

    def tried(self, q):
        done = self.run("explain", *self.options(), *self.words(q), "-o", "json")
        if done.returncode == 2:
            return
        answer = json.loads(done.stdout)
        if len(answer["flows"]) != 1 or answer["verdict"] == "mixed":
            return
        for change in changes(answer["flows"][0]):
            with tempfile.TemporaryDirectory(prefix="netpol-explain-") as folder:
                copy = self.edited(change, folder)
                options = [copy if word == self.path else word for word in self.options()]
                again = self.run("eval", *options, *self.words(q), "-o", "json")
                wanted = {"allow": "deny", "deny": "allow"}[answer["verdict"]]
                got = json.loads(again.stdout)["verdict"] if again.stdout else again.stderr
                # what was alike may be told apart by the edit
                good = got in (wanted, "mixed")
                yield None if good else f"{q['why']}: {change} gives {got}"


def main():
    netpol = pathlib.Path(sys.argv[1]).resolve() / "netpol"
    found, n = [], 0
    for case in (Tried(netpol, path) for path in sorted(CASES.glob("*.yaml"))):
        if "refused" in case.says:
            continue
        for wrong in (w for q in case.questions for w in case.tried(q)):
            n += 1
            found += [f"{case.path.name}: {wrong}"] if wrong else []
    print("\n".join(found))
    print(f"{n} changes tried, {len(found)} wrong")
    return 1 if found or n < LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
