# SPDX-License-Identifier: MIT
"""Clusters under change, and engines that take each other's place."""
import threading

import pytest
from conftest import EXAMPLE, ROUNDS

import netpol


@pytest.fixture
def live(manifests):
    return netpol.Live(manifests)


def test_a_change_is_seen_by_who_asks_afterwards(live, manifests):
    before = live.engine
    policy = manifests.policies["default/db-policy"]
    with live.change() as cluster:
        cluster.remove(policy)
        assert live.engine is before, "not before the block ends"
    assert not before.verdict("web", "db", port=3306) and live.engine.verdict("web", "db", port=3306)
    with live.change() as cluster:
        cluster.put(policy)
    assert not live.engine.verdict("web", "db", port=3306)
    assert repr(live) == f"<netpol.Live: {live.engine.pod_count} pods>"


def test_pods_come_and_go_by_name(live):
    before = live.engine.pod_count
    with live.change() as cluster:
        cluster.set_namespace("shop", {"team": "a"})
        cluster.set_pod("shop/x", {"name": "api-pod"}, ips=["10.9.0.1", "2001:db8::9"], node="n1",
                        ports={"http": 8080})
        cluster.set_pod("y", {"name": "api-pod"}, ips=["10.9.0.2"])
    engine = live.engine
    assert engine.pod_count == before + 2
    assert not engine.verdict("shop/x", "db", port=3306) and engine.verdict("y", "db", port=3306)
    assert engine.verdict("web", "shop/x", port="http") and engine.verdict("10.9.0.2", "db", port=3306)
    with live.change() as cluster:
        cluster.set_pod("y", {"name": "other"}, ips=["10.9.0.2"])
        cluster.remove_pod("shop/x")
    assert not live.engine.verdict("10.9.0.2", "db", port=3306)
    assert live.engine.pod_count == before + 1 and engine.pod_count == before + 2


@pytest.mark.parametrize("wrong, kind, word", [
    ({"ips": "10.0.0.1"}, TypeError, "ips"), ({"ips": b"ab"}, TypeError, "ips"), ({"ips": 3}, TypeError, "ips"),
    ({"ips": ["10.0.0.300"]}, ValueError, "ips"), ({"ips": ["fe80::1%eth0"]}, ValueError, "ips"),
    ({"ips": ["10.0.0.01"]}, ValueError, "ips"), ({"ips": [3]}, TypeError, "ips"), ({"ips": [""]}, ValueError, "ips"),
    ({"ports": {"http": 99999}}, ValueError, "ports"), ({"ports": {"http": 0}}, ValueError, "ports"),
    ({"ports": {"http": True}}, TypeError, "ports"), ({"ports": {"": 80}}, ValueError, "ports"),
    ({"ports": {3: 80}}, TypeError, "ports"), ({"ports": [80]}, TypeError, "ports"),
    ({"labels": "app"}, TypeError, "labels"), ({"labels": {"a": 1}}, TypeError, "labels"),
    ({"name": ""}, ValueError, "name"), ({"name": "a/"}, ValueError, "name"), ({"name": "/a"}, ValueError, "name"),
    ({"name": "a/b/c"}, ValueError, "name"), ({"name": 3}, TypeError, "name"),
])
def test_no_pod_is_made_of_what_none_could_have(wrong, kind, word):
    cluster = netpol.Cluster()
    with pytest.raises(kind, match=f"^{word}"):
        cluster.set_pod(**{"name": "shop/x"} | wrong)
    assert cluster.compile().pod_count == 0
    if "name" in wrong:
        with pytest.raises(kind, match="^name"):
            cluster.remove_pod(wrong["name"])


@pytest.mark.parametrize("name", ["", "a/b", "/", 3, None])
def test_no_namespace_is_made_of_what_none_could_be_called(name):
    with pytest.raises((TypeError, ValueError), match="^name"):
        netpol.Cluster().set_namespace(name)


def test_a_pod_whose_addresses_disagree_is_refused():
    """Kubernetes: podIPs[0] must be podIP."""
    text = """{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: []},
    status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}]}}"""
    manifests = netpol.loads(text)
    pod = manifests.objects[0]
    pod.status.pod_ip = "10.0.0.9"
    for use in (lambda: netpol.Cluster(manifests), lambda: netpol.Cluster().put(pod)):
        with pytest.raises(ValueError, match="pod_ip is .10.0.0.9.*pod_ips begins with .10.0.0.1"):
            use()
    pod.status.pod_ips[0] = "10.0.0.9"
    assert netpol.Cluster(manifests).compile().verdict("10.0.0.8", "10.0.0.9", port=80)


def test_what_goes_wrong_leaves_the_last_engine(live, manifests):
    before = live.engine
    with pytest.raises(ZeroDivisionError):
        with live.change() as cluster:
            cluster.remove(manifests.policies["default/db-policy"])
            1 / 0
    assert live.engine is before
    with pytest.raises(netpol.NotFoundError):
        with live.change() as cluster:
            cluster.remove_pod("shop/none")
    for wrong in (lambda c: c.set_pod("a", {"k": 3}), lambda c: c.set_pod(3), lambda c: c.set_pod("a", ips=[3]),
                  lambda c: c.set_pod("a", ports={"http": "80"}), lambda c: c.set_namespace(None)):
        with pytest.raises((TypeError, AttributeError)):
            with live.change() as cluster:
                wrong(cluster)
    assert live.engine is before
    with live.change():
        pass
    assert live.engine.verdict("web", "db", port=3306), "what was changed belongs to the next"


@pytest.mark.parametrize("wrong", [None, 3, "x", [], netpol.Cluster])
def test_only_clusters_live(wrong):
    with pytest.raises((TypeError, AttributeError)):
        netpol.Live(wrong)


def test_readers_never_see_half_a_change():
    """Two policies change places in one step: whoever takes an engine sees exactly one of them."""
    manifests = netpol.load(*EXAMPLE)
    first = manifests.policies["default/db-policy"]
    second = netpol.loads(netpol.dumps(first).replace("name: db-policy", "name: other").replace("3306", "3307"))
    second = second.policies["default/other"]
    live = netpol.Live(manifests)
    ended = threading.Event()
    wrong = []

    def read():
        while not ended.is_set():
            engine = live.engine
            seen = [bool(engine.verdict("api", "db", port=port)) for port in (3306, 3307)]
            if sum(seen) != 1:
                wrong.append(seen)

    def write():
        for _ in range(max(ROUNDS // 20, 5)):
            for old, new in ((first, second), (second, first)):
                with live.change() as cluster:
                    cluster.remove(old)
                    cluster.put(new)

    readers = [threading.Thread(target=read) for _ in range(3)]
    writer = threading.Thread(target=write)
    for thread in (*readers, writer):
        thread.start()
    writer.join()
    ended.set()
    for thread in readers:
        thread.join()
    assert not wrong
