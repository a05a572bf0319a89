# SPDX-License-Identifier: MIT
"""Verdicts, answers, batches, threads, and that handles outlive each other."""
import array
import gc
import ipaddress
import json
import os
import resource
import subprocess
import sys
import threading

import arrow_maker as make
import pytest
from conftest import EXAMPLE, ROOT, ROUNDS

import netpol

CASES = sorted((ROOT / "tests/cases").glob("*.yaml"))


def test_the_example_of_the_readme(manifests, engine):
    verdict = engine.verdict("default/web", "default/db", port=3306)
    assert not verdict and not verdict.allowed and verdict.direction == "ingress"
    assert verdict.tier == "network-policy" and verdict.depends == ()
    assert engine.verdict("default/api", "default/db", port="3306")
    peers = manifests.policies["default/db-policy"].spec.ingress[0].peers
    peers[0].pod_selector.match_labels["name"] = "web-pod"
    assert not engine.verdict("default/web", "default/db", port=3306), "an engine does not change"


def test_an_engine_sees_what_was_changed_before_it_was_made(manifests):
    manifests.policies["default/db-policy"].spec.ingress[0].ports[0].port = 3307
    changed = netpol.Cluster(manifests).compile()
    assert not changed.verdict("api", "db", port=3306)
    assert changed.verdict("api", "db", port=3307)


def test_reasons_have_file_and_line_of_the_policy_at_least_once_it_was_changed(manifests):
    decision = netpol.Cluster(manifests).compile().verdict("api", "db", port=3306).explain().ingress
    assert (decision.reason, decision.rule, decision.peer, decision.port) == ("rule", 0, 0, 0)
    assert decision.source == str(EXAMPLE[1]) and decision.line > 0
    assert decision.policy == "NetworkPolicy default/db-policy" and len(decision.isolating) == 1
    manifests.policies["default/db-policy"]  # looked at only
    again = netpol.Cluster(manifests).compile().verdict("api", "db", port=3306).explain().ingress
    assert again == decision
    manifests.policies["default/db-policy"].metadata.labels["a"] = "b"
    changed = netpol.Cluster(manifests).compile().verdict("api", "db", port=3306).explain().ingress
    assert changed.source == str(EXAMPLE[1]) and changed.line == 3 and changed.rule == 0


def test_a_decision_names_its_policy_as_everything_else_does(manifests):
    verdict = netpol.Cluster(manifests, default_namespace="default").compile().verdict("api", "db", port=3306)
    decision = verdict.explain().ingress
    said = json.loads(verdict.to_json())["ingress"]
    assert (decision.key, decision.kind) == (said["policy"], said["kind"]) == ("default/db-policy", "NetworkPolicy")
    assert decision.key in manifests.policies
    assert decision.isolating == (decision.policy,)
    other = verdict.explain().egress
    assert other.policy is other.key is other.kind is None


def test_what_is_left_out_is_told_wherever_one_looks(manifests, engine):
    verdict = engine.verdict("api", "db", port=3306)
    assert not engine.incomplete and not verdict.incomplete and "incomplete" not in repr(verdict) + repr(engine)
    manifests.policies["default/db-policy"].spec.ingress[0].ports[0].port = 99999
    doubtful = netpol.Cluster(manifests, keep_going=True).compile()
    verdict, answer = doubtful.verdict("web", "db", port=1), doubtful.ask("web", "db")
    assert verdict.allowed, "the policy is left out"
    assert doubtful.incomplete and verdict.incomplete and answer.incomplete
    for thing in (doubtful, verdict, answer):
        assert "incomplete" in repr(thing)
    assert "incomplete" in str(verdict.explain()) and json.loads(answer.to_json())["incomplete"] is True


def test_numbers_of_numpy_are_numbers(engine):
    numpy = pytest.importorskip("numpy")
    api = int(ipaddress.ip_address("10.0.1.2"))
    assert engine.verdict("api", "db", port=numpy.int64(3306)) == engine.verdict("api", "db", port=3306)
    assert engine.ask("api", "db", port=numpy.uint16(3306)).allowed
    column = numpy.array([api, api], numpy.uint32)
    by_int = engine.verdicts(column, api, 6, 3306)
    assert engine.verdicts(column, numpy.uint32(api), numpy.uint8(6), numpy.int64(3306)).tolist() == by_int.tolist()
    for wrong in (numpy.float64(3306), True, 3306.0):  # NumPy before 2 says that its bool_ is an index
        with pytest.raises(TypeError):
            engine.verdict("api", "db", port=wrong)
        with pytest.raises(TypeError):
            engine.verdicts(column, column, 6, wrong)


