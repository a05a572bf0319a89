# SPDX-License-Identifier: MIT
"""Loading, errors, documents, reports."""
import pickle
import signal

import pytest
from conftest import EXAMPLE, ROOT

import netpol

BROKEN = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec: {podSelectr: {}}\n---\na: [\n"


def test_all_errors_are_carried(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    with pytest.raises(netpol.LoadError) as caught:
        netpol.load(file)
    error = caught.value
    assert [d.stage for d in error.diagnostics] == ["strict", "syntax"]
    assert error.diagnostics[0].line == 3 and error.diagnostics[0].source == str(file)
    assert str(file) in str(error) and "(and 1 more)" in str(error)
    assert isinstance(error, netpol.NetpolError) and isinstance(error, ValueError)
    again = pickle.loads(pickle.dumps(error))
    assert again.diagnostics == error.diagnostics and str(again) == str(error)


def test_a_missing_file_is_an_error_that_names_it():
    with pytest.raises(netpol.LoadError, match="/no/such/file"):
        netpol.load(EXAMPLE[0], "/no/such/file")


def test_keep_going_keeps_the_rest():
    manifests = netpol.loads(BROKEN + "---\n" + EXAMPLE[1].read_text(), keep_going=True)
    assert list(manifests.policies) == ["default/db-policy"]
    assert len(manifests.diagnostics) == 2


@pytest.mark.parametrize("wrong", [None, 3, [], object()])
def test_only_texts_and_paths_are_read(wrong):
    with pytest.raises(TypeError):
        netpol.loads(wrong)
    with pytest.raises(TypeError):
        netpol.load(wrong)
    with pytest.raises(TypeError):
        netpol.Document.loads(wrong)
    with pytest.raises(TypeError):
        netpol.Selector(wrong)


def test_nothing_to_read_is_a_mistake():
    for call in (netpol.load, netpol.check):
        with pytest.raises(TypeError):
            call()
    assert len(netpol.loads("")) == 0


def test_texts_with_nul_are_refused():
    with pytest.raises(ValueError):
        netpol.load("a\0b")
    with pytest.raises(netpol.LoadError):
        netpol.loads("a: b\0c")
    with pytest.raises(ValueError):
        netpol.Selector("a\0b")


def test_policies_are_a_mapping_that_can_be_changed(manifests):
    policies = manifests.policies
    policy = policies["default/db-policy"]
    assert policies["default/db-policy"] is policy and len(policies) == 1
    assert "default/other" not in policies
    other = netpol.NetworkPolicy(metadata=netpol.ObjectMeta(name="other", namespace_name="shop"))
    with pytest.raises(ValueError):
        policies["shop/wrong"] = other
    with pytest.raises(TypeError):
        policies["shop/x"] = netpol.Pod()
    policies["shop/other"] = other
    assert list(policies) == ["default/db-policy", "shop/other"]
    del policies["default/db-policy"]
    with pytest.raises(KeyError):
        policies["default/db-policy"]
    assert netpol.Cluster(manifests).compile().verdict("web", "db", port=3306)


def named(name, kind="NetworkPolicy", more="podSelector: {}"):
    versions = {"NetworkPolicy": "networking.k8s.io/v1", "ClusterNetworkPolicy": "policy.networking.k8s.io/v1alpha2",
                "AdminNetworkPolicy": "policy.networking.k8s.io/v1alpha1"}
    return f"{{apiVersion: {versions[kind]}, kind: {kind}, metadata: {{name: {name}}}, spec: {{{more}}}}}\n---\n"


CLUSTER_WIDE = "priority: 3, tier: Admin, subject: {namespaces: {}}"
ADMIN = "priority: 3, subject: {namespaces: {}}"


def test_policies_of_one_name_go_together():
    """None of them stays in force unseen."""
    manifests = netpol.loads(named("a") + named("b") + named("a") + named("a"))
    del manifests.policies["default/a"]
    assert list(manifests.policies) == ["default/b"] and len(manifests) == 1
    assert "default/a" not in manifests.policies and netpol.Cluster(manifests)
    with pytest.raises(KeyError):
        del manifests.policies["default/a"]
    manifests = netpol.loads(named("a") + named("b") + named("a"))
    manifests.add(netpol.NetworkPolicy(metadata=netpol.ObjectMeta(name="a")))
    manifests.policies["default/a"] = netpol.NetworkPolicy(metadata=netpol.ObjectMeta(name="a"))
    assert list(manifests.policies) == ["default/a", "default/b"] and len(manifests) == 2
    assert netpol.Cluster(manifests)


def test_policies_of_two_kinds_and_one_name_are_two():
    manifests = netpol.loads(named("a", "ClusterNetworkPolicy", CLUSTER_WIDE) + named("a", "AdminNetworkPolicy", ADMIN))
    assert isinstance(manifests.policies["a"], netpol.ClusterNetworkPolicy)
    del manifests.policies["a"]
    assert isinstance(manifests.policies["a"], netpol.AdminNetworkPolicy) and len(manifests) == 1
    del manifests.policies["a"]
    assert not manifests.policies and not len(manifests)


def test_a_renamed_policy_moves_when_it_is_assigned():
    manifests = netpol.loads(named("a") + named("b") + named("c"), name="x.yaml")
    policy = manifests.policies["default/a"]
    policy.metadata.name = "renamed"
    assert manifests.policies["default/a"] is policy, "until it is assigned"
    manifests.policies["default/renamed"] = policy
    assert sorted(manifests.policies) == ["default/b", "default/c", "default/renamed"] and len(manifests) == 3
    assert manifests.policies["default/renamed"] is policy and netpol.Cluster(manifests)
    policy.metadata.name = "b"
    manifests.policies["default/b"] = policy
    assert sorted(manifests.policies) == ["default/b", "default/c"] and len(manifests.objects) == 2
    manifests.policies["default/b"] = policy
    assert len(manifests) == 2
    again = netpol.NetworkPolicy(metadata=netpol.ObjectMeta(name="c"))
    manifests.policies["default/c"] = again
    again.metadata.name = "d"
    manifests.policies["default/d"] = again
    assert sorted(manifests.policies) == ["default/b", "default/d"]


def test_network_policies_are_those_of_one_kind():
    manifests = netpol.loads(named("b", "AdminNetworkPolicy", ADMIN) + named("a"))
    assert list(manifests.network_policies) == ["default/a"] and len(manifests.network_policies) == 1
    assert manifests.network_policies["default/a"] is manifests.policies["default/a"]
    assert "b" not in manifests.network_policies and "b" in manifests.policies
    assert repr(manifests.network_policies) == "NetworkPolicies(['default/a'])"


def test_a_document_keeps_its_comments(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_bytes(EXAMPLE[1].read_bytes())
    file.chmod(0o640)
    document = netpol.Document.open(file)
    document.set("spec.ingress[0].ports[0].port", 3307)
    document.add("spec.ingress[0].ports", {"port": "mysql", "protocol": "TCP"})
    document.set("metadata.labels", {"yes": "80"})
    document.rename("metadata.labels.yes", "no")
    document.delete("spec.policyTypes")
    document.save()
    assert file.stat().st_mode & 0o777 == 0o640
    text = file.read_text()
    assert "port: 3307 # and nothing but MySQL" in text and document.text == text
    policy = netpol.load(file).policies["default/db-policy"]
    assert [p.port for p in policy.spec.ingress[0].ports] == [3307, "mysql"]
    assert policy.metadata.labels == {"no": "80"} and policy.spec.policy_types == []


def test_a_changed_value_goes_back_into_its_text():
    document = netpol.Document.open(EXAMPLE[1])
    policy = netpol.loads(document.text).policies["default/db-policy"]
    policy.spec.ingress[0].ports[0].port = 3307
    document.update(policy)
    assert "port: 3307 # and nothing but MySQL" in document.text
    assert len(document) == 1


@pytest.mark.parametrize("text", ["a\x85b", "a\x7fb", "a\uffffb", "\u2028", "a\x80b", "\ufeffa", "a\nb", "\U0001ffff", "é"])
def test_any_text_can_be_set_and_is_read_back(text):
    doc = netpol.Document.open(EXAMPLE[1])
    doc.set("metadata.annotations", {"k": text})
    doc.set("metadata.annotations.l", text)
    doc.set("metadata.name", text)
    metadata = netpol.loads(doc.text).objects[0].metadata
    assert metadata.annotations == {"k": text, "l": text} and metadata.name == text
    assert not set("\x7f\x80\x85\ufeff\uffff") & set(doc.text)


@pytest.mark.parametrize("act, kind, words", [
    (lambda d: d.set("metadata.name", float("nan")), ValueError, "JSON"),
    (lambda d: d.set("metadata.name", float("inf")), ValueError, "JSON"),
    (lambda d: d.set("metadata.name", "b", document=-1), ValueError, "document counts from 0"),
    (lambda d: d.delete("metadata.name", document="0"), TypeError, "document must be int"),
    (lambda d: d.update(netpol.NetworkPolicy(), document=True), TypeError, "document must be int"),
    (lambda d: d.rename("metadata.name", "b", document=1 << 70), netpol.NotFoundError, "not so many documents"),
])
def test_what_is_no_value_and_no_document_is_said(act, kind, words):
    doc = netpol.Document(named("a"))
    before = doc.text
    with pytest.raises(kind, match=words):
        act(doc)
    assert doc.text == before


def test_edits_that_cannot_be_made_change_nothing():
    document = netpol.Document.loads("a: 1\n")
    with pytest.raises(netpol.NotFoundError):
        document.delete("b")
    with pytest.raises(netpol.InvalidError):
        document.add("a", 2)
    with pytest.raises(netpol.NotFoundError):
        document.set("a", 2, document=1)
    with pytest.raises((OverflowError, TypeError, ValueError)):
        document.set("a", 2, document=-1)
    with pytest.raises(TypeError):
        document.set("a", object())
    with pytest.raises(ValueError):
        document.save()
    assert document.text == "a: 1\n"


@pytest.mark.parametrize("format", ["text", "json", "jsonl", "sarif"])
def test_check_gives_the_bytes_of_the_command(command, format, monkeypatch):
    monkeypatch.chdir(ROOT)
    path = "examples/mistakes.yaml"
    assert netpol.check(path, format=format) == command("check", "-o", format, path)
    with pytest.raises(ValueError):
        netpol.check(path, format="xml")


def test_the_version_is_that_of_the_library():
    assert netpol.__version__ == netpol._core.version_text()


def test_ctrl_c_ends_a_long_call():
    class Stop(Exception):
        pass

    def stop(*_):
        raise Stop

    policy = EXAMPLE[1].read_text()
    text = "\n---\n".join(policy.replace("name: db-policy", f"name: p{i}") for i in range(40000))
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(Stop):
            netpol.loads(text)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
