# SPDX-License-Identifier: MIT
"""What the tests share: the repository's examples, and the command to compare with."""
import os
import pathlib
import subprocess

import pytest

import netpol

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXAMPLE = (ROOT / "examples/db-policy/cluster.yaml", ROOT / "examples/db-policy/1-either.yaml")
#: how many rounds the endurance tests take: NETPOL_ROUNDS=20000 for the long form
ROUNDS = int(os.environ.get("NETPOL_ROUNDS", "1000"))


@pytest.fixture
def manifests():
    return netpol.load(*EXAMPLE)


@pytest.fixture
def engine(manifests):
    return netpol.Cluster(manifests).compile()


@pytest.fixture(scope="session")
def command():
    """Runs the netpol command; the test is skipped where it is not built."""
    program = os.environ.get("NETPOL")
    if not program or not os.path.exists(program):
        pytest.skip("NETPOL does not name the command")

    def run(*arguments, status=(0, 1), text=None):
        done = subprocess.run([program, *map(str, arguments)], input=text, capture_output=True,
                              text=True, cwd=ROOT, check=False)
        assert done.returncode in status, done.stderr
        return done.stdout

    return run