def test_a_column_with_gaps_is_named(engine):
    rows = memoryview(array.array("I", range(8)))
    with pytest.raises(ValueError, match="^dst_ips: .*ascontiguousarray"):
        engine.verdicts(rows, rows[::2], 6, 80)


def test_ctrl_c_ends_a_batch():
    program = """if True:
        import array, os, signal, sys, threading, time, netpol
        engine = netpol.Cluster.load(*sys.argv[1:]).compile("reference")
        rows = array.array("I", bytes(4 << 25))
        threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            engine.verdicts(rows, rows, 6, 80)
        except KeyboardInterrupt:
            print("stopped", flush=True)
            os._exit(0)
        """
    done = subprocess.run([sys.executable, "-c", program, *map(str, EXAMPLE)], capture_output=True, text=True,
                          check=False)
    assert done.stdout == "stopped\n", done.stderr


def test_json_and_text_are_the_bytes_of_the_command(command, monkeypatch):
    monkeypatch.chdir(ROOT)
    files = [str(path.relative_to(ROOT)) for path in EXAMPLE]
    engine = netpol.Cluster.load(*files).compile()
    given = [word for file in files for word in ("-f", file)]
    words = (*given, "--from", "web", "--to", "db", "--port", "3306")
    verdict = engine.verdict("default/web", "default/db", port=3306)
    assert verdict.to_json() == command("eval", *words, "-o", "json")
    assert str(verdict.explain()) == command("eval", *words)
    for kind in ("text", "json"):
        assert engine.list(kind) == command("list", *given, "-o", kind)
    focused = engine.list(focus="default/db", pods=True, include_self=True)
    assert focused == command("list", *given, "--focus", "default/db", "--pods", "--self")


def case_of(command, path):
    return json.loads(command("convert", "--keep-going", "-o", "json", path,
                              status=(0, 2)).splitlines()[-1])


def cluster_of(path, case):
    options = {"keep_going": case.get("keepGoing", False)}
    return netpol.Cluster.load(path, **options, semantics=case.get("semantics", "spec"),
                               default_namespace=case.get("namespace"),
                               node_addresses=case.get("nodeAddresses", ()),
                               resolve=case.get("resolve", ()))


def options_of(path, case):
    yield from ("-f", path, "--semantics", case.get("semantics", "spec"))
    if "namespace" in case:
        yield from ("-n", case["namespace"])
    if case.get("keepGoing"):
        yield "--keep-going"
    for address in case.get("nodeAddresses", ()):
        yield from ("--node-address", address)
    for name in case.get("resolve", ()):
        yield from ("--resolve", name)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_cases_come_out_as_the_command_says(command, path, monkeypatch):
    monkeypatch.chdir(ROOT)
    path = str(path.relative_to(ROOT))
    case = case_of(command, path)
    if "refused" in case:
        with pytest.raises(netpol.NetpolError):
            cluster_of(path, case).compile()
        manifests = netpol.load(path, keep_going=True)
        with pytest.raises(netpol.NetpolError) as caught:
            netpol.Cluster(manifests).compile()
        assert case["refused"] in " ".join(d.message for d in caught.value.diagnostics)
        return
    given = list(options_of(path, case))
    engines = [cluster_of(path, case).compile(), cluster_of(path, case).compile("reference")]
    for q in case.get("questions", []):
        words = [w for option, key in (("--from", "src"), ("--to", "dst"), ("--port", "port"),
                                       ("--protocol", "proto"), ("--family", "family"))
                 if key in q for w in (option, q[key])]
        said = command("eval", *given, *words, "-o", "json", status=(0, 1, 2))
        for engine in engines:
            def ask():
                return engine.ask(q["src"], q["dst"], port=q.get("port"), protocol=q.get("proto"),
                                  family=q.get("family", 0))
            if q["verdict"] == "error":
                with pytest.raises(netpol.NetpolError):
                    ask()
                continue
            answer = ask()
            assert answer.to_json() == said, q["why"]
            assert answer.outcome == q["verdict"] and set(answer.depends) == set(q.get("depends", []))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_clusters_of_values_judge_as_clusters_of_files(command, path):
    """Everything goes through Python values and back, as if every object had been changed."""
    case = case_of(command, path)
    if "refused" in case:
        return
    keep_going = case.get("keepGoing", False)
    manifests = netpol.load(path, keep_going=keep_going)
    same = netpol.Manifests(netpol._core.manifests_new(0), 0, ())
    for value in manifests.objects:
        same.add(value)
    options = {"semantics": case.get("semantics", "spec"), "keep_going": keep_going,
               "default_namespace": case.get("namespace"), "resolve": case.get("resolve", ()),
               "node_addresses": case.get("nodeAddresses", ())}
    through = netpol.Cluster(same, **options).compile()
    straight = netpol.Cluster(manifests, **options).compile()
    assert through.list("text") == straight.list("text")


