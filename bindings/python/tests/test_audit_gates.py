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


def test_where_a_table_is_written_it_is_said_beside(tmp_path, invalid, capsys):
    assert gate("-f", CLUSTER, "-f", invalid, "--keep-going", LOG, "--save", tmp_path / "a.json") == 0
    assert "left out: NetworkPolicy default/closed" in capsys.readouterr().err


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


# ---- the baseline ----

def test_a_baseline_of_policies_only_has_the_pods_of_the_manifests(capsys):
    whole = netpol.audit(LOG, [CLUSTER, POLICIES[2]], baseline=[CLUSTER, POLICIES[1]])
    a = netpol.audit(LOG, [CLUSTER, POLICIES[2]], baseline=POLICIES[1])
    assert a.changes == whole.changes != []
    assert any("baseline has no pods" in note for note in a.notes)
    new = ("-f", CLUSTER, "-f", POLICIES[2], LOG, "--fail-on", "closed")
    assert gate(*new, "--baseline", POLICIES[1]) == 1
    assert gate(*new, "--baseline", POLICIES[2]) == 0
    capsys.readouterr()


def test_what_the_baseline_does_not_know_is_told(tmp_path, capsys):
    """A gate that could compare nothing does not pass."""
    other = tmp_path / "other.yaml"
    other.write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: other}\n")
    log = tmp_path / "a.jsonl"
    log.write_text('{"src":"default/web","dst":"default/db","port":3306}\n')
    given = ("-f", CLUSTER, "-f", POLICIES[1], log, "--baseline", other)
    assert gate(*given) == 0 and "1 hits are not compared" in capsys.readouterr().out
    assert gate(*given, "--fail-on", "opened") == 2
    assert "baseline" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["closed", "opened"])
def test_a_gate_of_changes_needs_a_baseline(what, capsys):
    with pytest.raises(SystemExit) as end:
        gate("-f", CLUSTER, LOG, "--fail-on", what)
    assert end.value.code == 3 and "--baseline" in capsys.readouterr().err


# ---- logs that say nothing ----

EMPTY = [("nothing", ""), ("blank lines", "\n\n"), ("no line that is usable", "{\n{\n")]


@pytest.mark.parametrize("text", [text for _, text in EMPTY], ids=[why for why, _ in EMPTY])
@pytest.mark.parametrize("gates", [(), ("--fail-on", "denied"), ("--fail-on", "mismatch")])
def test_a_log_without_a_usable_line_is_bad_input(tmp_path, text, gates, capsys):
    log = tmp_path / "a.jsonl"
    log.write_text(text)
    for way in ((), ("--no-duckdb",)):
        assert gate("-f", CLUSTER, log, *gates, *way) == 2
        assert "no usable line" in capsys.readouterr().err


def test_a_gate_does_not_pass_where_nothing_was_judged(tmp_path, capsys):
    log = tmp_path / "a.jsonl"
    log.write_text('{"src":"default/who","dst":"default/db","port":1,"verdict":"ACCEPT"}\n')
    assert gate("-f", CLUSTER, log) == 0
    assert gate("-f", CLUSTER, log, "--fail-on", "denied") == 2
    assert "could be judged" in capsys.readouterr().err
    assert gate("-f", CLUSTER, log, "--fail-on", "unknown") == 1


def test_a_gate_of_mismatches_needs_verdicts_in_the_log(tmp_path, capsys):
    log = tmp_path / "a.jsonl"
    line = '{"src":"default/web","dst":"default/db","port":3306%s}\n'
    given = ("-f", CLUSTER, "-f", POLICIES[0], log, "--fail-on", "mismatch")
    log.write_text(line % "")
    assert gate(*given) == 2
    assert "no judged line of the log has a verdict" in capsys.readouterr().err
    log.write_text(line % ',"verdict":"DROP"')
    assert gate(*given) == 0
    capsys.readouterr()


# ---- what is given wrongly ----

@pytest.mark.parametrize("make, says", [
    (lambda m: None, "not None"), (lambda m: 3, "not 3"), (lambda m: [3], "not 3"),
    (netpol.Cluster, "Cluster"), (lambda m: netpol.Cluster(m).compile(), "Engine"),
    (lambda m: m.objects, "Namespace")])
def test_what_are_no_manifests_is_said(manifests, make, says):
    given = make(manifests)
    for arguments in ({"manifests": given}, {"manifests": manifests, "baseline": given}):
        if given is None and "baseline" in arguments:
            continue
        with pytest.raises(TypeError, match=f"must be Manifests or paths.*{says}"):
            netpol.audit(LOG, **arguments)


NAMED = """
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: names}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  egress:
  - action: Deny
    to: [{networks: [0.0.0.0/0]}]
"""
BY_NAME = NAMED.replace("Deny", "Accept").replace("networks: [0.0.0.0/0]",
                                                  "domainNames: [db.example]")


def test_domain_names_stand_for_addresses(tmp_path, capsys):
    path = tmp_path / "names.yaml"
    path.write_text(BY_NAME.replace("name: names", "name: first") + "---" + NAMED.replace(
        "priority: 1", "priority: 2"))
    rows = [{"src": "default/web", "dst": "192.0.2.7", "port": 443}]
    assert not netpol.audit(rows, [CLUSTER, path]).flows[0].allowed
    assert netpol.audit(rows, [CLUSTER, path], resolve=["db.example=192.0.2.7"]).flows[0].allowed
    log = tmp_path / "a.jsonl"
    log.write_text(json.dumps(rows[0]))
    given = ("-f", CLUSTER, "-f", path, log, "--fail-on", "denied")
    assert gate(*given) == 1
    assert gate(*given, "--resolve", "db.example=192.0.2.7") == 0
    capsys.readouterr()


@pytest.mark.parametrize("top", ["0", "-1", "many"])
def test_a_table_has_lines(top, capsys):
    with pytest.raises(SystemExit) as end:
        gate("-f", CLUSTER, LOG, "--top", top)
    assert end.value.code == 3 and "--top" in capsys.readouterr().err


def test_what_nests_too_deep_is_bad_input(monkeypatch, capsys):
    def deep(*_, **__):
        raise RecursionError("maximum recursion depth exceeded")
    monkeypatch.setattr("netpol.__main__.audit", deep)
    assert gate("-f", CLUSTER, LOG) == 2
    assert "recursion" in capsys.readouterr().err
