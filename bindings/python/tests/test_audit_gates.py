# SPDX-License-Identifier: MIT
"""Audits of manifests that are not whole, and gates: none passes because it could not see."""
import json

import pytest
from conftest import EXAMPLE, ROOT

import netpol
from netpol.__main__ import main

LOG = ROOT / "examples/audit/flows.jsonl"
CLUSTER = ROOT / "examples/db-policy/cluster.yaml"
POLICIES = [ROOT / f"examples/db-policy/{name}.yaml" for name in
            ("1-either", "2-both", "3-in-and-out")]
INVALID = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: default}
spec:
  podSelector: {matchLabels: {role: db}}
  ingress:
  - ports: [{port: 0}]
"""
WHY = "must be between 1 and 65535"


@pytest.fixture
def invalid(tmp_path):
    path = tmp_path / "invalid.yaml"
    path.write_text(INVALID)
    return path


def gate(*arguments):
    return main(["audit", *map(str, arguments)])


# ---- what was left out ----

def test_every_form_says_what_was_left_out(invalid):
    a = netpol.audit(LOG, [CLUSTER, invalid], keep_going=True)
    assert a.incomplete and a.allowed == a.judged
    out, = a.left_out
    assert (out.of, out.object, out.source) == (
        "manifests", "NetworkPolicy default/closed", str(invalid))
    assert WHY in out.why and out.line == 8
    for text in (a.text(top=1), a.to_html()):
        assert "incomplete" in text and "NetworkPolicy default/closed" in text and WHY in text
    made = json.loads(a.to_json())
    assert made["incomplete"] is True and WHY in made["left_out"][0]["why"]
    whole = netpol.audit(LOG, EXAMPLE, keep_going=True)
    assert not whole.incomplete and json.loads(whole.to_json())["left_out"] == []
    assert "incomplete" not in whole.text() + whole.to_html()


def test_broken_documents_and_the_baseline_are_told_too(tmp_path, invalid):
    (tmp_path / "broken.yaml").write_text("kind: NetworkPolicy\nmetadata: [\n")
    a = netpol.audit(LOG, [CLUSTER, tmp_path / "broken.yaml"], keep_going=True)
    assert a.incomplete and "broken.yaml" in a.text()
    b = netpol.audit(LOG, EXAMPLE, baseline=[CLUSTER, invalid], keep_going=True)
    assert [out.of for out in b.left_out] == ["baseline"] and "baseline: Network" in b.text()


def test_a_gate_does_not_pass_without_a_policy(invalid, capsys):
    given = ("-f", CLUSTER, "-f", invalid, "--keep-going", LOG)
    assert gate(*given) == 0
    capsys.readouterr()
    assert gate(*given, "--fail-on", "denied") == 2
    assert "default/closed" in capsys.readouterr().err
    assert gate(*given, "--fail-on", "uncovered") == 1, "what is found is found"
    capsys.readouterr()