def test_live_updates(manifests):
    cluster = netpol.Cluster(manifests)
    before = cluster.compile()
    policy = manifests.policies["default/db-policy"]
    cluster.remove(policy)
    assert cluster.compile().verdict("web", "db", port=3306)
    with pytest.raises(netpol.NotFoundError):
        cluster.remove(policy)
    policy.spec.ingress[0].peers.clear()
    cluster.put(policy)
    assert cluster.compile().verdict("web", "db", port=3306)
    assert not before.verdict("web", "db", port=3306)
    policy.spec.ingress[0].ports[0].port = 0
    with pytest.raises(netpol.InvalidError) as caught:
        cluster.put(policy)
    assert caught.value.diagnostics


WRONG_QUESTIONS = [
    (("nope/x", "default/db"), {"port": 1}, netpol.NotFoundError),
    (("web", "db"), {}, netpol.InvalidError),
    (("web", "db"), {"port": 0}, netpol.InvalidError),
    (("web", "db"), {"port": -1}, ValueError),
    (("web", "db"), {"port": 10**30}, ValueError),
    (("web", "db"), {"port": 1.5}, TypeError),
    (("web", "db"), {"port": True}, TypeError),
    (("web", "db"), {"port": "a\0b"}, ValueError),
    (("web", "db"), {"port": 1, "protocol": "X"}, netpol.InvalidError),
    (("web", "db"), {"port": 1, "protocol": 6}, TypeError),
    ((None, "db"), {"port": 1}, TypeError),
    (("web", None), {"port": 1}, TypeError),
    (("web", b"db"), {"port": 1}, TypeError),
    (("web\0", "db"), {"port": 1}, ValueError),
    (("\ud800", "db"), {"port": 1}, UnicodeEncodeError),
]


@pytest.mark.parametrize("words, options, error", WRONG_QUESTIONS)
def test_wrong_questions_are_refused(engine, words, options, error):
    with pytest.raises(error):
        engine.verdict(*words, **options)
    if options:
        with pytest.raises(error):
            engine.ask(*words, **options)


def test_wrong_options_are_refused(engine):
    for call in (lambda: netpol.Cluster(semantics="nope"), lambda: engine.list("xml"),
                 lambda: netpol.Cluster().compile("fast")):
        with pytest.raises(ValueError):
            call()
    for call in (lambda: netpol.Cluster(node_addresses=[3]), lambda: netpol.Cluster(3),
                 lambda: netpol.Cluster(default_namespace=3)):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(netpol.NotFoundError):
        engine.list(focus="nope/x")
    with pytest.raises((OverflowError, TypeError)):
        engine.ask("web", "db", family=10**30)
    assert "cilium" in netpol.PRESETS


def test_handles_that_were_never_made_are_no_harm():
    with pytest.raises(AttributeError):
        netpol.Engine.__new__(netpol.Engine).verdict("a", "b", port=1)
    for dead in (None, 3, netpol.Engine(None)):
        with pytest.raises((TypeError, ValueError)):
            netpol.Engine(dead).verdict("a", "b", port=1)
        with pytest.raises((TypeError, ValueError)):
            netpol.Engine(dead).verdicts(1, 2, 6, 80)
    with pytest.raises((TypeError, ValueError)):
        netpol.Engine(netpol.Cluster()._handle).list()


