# SPDX-License-Identifier: MIT
"""Scenario files from Python, and as tests of pytest."""
import json
import subprocess
import sys

import pytest
from conftest import EXAMPLE, ROOT

import netpol

SCENARIO = ROOT / "examples/db-policy/scenario.yaml"
FAILING = f"""\
apiVersion: netpol/v1
kind: Scenario
manifests: [{EXAMPLE[0]}, {EXAMPLE[1]}]
cases:
  - name: the web page reaches the database
    from: web
    to: db
    port: 3306
    expect: allow
  - {{name: twice, from: api, to: db, port: 3306, expect: allow}}
  - {{name: twice, from: nobody, to: db, port: 3306, expect: deny}}
invariants:
  - default-deny
"""


def test_a_scenario_runs():
    scenario = netpol.Scenario.load(SCENARIO)
    assert [item.kind for item in scenario.items] == ["case"] * 4 and len(scenario) == 4
    assert (scenario.items[1].name, scenario.items[1].line) == ("the web page does not", 15)
    report = scenario.run()
    assert report and len(report) == 4 and all(result.passed for result in report)
    assert [(row.rule, row.decided) for row in report.coverage] == [(None, 10), (0, 2)]
    assert repr(report) == "<netpol.ScenarioReport: 4 of 4 passed>"


def test_what_fails_says_why():
    scenario = netpol.Scenario.loads(FAILING, name="here.yaml")
    report = scenario.run()
    assert not report
    assert [result.outcome for result in report] == ["failed", "passed", "unanswered", "failed"]
    assert "1-either.yaml:3" in report[0].explanation and report[0].message
    assert report[3].kind == "invariant" and "nobody" in report[2].message + report[2].explanation
    one = scenario.run(item=1)
    assert one and len(one) == 1 and one[0].name == "twice"
    with pytest.raises(IndexError):
        scenario.run(item=4)


def test_a_missing_file_and_wrong_arguments_are_said(manifests):
    with pytest.raises(netpol.LoadError, match="nope"):
        netpol.Scenario.load("nope")
    scenario = netpol.Scenario.load(EXAMPLE[0].parent / "scenario.yaml")
    with pytest.raises(TypeError, match="^engine must be an Engine.*compile"):
        scenario.run(manifests)
    with pytest.raises(TypeError, match="^more must be Manifests"):
        scenario.compile(netpol.Cluster(manifests).compile())


def test_another_engine_and_more_objects():
    scenario = netpol.Scenario.load(SCENARIO)
    assert scenario.run(scenario.compile(engine="reference"))
    with pytest.raises(ValueError, match="compiled or reference"):
        scenario.compile(engine="fast")
    changed = netpol.load(EXAMPLE[1])
    changed.policies["default/db-policy"].spec.ingress.clear()
    outcomes = [result.outcome for result in scenario.run(scenario.compile(changed))]
    assert outcomes == ["failed", "passed", "passed", "passed"]


def test_reports_are_the_bytes_of_the_command(command, monkeypatch):
    monkeypatch.chdir(ROOT)
    path = str(SCENARIO.relative_to(ROOT))
    report = netpol.Scenario.load(path).run()
    assert report.to_json() == command("test", path, "-o", "json")
    assert report.to_junit() == command("test", path, "-o", "junit")
    assert report.text(coverage=True) == command("test", path, "--coverage")
    assert report.text(quiet=True) != report.text() == str(report)


def test_a_broken_file_says_all():
    with pytest.raises(netpol.InvalidError) as caught:
        netpol.Scenario.loads("apiVersion: netpol/v1\nkind: Scenario\ncase: []\n", name="x.yaml")
    assert [(d.source, d.line) for d in caught.value.diagnostics][:1] == [("x.yaml", 3)]
    missing = netpol.Scenario.loads("apiVersion: netpol/v1\nkind: Scenario\nmanifests: none\n"
                                    "cases: [{from: a, to: b, expect: deny}]\n", name="x.yaml")
    with pytest.raises(netpol.NetpolError, match="none"):
        missing.compile()


# ---- the plug-in ----

def pytest_on(folder, *arguments):
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "netpol.pytest_plugin", "-p",
                           "no:cacheprovider", *arguments], cwd=folder, capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_each_item_is_a_test(tmp_path):
    (tmp_path / "policies.yaml").write_text(FAILING)
    status, text = pytest_on(tmp_path, "-v")
    assert status == 1
    for line in ("policies.yaml::the web page reaches the database FAILED",
                 "policies.yaml::twice PASSED", "policies.yaml::twice (2) FAILED"):
        assert line in text
    assert "2 passed" not in text and "3 failed, 1 passed" in text


def test_failures_show_the_deciding_rule_and_no_traceback(tmp_path):
    (tmp_path / "policies.yaml").write_text(FAILING)
    _, text = pytest_on(tmp_path)
    assert "policies.yaml:5: failed: " in text
    assert "db-policy" in text and "1-either.yaml:3" in text
    assert "Traceback" not in text and "pytest_plugin.py" not in text


def test_the_repository_passes_its_own_scenario():
    status, text = pytest_on(ROOT, "examples/db-policy", "-q")
    assert status == 0 and "4 passed" in text


def test_only_scenarios_are_collected(tmp_path):
    (tmp_path / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: Scenario}\n")
    (tmp_path / "other.yaml").write_text("apiVersion: other/v1\nkind: Scenario\n")
    (tmp_path / "latin.yaml").write_bytes(b"# \xff\n")
    status, text = pytest_on(tmp_path)
    assert status == 5 and "no tests ran" in text
    (tmp_path / "one.yml").write_text(FAILING)
    assert "3 failed, 1 passed" in pytest_on(tmp_path)[1]
    assert "no tests ran" in pytest_on(tmp_path, "--no-netpol")[1]


def test_items_are_chosen_by_mark_and_name(tmp_path):
    (tmp_path / "policies.yaml").write_text(FAILING)
    assert "1 failed, 3 deselected" in pytest_on(tmp_path, "-m", "netpol_invariant")[1]
    assert "1 passed" in pytest_on(tmp_path, "policies.yaml::twice")[1]
    both = pytest_on(tmp_path, "-k", "twice", "--netpol-engine", "reference")[1]
    assert "1 failed, 1 passed, 2 deselected" in both


def test_a_broken_scenario_is_an_error_of_collecting(tmp_path):
    (tmp_path / "policies.yaml").write_text(FAILING.replace("cases:", "case:"))
    status, text = pytest_on(tmp_path)
    assert status == 2 and "policies.yaml:4" in text and "Traceback" not in text


def test_manifests_that_cannot_be_read_fail_the_tests(tmp_path):
    (tmp_path / "policies.yaml").write_text(FAILING.replace(str(EXAMPLE[0]), "none.yaml"))
    status, text = pytest_on(tmp_path)
    assert status == 1 and "none.yaml" in text and "Traceback" not in text


def test_junit_has_file_and_line(tmp_path):
    (tmp_path / "policies.yaml").write_text(FAILING)
    pytest_on(tmp_path, "--junit-xml=report.xml", "-o", "junit_family=xunit1")
    text = (tmp_path / "report.xml").read_text()
    assert 'file="policies.yaml"' in text and 'line="4"' in text and json.dumps("twice") in text
