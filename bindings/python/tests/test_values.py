# SPDX-License-Identifier: MIT
"""Manifests as Python values, and back."""
import copy
import dataclasses
import gc
import pickle
import sys

import pytest
from conftest import ROOT

import netpol

THIRD_PARTY = sorted((ROOT / "tests/cases").glob("*.yaml"))


def test_a_policy_is_read_by_its_field_names(manifests):
    policy = manifests.policies["default/db-policy"]
    assert policy.metadata.name == "db-policy"
    assert policy.spec.ingress[0].peers[0].pod_selector.match_labels["name"] == "api-pod"
    assert policy.spec.ingress[0].ports[0].port == 3306
    assert policy.spec.policy_types == ["Ingress"]
    assert (policy.api_version, policy.kind) == ("networking.k8s.io/v1", "NetworkPolicy")


def test_absent_selectors_are_none_and_empty_ones_are_not():
    text = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec: {ingress: [{from: [{podSelector: {}}]}]}
"""
    peer = netpol.loads(text).policies["default/a"].spec.ingress[0].peers[0]
    assert peer.pod_selector == netpol.LabelSelector()
    assert peer.namespace_selector is None


def test_values_compare_copy_pickle_and_print(manifests):
    policy = manifests.policies["default/db-policy"]
    assert copy.deepcopy(policy) == policy
    assert pickle.loads(pickle.dumps(policy)) == policy
    assert eval(repr(policy), vars(netpol)) == policy
    other = copy.deepcopy(policy)
    other.spec.ingress[0].ports[0].port = "mysql"
    assert other != policy


def test_values_can_be_matched(manifests):
    match manifests.policies["default/db-policy"]:
        case netpol.NetworkPolicy(spec=netpol.NetworkPolicySpec(ingress=[rule])):
            assert len(rule.peers) == 2
        case _:
            pytest.fail("it is such a policy")


def test_a_misspelt_field_is_refused(manifests):
    with pytest.raises(AttributeError):
        manifests.policies["default/db-policy"].spec.ingres = []
    with pytest.raises(TypeError):
        netpol.NetworkPolicySpec(ingres=[])


def test_a_policy_made_in_python_is_written_as_kubernetes_does():
    policy = netpol.NetworkPolicy(
        metadata=netpol.ObjectMeta(name="web", namespace_name="shop"),
        spec=netpol.NetworkPolicySpec(ingress=[netpol.NetworkPolicyIngressRule(
            ports=[netpol.NetworkPolicyPort(port="http"), netpol.NetworkPolicyPort(port=443)],
            peers=[netpol.NetworkPolicyPeer(ip_block=netpol.IPBlock(
                cidr="10.0.0.0/8", exceptions=["10.1.0.0/16"]))])]))
    assert netpol.dumps(policy) == """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  ingress:
  - from:
    - ipBlock:
        cidr: 10.0.0.0/8
        except:
        - 10.1.0.0/16
    ports:
    - port: http
    - port: 443
  podSelector: {}