def test_handles_may_end_in_any_order():
    manifests = netpol.load(*EXAMPLE)
    cluster = netpol.Cluster(manifests)
    engine = cluster.compile()
    policy = manifests.policies["default/db-policy"]
    verdict = engine.verdict("web", "db", port=3306)
    answer = engine.ask("web", "db", port=3306)
    del manifests, cluster
    gc.collect()
    assert policy.spec.ingress[0].ports[0].port == 3306
    assert not engine.verdict("web", "db", port=3306)
    del engine
    gc.collect()
    assert "db-policy" in answer.text() and "db-policy" in verdict.explain().text


def test_the_interpreter_may_end_with_live_objects():
    code = ("import netpol, sys\n"
            f"m = netpol.load({str(EXAMPLE[0])!r}, {str(EXAMPLE[1])!r})\n"
            "c = netpol.Cluster(m); e = c.compile(); v = e.verdict('web', 'db', port=3306)\n"
            "s = netpol.Selector('a=b'); a = e.ask('web', 'db'); m.policies\n"
            "class Late:\n"
            "    def __del__(self): self.e.verdict('web', 'db', port=3306)\n"
            "late = Late(); late.e = e; sys.late = late\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "memory leak" not in done.stderr, done.stderr


def test_selectors():
    selector = netpol.Selector("app=web,tier in (a,b)")
    assert selector.matches({"app": "web", "tier": "a"})
    assert not selector.matches({"app": "web"})
    assert netpol.Selector(str(selector)) == selector
    assert netpol.Selector("").matches({})
    for labels, error in (({"app": None}, TypeError), ({1: "a"}, TypeError), (None, TypeError),
                          ([], TypeError), ({"a": "\0"}, ValueError)):
        with pytest.raises(error):
            selector.matches(labels)
    with pytest.raises(netpol.InvalidError):
        netpol.Selector("a>1")


# ---- batches ----

def number(text):
    return int(ipaddress.IPv4Address(text))


PODS = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "203.0.113.7")


@pytest.fixture
def addressed(manifests):
    """The example with an address for each pod; and all flows among them."""
    for pod, address in zip(manifests.of_type(netpol.Pod), PODS):
        pod.status = netpol.PodStatus(pod_ip=address)
    engine = netpol.Cluster(manifests).compile()
    flows = [(s, d, 6, p) for s in PODS for d in PODS for p in (80, 3306)]
    expected = [int(engine.verdict(s, d, port=p).allowed) for s, d, _, p in flows]
    assert {0, 1} == set(expected)
    return engine, flows, expected


def test_batches_of_arrays_say_what_single_verdicts_say(addressed):
    engine, flows, expected = addressed
    src = array.array("I", [number(f[0]) for f in flows])
    dst = array.array("I", [number(f[1]) for f in flows])
    ports = array.array("H", [f[3] for f in flows])
    out = engine.verdicts(src, dst, bytes([6] * len(flows)), ports)
    assert isinstance(out, bytearray) and list(out) == expected
    assert list(engine.verdicts(src, dst, 6, ports)) == expected
    rows = b"".join(ipaddress.IPv6Address(f"::ffff:{f[0]}").packed for f in flows)
    assert list(engine.verdicts(rows, dst, 6, ports)) == expected


def test_batches_of_numpy(addressed):
    numpy = pytest.importorskip("numpy")
    engine, flows, expected = addressed
    src = numpy.array([number(f[0]) for f in flows], numpy.uint32)
    dst = numpy.array([number(f[1]) for f in flows], numpy.uint32)
    protocols = numpy.full(len(flows), 6, numpy.uint8)
    ports = numpy.array([f[3] for f in flows], numpy.uint16)
    out = engine.verdicts(src, dst, protocols, ports)
    assert isinstance(out, numpy.ndarray) and out.dtype == numpy.uint8 and out.flags.writeable
    assert out.tolist() == expected
    rows = numpy.zeros((len(flows), 16), numpy.uint8)
    rows[:, 10:12] = 255
    rows[:, 12:] = src.astype(">u4").view(numpy.uint8).reshape(-1, 4)
    assert engine.verdicts(rows, dst, protocols, ports).tolist() == expected
    assert engine.verdicts(src[:0], dst[:0], protocols[:0], ports[:0]).tolist() == []
    for wrong in (src.astype(numpy.int32), src.astype(numpy.uint64), src.astype(">u4"),
                  src.astype(float), src.reshape(2, -1), rows[:, :15].copy()):
        with pytest.raises(TypeError, match="src_ips"):
            engine.verdicts(wrong, dst, protocols, ports)
    with pytest.raises((BufferError, ValueError)):
        engine.verdicts(src[::2], dst[::2], protocols[::2], ports[::2])
    with pytest.raises(TypeError, match="ports"):
        engine.verdicts(src, dst, protocols, ports.astype(numpy.int16))
    with pytest.raises(TypeError, match="protocols"):
        engine.verdicts(src, dst, ports, ports)


