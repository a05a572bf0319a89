# SPDX-License-Identifier: MIT
"""Truth tables and policies that others wrote, where they lie beside this repository: right, and in the same
bytes as by the command. Each cluster is made of files, and again of values that all went through Python."""
import copy
import json

import arrow_maker as make
import pytest
from conftest import ROOT

import netpol

CASES = ROOT.parent / "shared/cases/thirdparty"
GOLDEN = ROOT.parent / "shared/oracle/verdict"


def rows(path):
    if not path.exists():
        pytest.skip(f"{path} is not here")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines
    return lines


def files_of(case, alternative=False):
    other = case.get("alternative", {}) if alternative else {}
    return [str(CASES / (other["file"] if other.get("replaces") == file else file)) for file in case["manifests"]]


def by_values(manifests, **options):
    """A cluster none of whose objects is the one that was read."""
    same = netpol.Manifests(netpol._core.manifests_new(0), 0, ())
    netpol._core.manifests_inherit(same._store.read, manifests._store.read)
    for value in manifests.objects:
        same.add(copy.deepcopy(value))
    return netpol.Cluster(same, **options)


def engines(files, keep_going=False, **options):
    manifests = netpol.load(*files, keep_going=keep_going)
    return [netpol.Cluster.load(*files, keep_going=keep_going, **options).compile(),
            netpol.Cluster(manifests, keep_going=keep_going, **options).compile()], by_values(
                manifests, keep_going=keep_going, **options).compile()


def is_port(port):
    return str(port).isdigit()


def by_table(engine, flows):
    return engine.evaluate(make.Table({
        "src": make.texts("u", [f["src"] for f in flows]), "dst": make.texts("U", [f["dst"] for f in flows]),
        "proto": make.texts("vu", [f.get("proto", f.get("protocol")) for f in flows]),
        "port": make.ints("i", [int(f["port"]) for f in flows])})).to_list()


def check_table(command, group, least, alternative=False):
    asked = 0
    for case in rows(CASES / f"{group}.jsonl"):
        files = files_of(case, alternative)
        given = [word for file in files for word in ("-f", file)]
        made, valued = engines(files)
        for q in case["queries"]:
            words = {"port": q.get("port"), "protocol": q.get("proto")}
            options = [w for name, key in (("--port", "port"), ("--protocol", "proto")) if key in q
                       for w in (name, q[key])]
            said = command("eval", *given, "-o", "json", "--from", q["src"], "--to", q["dst"], *options)
            for engine in made:
                assert engine.ask(q["src"], q["dst"], **words).to_json() == said, case["name"]
            assert valued.ask(q["src"], q["dst"], **words).outcome == q["expect"], case["name"]
            assert engine.verdict(q["src"], q["dst"], **words).allowed == (q["expect"] == "allow"), case["name"]
            asked += 1
        flows = [q for q in case["queries"] if is_port(q.get("port"))]
        assert by_table(valued, flows) == [q["expect"] == "allow" for q in flows], case["name"]
    assert asked >= least


def test_truth_tables_of_the_end_to_end_suite(command):
    check_table(command, "k8s-e2e", 84)


@pytest.mark.parametrize("alternative", (False, True), ids=("newer", "older"))
def test_conformance_tables(command, alternative):
    check_table(command, "npapi-conformance", 40, alternative)


# ---- the golden files of the oracle ----

def addresses(x, **more):
    return [{**more, "address" if more else "ip": ip} for ip in x.get("ips") or []]


def object_of(kind, x, **more):
    return {"apiVersion": "v1", "kind": kind, **more,
            "metadata": {k: x[k] for k in ("name", "namespace", "labels") if x.get(k)}}


def pod_of(x):
    """Each port in a container of its own: where names are equal, any counts."""
    containers = [{"name": f"c{i}", "ports": [port]} for i, port in enumerate(x.get("ports") or [])]
    return object_of("Pod", x, spec={"nodeName": x.get("node", ""), "hostNetwork": x.get("hostNetwork", False),
                                     "containers": containers},
                     status={"phase": "Running", "podIPs": addresses(x)})


def list_of(row):
    items = [object_of("Namespace", x) for x in row.get("namespaces") or []]
    items += [object_of("Node", x, status={"addresses": addresses(x, type="InternalIP")}) for x in row.get("nodes") or []]
    items += [pod_of(x) for x in row.get("pods") or []]
    for key in ("policies", "clusterNetworkPolicies", "adminNetworkPolicies", "baselineAdminNetworkPolicies"):
        items += row.get(key) or []
    return {"apiVersion": "v1", "kind": "List", "items": items}


@pytest.mark.parametrize("kind", ["np", "cnp", "anp"])
def test_golden_files_of_the_oracle(command, kind, tmp_path):
    cluster, questions = tmp_path / "cluster.json", tmp_path / "questions.jsonl"
    for row in rows(GOLDEN / f"golden-{kind}.jsonl"):
        cluster.write_text(json.dumps(list_of(row)))
        lines = [json.dumps(q) for q in row["queries"]]
        questions.write_text("".join(f"{line}\n" for line in lines))
        for column, preset in (("ref", "spec"), ("policy", "knp")):
            made, valued = engines([str(cluster)], semantics=preset)
            said = command("eval", "-f", cluster, "--semantics", preset, "--queries", questions, "-o", "jsonl")
            wanted = [letter == "A" for letter in row["expect"][column]]
            assert [json.loads(line)["verdict"] == "allow" for line in said.splitlines()] == wanted
            for engine in (*made, valued):
                assert "".join(engine.answer_line(line) for line in lines) == said
            plain = [i for i, q in enumerate(row["queries"]) if is_port(q.get("port")) and not q.get("family")]
            assert by_table(valued, [row["queries"][i] for i in plain]) == [wanted[i] for i in plain]


# ---- lists, policies, refusals ----

@pytest.mark.parametrize("group", ["np-guard-np", "np-guard-admin"])
def test_lists_of_connections(command, group):
    for case in rows(CASES / f"{group}.jsonl"):
        files = files_of(case)
        given = [word for file in files for word in ("-f", file)]
        said = command("list", *given, "-o", "json", "--semantics", "np-guard", "--keep-going")
        made, valued = engines(files, keep_going=True, semantics="np-guard")
        for engine in (*made, valued):
            assert engine.list("json") == said, case["name"]


def test_policies_of_real_projects(command):
    written = compared = 0
    for group in ("real-world", "recipes", "cyclonus", "policy-assistant"):
        for case in rows(CASES / f"{group}.jsonl"):
            for file in files_of(case):
                try:
                    policies = list(netpol.load(file).policies.values())
                except netpol.LoadError:
                    continue
                said = command("convert", "--only-known", file, status=(0, 1, 2))
                if policies and said.count("\n---\n") == len(policies) - 1:
                    assert "---\n".join(map(netpol.dumps, policies)) == said, case["name"]
                    compared += 1
                for policy in policies:
                    again = netpol.loads(netpol.dumps(policy)).policies
                    assert list(again.values()) == [policy], case["name"]
                    written += 1
    assert written >= 50 and compared >= 30, (written, compared)


def test_inputs_to_refuse():
    for case in rows(CASES / "np-guard-bad.jsonl"):
        with pytest.raises(netpol.NetpolError):
            netpol.Cluster.load(*files_of(case)).compile()
        with pytest.raises(netpol.NetpolError):
            netpol.Cluster(netpol.load(*files_of(case))).compile()