"""
    assert netpol.loads(netpol.dumps(policy)).policies["shop/web"] == policy
    assert netpol.loads(netpol.dumps(policy, format="json")).policies["shop/web"] == policy
    assert "protocol: TCP" in netpol.dumps(policy, defaults=True)


@pytest.mark.parametrize("path", THIRD_PARTY, ids=lambda path: path.name)
def test_every_object_comes_back_the_same(path):
    """Law: an object that is read, turned into a value and back is the object that was read."""
    store = netpol.load(path, keep_going=True)._store
    for place in store.places():
        value = store.value(place)
        assert netpol._core.object_equal(netpol._manifests.handle_of(value), store.handle(place)), value
        assert eval(repr(value), vars(netpol)) == value


@pytest.mark.parametrize("path", THIRD_PARTY, ids=lambda path: path.name)
def test_policies_are_written_as_the_c_library_writes_what_it_read(path):
    store = netpol.load(path, keep_going=True)._store
    for place in store.places():
        handle = store.handle(place)
        if netpol._core.object_kind(handle) in netpol._manifests._POLICIES:
            assert netpol.dumps(store.value(place), format="json") == netpol._core.object_write(
                handle, netpol._core.FORMAT_JSON, 0)


def test_every_class_is_a_dataclass_with_slots_and_an_empty_form():
    for cls, names in netpol._model.CLASSES:
        assert [f.name for f in dataclasses.fields(cls)] == list(names)
        assert not hasattr(cls(), "__dict__")
        assert repr(cls()) == f"{cls.__name__}()"
        assert cls.__doc__ and not cls.__doc__.startswith(cls.__name__ + "(")


def test_fields_are_set_without_asking_the_class(monkeypatch):
    """Setting each by its name would take longer than reading the manifest."""
    text = (ROOT / "examples/db-policy/1-either.yaml").read_text()

    def asked(*_):
        raise AssertionError
    for cls, _ in netpol._model.CLASSES:
        monkeypatch.setattr(cls, "__setattr__", asked, raising=False)
    assert netpol.loads(text).objects[0].metadata.name == "db-policy"


def test_classes_without_slots_are_set_by_name():
    classes = tuple((type(cls.__name__, (), {}), names) for cls, names in netpol._model.CLASSES)
    plan = netpol._core.plan_new(classes)
    store = netpol.loads((ROOT / "examples/db-policy/1-either.yaml").read_text())._store
    made = netpol._core.value_of(store.handle(0), plan)
    assert made.spec.ingress[0].ports[0].port == store.value(0).spec.ingress[0].ports[0].port == 3306
    assert netpol._core.object_equal(netpol._core.object_of(made, plan), store.handle(0))


def test_only_plans_of_our_classes_are_taken():
    for wrong in (None, (), [], netpol._model.CLASSES[:-1], (3,) * len(netpol._model.CLASSES)):
        with pytest.raises((TypeError, SystemError)):
            netpol._core.plan_new(wrong)
    with pytest.raises(TypeError):
        netpol._core.object_of(netpol.Pod(), None)


def test_all_at_once_and_one_by_one_are_the_same_values():
    text = "\n---\n".join(path.read_text() for path in sorted((ROOT / "examples/db-policy").glob("*.yaml"))[:1])
    text += "".join(f"\n---\n{text.replace('db', f'db{i}')}" for i in range(3))
    manifests = netpol.loads(text)
    store = manifests._store
    first = store.value(1)
    assert manifests.objects[1] is first and manifests.objects == manifests.objects
    assert manifests.objects == [netpol.loads(text)._store.value(i) for i in range(len(manifests))]
    manifests.add(netpol.Namespace(metadata=netpol.ObjectMeta(name="x")))
    assert len(manifests.objects) == len(manifests) == len(store.values)


def test_values_hold_nothing_but_their_fields():
    """Counts of references: None and shared texts are neither lost nor kept too often."""
    text = (ROOT / "examples/db-policy/1-either.yaml").read_text()
    before = sys.getrefcount(None)
    for _ in range(300):
        manifests = netpol.loads(text)
        policy = manifests.objects[0]
        assert all(gc.is_tracked(part) for part in (policy, policy.spec, policy.spec.ingress))
        netpol.dumps(policy)
    del manifests, policy
    gc.collect()
    assert abs(sys.getrefcount(None) - before) < 250 or sys.version_info >= (3, 12)


WRONG = [
    ("spec", None, None, "None is an empty spec"),
    ("spec", [], TypeError, "a list is no spec"),
    ("spec.ingress", {}, TypeError, "a dict is no list"),
    ("spec.ingress", [None], TypeError, "None is no rule"),
    ("spec.ingress", ["x"], TypeError, "a text is no rule"),
    ("spec.policy_types", ["Ingress", 3], TypeError, "a number is no text"),
    ("spec.policy_types", "Ingress", TypeError, "a text is no list of texts"),
    ("spec.pod_selector.match_labels", {"a": 1}, TypeError, "label values are texts"),
    ("spec.pod_selector.match_labels", {1: "a"}, TypeError, "label keys are texts"),
    ("spec.pod_selector.match_labels", [("a", "b")], TypeError, "a list is no map"),
    ("metadata.name", b"x", TypeError, "bytes are no text"),
    ("metadata.name", "a\0b", ValueError, "NUL is in no text"),
    ("metadata.name", "\ud800", UnicodeEncodeError, "half a surrogate is in no text"),
    ("metadata.generation", 2**63, ValueError, "beyond 64 bits"),
    ("metadata.generation", 10**5000, ValueError, "far beyond 64 bits"),
    ("metadata.generation", True, TypeError, "a bool is no number"),
    ("metadata.generation", 1.0, TypeError, "a float is no integer"),
    ("metadata.creation_timestamp", "yesterday", netpol.InvalidError, "no time"),
    ("spec.ingress[0].ports[0].port", 2**31, ValueError, "beyond 32 bits"),
    ("spec.ingress[0].ports[0].port", 80.0, TypeError, "a float is no port"),
    ("spec.ingress[0].ports[0].port", True, TypeError, "a bool is no port"),
    ("spec.ingress[0].ports[0].end_port", "81", TypeError, "a text is no last port"),
]


def put(value, path, given):
    *steps, last = path.replace("[0]", ".0").split(".")
    for step in steps:
        value = value[0] if step == "0" else getattr(value, step)
    setattr(value, last, given)


@pytest.mark.parametrize("path, given, error, why", WRONG, ids=[row[3] for row in WRONG])
def test_wrong_values_are_refused_by_their_path(manifests, path, given, error, why):
    policy = manifests.policies["default/db-policy"]
    put(policy, path, given)
    if error is None:
        netpol.dumps(policy)
        return
    with pytest.raises(error) as caught:
        netpol.dumps(policy)
    if error in (TypeError, ValueError):
        assert str(caught.value).startswith(f"NetworkPolicy.{path}"), caught.value


def test_a_value_that_lost_a_field_is_refused(manifests):
    policy = manifests.policies["default/db-policy"]
    del policy.spec.ingress
    with pytest.raises(AttributeError):
        netpol.dumps(policy)


def test_a_list_that_shrinks_while_it_is_read_is_no_harm():
    class Shrinking(netpol.NetworkPolicyIngressRule):
        def __getattribute__(self, name):
            policy.spec.ingress.clear()
            return super().__getattribute__(name)

    policy = netpol.NetworkPolicy()
    policy.spec.ingress = [Shrinking(), Shrinking(), Shrinking()]
    with pytest.raises(IndexError):
        netpol.dumps(policy)


@pytest.mark.parametrize("wrong", [None, 3, "x", object(), netpol.LabelSelector(), netpol.NetworkPolicy])
def test_only_whole_objects_are_written_and_validated(wrong):
    for use in (netpol.dumps, netpol.validate, netpol.Cluster().put):
        with pytest.raises(TypeError):
            use(wrong)


def test_kinds_that_are_kept_in_part_are_not_written(manifests):
    pod = manifests.of_type(netpol.Pod)[0]
    with pytest.raises(netpol.NetpolError, match="not kept whole"):
        netpol.dumps(pod)


def test_validate_says_what_the_api_server_says(manifests):
    policy = manifests.policies["default/db-policy"]
    assert netpol.validate(policy) == []
    policy.spec.ingress[0].ports[0].port = 70000
    policy.spec.ingress[0].ports[0].protocol = "ICMP"
    found = netpol.validate(policy)
    assert [d.path for d in found] == ["spec.ingress[0].ports[0].protocol",
                                       "spec.ingress[0].ports[0].port"]
    assert all(d.severity == "error" and d.stage == "validation" for d in found)
    assert "must be between 1 and 65535" in found[1].message