WRONG_COLUMNS = [
    ([1], 2, 6, 80, TypeError),
    ("10.0.0.1", 2, 6, 80, TypeError),
    (None, 2, 6, 80, TypeError),
    (True, 2, 6, 80, TypeError),
    (1.0, 2, 6, 80, TypeError),
    (-1, 2, 6, 80, ValueError),
    (2**32, 2, 6, 80, ValueError),
    (1, 10**400, 6, 80, ValueError),
    (1, 2, 256, 80, ValueError),
    (1, 2, 6, 65536, ValueError),
    (1, 2, 6, b"\x50", TypeError),
    (bytes(15), 2, 6, 80, ValueError),
    (bytes(16), bytes(32), 6, 80, ValueError),
    (1, 2, b"\x06\x06", array.array("H", [80]), ValueError),
    (array.array("i", [1]), 2, 6, 80, TypeError),
    (array.array("d", [1.0]), 2, 6, 80, TypeError),
    (1, 2, array.array("H", [6]), 80, TypeError),
]


@pytest.mark.parametrize("src, dst, protocols, ports, error", WRONG_COLUMNS)
def test_wrong_columns_are_refused(engine, src, dst, protocols, ports, error):
    with pytest.raises(error):
        engine.verdicts(src, dst, protocols, ports)


def test_buffers_are_given_back(engine):
    column = bytearray(32)
    engine.verdicts(column, column, 6, 80)
    with pytest.raises(ValueError):
        engine.verdicts(column, column, 6, bytes(7) and array.array("H", [1, 2, 3]))
    column.extend(b"x")  # BufferError if a view were still held


# ---- threads and endurance ----

def test_two_threads_use_what_they_share(manifests):
    cluster = netpol.Cluster(manifests)
    engine = cluster.compile()
    policy = manifests.policies["default/db-policy"]
    wrong = []

    def work():
        src = array.array("I", range(20000))
        for _ in range(max(ROUNDS // 50, 1)):
            cluster.put(policy)
            cluster.compile().list("json")
            engine.verdicts(src, 1, 6, 80)
            if engine.verdict("web", "db", port=3306) or not engine.ask("api", "db", port=3306):
                wrong.append(1)
            try:
                netpol.loads("a: [")
                wrong.append(2)
            except netpol.LoadError:
                pass

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


TABLE = {"src": make.texts("u", ["web", "api"] * 50), "dst": make.encoded("c", [0] * 100, make.texts("vu", ["default/db"])),
         "port": make.ints("i", [3306, None] * 50)}


def one_round(text, column):
    manifests = netpol.loads(text)
    policy = manifests.policies["default/db-policy"]
    policy.spec.ingress[0].ports[0].port = 3307
    cluster = netpol.Cluster(manifests)
    engine = cluster.compile()
    engine.verdicts(column, column, 6, 80)
    engine.evaluate(make.Table(TABLE, batches=2)).to_list()
    engine.verdict("web", "db", port=3306).explain()
    netpol.validate(policy)
    netpol.dumps(policy)
    for wrong in (lambda: netpol.loads("a: [\n"), lambda: engine.verdict("x", "y", port=1),
                  lambda: engine.verdicts(column, column[:-4], 6, 80),
                  lambda: engine.evaluate(make.Table(TABLE), port="src"),
                  lambda: netpol.dumps(netpol.NetworkPolicy(spec=3)), lambda: netpol.Selector("a>")):
        with pytest.raises((netpol.NetpolError, TypeError, ValueError)):
            wrong()


@pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="ASan keeps what was freed")
def test_rounds_of_everything_do_not_grow_memory():
    text = "\n---\n".join(path.read_text() for path in EXAMPLE)
    column = array.array("I", range(1000))
    for _ in range(200):
        one_round(text, column)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(ROUNDS):
        one_round(text, column)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown <= 2048, f"{grown} KiB more after {ROUNDS} rounds"
