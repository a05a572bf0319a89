# SPDX-License-Identifier: MIT
"""Flow logs against policies: what is counted, what is not judged, and that every reader agrees."""
import csv
import gzip
import html.parser
import io
import json
import os
import random
import subprocess
import sys

import pytest
from conftest import EXAMPLE, ROOT

import netpol
from netpol import _audit_read, _audit_rows
from netpol.__main__ import main

LOG = ROOT / "examples/audit/flows.jsonl"
CLUSTER = ROOT / "examples/db-policy/cluster.yaml"
POLICIES = [ROOT / f"examples/db-policy/{name}.yaml" for name in
            ("1-either", "2-both", "3-in-and-out")]


@pytest.fixture(params=["stdlib", "duckdb"])
def duckdb(request):
    """Whether DuckDB reads; the answers must be the same."""
    if request.param == "duckdb":
        pytest.importorskip("duckdb")
    return request.param == "duckdb"


def rows_of(text, tmp_path, name, duckdb, **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    log = _audit_read.Log()
    _audit_read.read_log(str(path), log, use_duckdb=duckdb, **options)
    return log


def test_the_showpiece(duckdb):
    said = [netpol.audit(LOG, [CLUSTER, policy], use_duckdb=duckdb) for policy in POLICIES]
    assert [(a.lines, a.judged, a.allowed) for a in said] == [(66, 55, 51), (66, 55, 33),
                                                              (66, 55, 38)]
    assert [[(g.src, g.dst, g.port, g.hits, g.said) for g in a.mismatches] for a in said] == [
        [],
        [("default/api", "default/db", 3306, 14, "forwarded"),
         ("prod/report", "default/db", 3306, 4, "forwarded")],
        [("prod/api", "default/db", 3306, 6, "forwarded"),
         ("prod/report", "default/db", 3306, 4, "forwarded"),
         ("default/db", "outside (2 addresses)", 443, 3, "forwarded")],
    ]


def test_every_line_is_somewhere(duckdb):
    a = netpol.audit(LOG, EXAMPLE, use_duckdb=duckdb)
    with open(LOG, encoding="utf-8") as file:
        assert a.lines == len(file.readlines())
    assert a.judged + sum(a.skipped.values()) + sum(a.unknown.values()) + a.bad == a.lines
    assert dict(a.skipped) == {"replies": 6, "layer 7 and socket events": 1,
                               "events that are no flows": 1}
    assert dict(a.unknown) == {
        ("default/batch", "a pod that the manifests do not have"): 1,
        ("node 192.0.2.1", "a node that the manifests do not have"): 1}
    assert [(bad.source, bad.line, bad.why) for bad in a.bad_lines] == [
        (str(LOG), 34, "the line is no JSON object")]
    assert any("lost 2 events" in note for note in a.notes)


def test_rules_have_hits_and_a_place(duckdb):
    a = netpol.audit(LOG, EXAMPLE, use_duckdb=duckdb)
    assert [(use.name, use.allowed, use.hits, use.flows) for use in a.rules] == [
        ("default/db-policy ingress[0]", True, 24, 3),
        ("default/db-policy ingress, no rule", False, 4, 2)]
    use = a.rules[0]
    with open(use.source, encoding="utf-8") as file:
        assert "- from:" in file.readlines()[use.line - 1]


MORE = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: more, namespace: default}
spec:
  podSelector: {matchLabels: {role: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {name: nobody}}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: idle, namespace: prod}
spec:
  podSelector: {matchLabels: {name: nobody}}
  ingress: [{}]
"""


def test_what_decides_nothing_is_named(tmp_path):
    (tmp_path / "more.yaml").write_text(MORE)
    a = netpol.audit(LOG, [*EXAMPLE, tmp_path / "more.yaml"])
    assert [p.policy for p in a.unused_policies] == ["prod/idle"]
    assert [use.name for use in a.unused_rules] == ["default/more ingress[0]"]
    assert a.unused_rules[0].line == 8


def test_what_no_policy_covers():
    a = netpol.audit(LOG, EXAMPLE)
    assert ("default/web", "default/api", 8080) in [(g.src, g.dst, g.port) for g in a.uncovered]
    assert all("default/db" != g.dst for g in a.uncovered)
    both = [{"src": "192.0.2.1", "dst": "192.0.2.2", "port": 1}]
    assert netpol.audit(both, EXAMPLE).uncovered == [], "no pod is in it"


def test_talkers():
    a = netpol.audit(LOG, EXAMPLE)
    assert [(t.name, t.sent, t.received, t.denied) for t in a.talkers[:2]] == [
        ("default/db", 6, 28, 4), ("default/api", 15, 14, 1)]
    assert sum(t.sent for t in a.talkers) == sum(t.received for t in a.talkers) == a.judged


def test_what_new_policies_change():
    """The law of it: what is closed or opened is what the two audits say differently."""
    old, new = ([CLUSTER, policy] for policy in POLICIES[1:])
    a = netpol.audit(LOG, new, baseline=old)
    assert [(g.src, g.dst, g.port, g.hits, g.said) for g in a.changes] == [
        ("default/api", "default/db", 3306, 14, "opened"),
        ("prod/api", "default/db", 3306, 6, "closed"),
        ("default/db", "outside (2 addresses)", 443, 3, "closed")]
    before = netpol.audit(LOG, old)
    assert sum(g.hits * (1 if g.said == "opened" else -1) for g in a.changes) == (
        a.allowed - before.allowed)
    assert netpol.audit(LOG, new, baseline=new).changes == before.changes == []
    assert json.loads(a.to_json())["changes"][1]["change"] == "closed"
    assert "was allowed, is denied" in a.text() and "Changed against" in a.to_html()


def test_an_invalid_policy_is_not_called_unused(tmp_path):
    text = MORE.replace("ingress: [{}]", "ingress: [{ports: [{port: 0}]}]")
    (tmp_path / "more.yaml").write_text(text)
    with pytest.raises(netpol.InvalidError):
        netpol.audit(LOG, [*EXAMPLE, tmp_path / "more.yaml"])
    a = netpol.audit(LOG, [*EXAMPLE, tmp_path / "more.yaml"], keep_going=True)
    assert a.unused_policies == [] and [use.policy for use in a.unused_rules] == ["default/more"]


# ---- lines of Hubble ----

def event(**changes):
    flow = {"verdict": "FORWARDED", "IP": {"source": "10.0.0.30", "destination": "10.0.0.10"},
            "l4": {"TCP": {"source_port": 40000, "destination_port": 3306}},
            "source": {"identity": 7000}, "destination": {"identity": 7001}, "Type": "L3_L4",
            "traffic_direction": "INGRESS", "is_reply": False}
    return {**flow, **changes}


EVENTS = [
    ("forwarded", event(), ("TCP", 3306, "forwarded", "ingress")),
    ("dropped by policy", event(verdict="DROPPED", drop_reason_desc="POLICY_DENIED"),
     ("TCP", 3306, "dropped", "ingress")),
    ("dropped by a deny policy", event(verdict="DROPPED", drop_reason=181),
     ("TCP", 3306, "dropped", "ingress")),
    ("dropped for another reason", event(verdict="DROPPED", drop_reason_desc="CT_MAP_FULL"),
     ("TCP", 3306, "dropped otherwise", "ingress")),
    ("audit mode lets through what policies deny", event(verdict="AUDIT"),
     ("TCP", 3306, "dropped", "ingress")),
    ("to the proxy", event(verdict="REDIRECTED"), ("TCP", 3306, "forwarded", "ingress")),
    ("a trace says nothing", event(verdict="TRACED"), ("TCP", 3306, None, "ingress")),
    ("UDP", event(l4={"UDP": {"destination_port": 53}}), ("UDP", 53, "forwarded", "ingress")),
    ("ICMP has no port", event(l4={"ICMPv4": {"type": 8}}), ("ICMP", None, "forwarded", "ingress")),
    ("an echo reply is an empty object", event(l4={"ICMPv4": {}}),
     ("ICMP", None, "forwarded", "ingress")),
    ("an old line", event(is_reply=None, traffic_direction="TRAFFIC_DIRECTION_UNKNOWN"),
     ("TCP", 3306, "forwarded", None)),
    ("a reply", event(is_reply=True), "replies"),
    ("an old reply", {**event(reply=True), "is_reply": None}, "replies"),
    ("layer 7", event(Type="L7"), "layer 7 and socket events"),
    ("no port", event(l4={"TCP": {"source_port": 1}}), "no protocol, or no destination port"),
    ("no layer 4", event(l4=None), "no protocol, or no destination port"),
    ("a port that is none", event(l4={"TCP": {"destination_port": 70000}}), "no port: 70000"),
    ("no address", event(IP={"source": "10.0.0.30"}), "no destination"),
    ("a broken address", event(IP={"source": "10.0.0", "destination": "10.0.0.10"}),
     "no address: 10.0.0"),
]


@pytest.mark.parametrize("wrapped", [True, False])
def test_events_of_hubble_follow_the_table(tmp_path, duckdb, wrapped):
    for n, (why, flow, wanted) in enumerate(EVENTS):
        line = json.dumps({"flow": flow, "node_name": "n"} if wrapped else flow)
        log = rows_of(line + "\n", tmp_path, f"{n}.jsonl", duckdb)
        if isinstance(wanted, tuple):
            (row, times), = log.rows.items()
            assert (row.protocol, row.port, row.said, row.side) == wanted and times == 1, why
            assert row.src.ip == "10.0.0.30", why
        else:
            said = [*log.skipped, *(bad.why for bad in log.examples)]
            assert said == [wanted], why


def test_names_win_over_addresses():
    """Manifests of workloads have no addresses, and addresses are given to others in time."""
    text = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]
"""
    manifests = netpol.loads(text)
    web = {"namespace": "shop", "pod_name": "web-6b5b787dc9-ds4j4",
           "workloads": [{"name": "web", "kind": "Deployment"}]}
    db = {"namespace": "shop", "pod_name": "db-0"}
    a = netpol.audit([event(source=web, destination=db)], manifests)
    flow, = a.flows
    assert (flow.src.label, flow.dst.label) == ("shop/web[Deployment]", "shop/db[StatefulSet]")
    assert flow.allowed and flow.ingress.policy == "NetworkPolicy shop/db"
    assert flow.dst.assumed and not flow.src.assumed and "form of their names" in a.notes[0]
    guessed = netpol.audit([event(source={**web, "workloads": []}, destination=db)], manifests)
    assert guessed.flows[0].src.label == "shop/web[Deployment]" and guessed.flows[0].src.assumed
    stranger = netpol.audit([event(source={"namespace": "shop", "pod_name": "webber-1"},
                                   destination=db)], manifests)
    assert stranger.flows == [] and stranger.unknown["shop/webber-1",
                                                     "a pod that the manifests do not have"] == 1


def test_pods_are_shown_by_their_owner():
    text = """
apiVersion: v1
kind: Pod
metadata:
  name: web-6b5b787dc9-ds4j4
  labels: {pod-template-hash: 6b5b787dc9}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-6b5b787dc9, uid: u, controller: true}]
status: {podIP: 10.1.0.1}
"""
    a = netpol.audit([{"src": "10.1.0.1", "dst": "192.0.2.1", "port": 443}], netpol.loads(text))
    assert a.flows[0].src.label == "default/web[Deployment]"
    assert a.flows[0].src.name == "10.1.0.1"


def test_the_verdict_of_the_side_that_was_seen_is_compared(tmp_path):
    """What left the source and was dropped at the destination was forwarded at the source."""
    seen = [event(traffic_direction="EGRESS"), event(traffic_direction="INGRESS"),
            event(traffic_direction=None), event(verdict="DROPPED", drop_reason_desc="POLICY_DENIED")]
    said = [len(netpol.audit([one], EXAMPLE).mismatches) for one in seen]
    assert said == [0, 1, 1, 0]
    opened = event(verdict="DROPPED", IP={"source": "10.0.0.20", "destination": "10.0.0.10"})
    assert netpol.audit([opened], EXAMPLE).mismatches[0].said == "dropped"


def test_a_service_stands_for_its_pods():
    text = """
apiVersion: v1
kind: Service
metadata: {name: db, namespace: default}
spec: {clusterIP: 10.96.0.1, selector: {role: db}, ports: [{port: 33, targetPort: 3306}]}
"""
    manifests = netpol.load(*EXAMPLE)
    for value in netpol.loads(text).objects:
        manifests.add(value)
    rows = [{"src": "10.0.0.20", "dst": "10.96.0.1", "port": 33},
            {"src": "10.0.0.30", "dst": "10.96.0.1", "port": 33},
            {"src": "10.0.0.30", "dst": "10.96.0.1", "port": 34}]
    a = netpol.audit(rows, manifests)
    by_src = {flow.src.name: flow for flow in a.flows}
    assert by_src["10.0.0.20"].allowed and not by_src["10.0.0.30"].allowed
    assert by_src["10.0.0.30"].ingress.policy == "NetworkPolicy default/db-policy"
    assert {flow.dst.label for flow in a.flows} == {"svc:default/db"}
    assert len(a.flows) + len(a.unknown) == 3


# ---- tables ----

GOOD = '{"src":"10.0.0.30","dst":"10.0.0.10","port":3306}'

TABLES = [
    ("our own words", "src,dst,proto,port", "10.0.0.30,10.0.0.10,TCP,3306"),
    ("without a protocol it is TCP", "src,dst,port", "10.0.0.30,10.0.0.10,3306"),
    ("numbers of protocols", "srcaddr,dstaddr,srcport,dstport,protocol",
     "10.0.0.30,10.0.0.10,40000,3306,6"),
    ("numbers with zeros before them", "src,dst,port,protocol", "10.0.0.30,10.0.0.10,3306,06"),
    ("what is no reply", "src,dst,port,is_reply", "10.0.0.30,10.0.0.10,3306,n"),
    ("words of the AWS agent", "Src IP,Src Port,Dest IP,Dest Port,Proto",
     "10.0.0.30,40000,10.0.0.10,3306,TCP"),
    ("IPv4 in IPv6", "source_ip,destination_ip,destination_port",
     "::ffff:10.0.0.30,10.0.0.10,3306"),
    ("addresses as numbers", "src,dst,port", "167772190,167772170,3306"),
]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_columns_have_many_names(tmp_path, duckdb, delimiter):
    for n, (why, header, line) in enumerate(TABLES):
        text = f"{header}\n{line}\n".replace(",", delimiter)
        log = rows_of(text, tmp_path, f"{n}.csv", duckdb)
        (row, times), = log.rows.items()
        assert (row.src.ip, row.dst.ip, row.protocol, row.port, times) == (
            "10.0.0.30", "10.0.0.10", "TCP", 3306, 1), why


BAD = [
    ("no port", "10.0.0.30,10.0.0.10,TCP,,2", "no destination port"),
    ("port 0", "10.0.0.30,10.0.0.10,TCP,0,2", "no port: 0"),
    ("a port of letters", "10.0.0.30,10.0.0.10,TCP,http,2", "no port: http"),
    ("blanks for a protocol", "10.0.0.30,10.0.0.10, ,80,2", "no protocol"),
    ("a protocol that is none", "10.0.0.30,10.0.0.10,QUIC,80,2", "unknown protocol: QUIC"),
    ("no source", ",10.0.0.10,TCP,80,2", "no source"),
    ("a count that is none", "10.0.0.30,10.0.0.10,TCP,80,many", "no count: many"),
    ("a count below nothing", "10.0.0.30,10.0.0.10,TCP,80,-1", "no count: -1"),
    ("too few cells", "10.0.0.30,10.0.0.10", "broken CSV"),
    ("too many cells", "10.0.0.30,10.0.0.10,TCP,80,1,2", "broken CSV"),
    ("too many cells after empty ones", "10.0.0.30,10.0.0.10,TCP,80,1,,2", "broken CSV"),
]


def test_bad_rows_of_csv_are_counted_and_shown(tmp_path, duckdb):
    good = "10.0.0.30,10.0.0.10,TCP,80,5"
    for n, (why, line, reason) in enumerate(BAD):
        text = f"src,dst,proto,port,count\n{good}\n{line}\n{good}\n"
        log = rows_of(text, tmp_path, f"{n}.csv", duckdb)
        assert sum(log.rows.values()) == 10 and log.bad == 1, why
        assert [(bad.line, bad.why) for bad in log.examples] == [(3, reason)], why


@pytest.mark.parametrize("count, times", [
    ("2", 2), ("0", 0), ("007", 7), ("999999999999999999", 10**18 - 1), ("", 1), ("1.5", None),
    ("2.0", None), (" 2", None), ("2 ", None), ("1e2", None), ("+2", None), ("1_0", None),
    ("-0", None), ("9223372036854775807", None), ("\u0662", None), ("0x2", None)])
def test_a_count_is_up_to_18_digits(tmp_path, duckdb, count, times):
    """In CSV and JSON, as text and as a number, with DuckDB or without."""
    texts = {"a.csv": f"src,dst,port,count\n10.0.0.30,10.0.0.10,80,{count}\n",
             "a.jsonl": f'{GOOD}\n{GOOD[:-1]},"count":"{count}"}}\n'.replace('"count":""', '"x":0')}
    if count[:1] not in ("", "0", "-") and count.isascii():
        texts["b.jsonl"] = f'{GOOD}\n{GOOD[:-1]},"count":{count.strip()}}}\n'
    for name, text in texts.items():
        log = rows_of(text, tmp_path, name, duckdb)
        known = name.endswith("jsonl")
        if name == "b.jsonl" and count.strip() == "2":
            assert sum(log.rows.values()) == 3
        else:
            assert sum(log.rows.values()) == known + (times or 0), (name, log)
            assert log.bad == (1 if times is None or name == "b.jsonl" and count[0] in "+" else 0)


@pytest.mark.parametrize("word", ["y", "Y", "yes", "true", "T", "1"])
def test_replies_are_told_in_many_words(tmp_path, duckdb, word):
    log = rows_of(f"src,dst,port,is_reply\n10.0.0.30,10.0.0.10,80,{word}\n", tmp_path, "a.csv", duckdb)
    assert log.skipped == {"replies": 1} and not log.rows


def test_empty_cells_behind_the_last_are_none(tmp_path, duckdb):
    text = "src,dst,port\n10.0.0.30,10.0.0.10,80,\n10.0.0.30,10.0.0.10,80\n10.0.0.30,10.0.0.10,80,,\n"
    log = rows_of(text, tmp_path, "a.csv", duckdb)
    assert (sum(log.rows.values()), log.bad) == (3, 0)


def test_what_a_line_leaves_out_has_a_meaning(tmp_path, duckdb):
    """No protocol is TCP and no count is 1, though other lines have them, soon or late."""
    late = GOOD[:-1].replace("3306", "53") + ',"proto":"UDP","count":4,"verdict":"DROP"}\n'
    for before in (1, 6000):
        log = rows_of(f"{GOOD}\n" * before + late + GOOD[:-1] + ',"proto":null,"count":null}',
                      tmp_path, "a.jsonl", duckdb)
        said = {(row.protocol, row.port, row.said): n for row, n in log.rows.items()}
        assert said == {("TCP", 3306, None): before + 1, ("UDP", 53, "dropped"): 4}
    text = "src,dst,port,protocol,count\n10.0.0.30,10.0.0.10,53,UDP,2\n10.0.0.30,10.0.0.10,80,,\n"
    log = rows_of(text, tmp_path, "a.csv", duckdb)
    assert {(row.protocol, n) for row, n in log.rows.items()} == {("UDP", 2), ("TCP", 1)}


def test_flat_json_lines(tmp_path, duckdb):
    text = '{"src":"10.0.0.30","dst":"10.0.0.10","port":3306,"verdict":"ACCEPT","count":3}\n' \
           '\n{"src":"default/web","dst":"db","port":"3306","verdict":"REJECT","count":"2"}\n' \
           '{"src":"10.0.0.30","dst":"10.0.0.10","port":80}\n[1]\n{"src"\n'
    log = rows_of(text, tmp_path, "flows.json", duckdb)
    said = sorted((row.src.pod or row.src.ip, row.said or "", n) for row, n in log.rows.items())
    assert said == [("10.0.0.30", "", 1), ("10.0.0.30", "forwarded", 3), ("web", "dropped", 2)]
    assert log.bad == 2
    assert [(bad.line, bad.why) for bad in log.examples] == [
        (5, "the line is no JSON object"),
        (6, "the line is no JSON object")]


def test_keys_and_columns_may_hold_anything(tmp_path, duckdb):
    key = "it's \"a\\b"
    line = json.dumps({"src": "10.0.0.30", "dst": "10.0.0.10", "port": 80, key: 1})
    assert len(rows_of(line, tmp_path, "a.jsonl", duckdb).rows) == 1
    text = io.StringIO()
    csv.writer(text).writerows([["Dst'", 'S"rc', "port"], ["10.0.0.10", "10.0.0.30", "80"]])
    row, = rows_of(text.getvalue(), tmp_path, "it's.csv", duckdb).rows
    assert (row.src.ip, row.dst.ip) == ("10.0.0.30", "10.0.0.10")


def test_text_that_is_no_utf8_is_a_bad_line(tmp_path, duckdb):
    good = json.dumps({"flow": event()}).encode()
    log = rows_of(good + b"\n\xff\xfe{\n" + good + b"\n", tmp_path, "a.jsonl", duckdb)
    assert sum(log.rows.values()) == 2 and log.bad == 1 and log.examples[0].line == 2


def test_packed_logs(tmp_path, duckdb):
    packed = gzip.compress(LOG.read_bytes())
    assert sum(rows_of(packed, tmp_path, "flows.jsonl.gz", duckdb).rows.values()) == 57


def test_only_some_bad_lines_are_kept_and_all_are_counted(tmp_path, duckdb):
    log = rows_of("{\n" * 1000, tmp_path, "a.jsonl", duckdb)
    assert log.bad == 1000 and len(log.examples) == _audit_read.EXAMPLES


def test_without_columns_for_a_flow_it_says_so(tmp_path, duckdb):
    with pytest.raises(ValueError, match=r"x.csv: no column for the source .* among: a, b"):
        rows_of("a,b\n1,2\n", tmp_path, "x.csv", duckdb)
    with pytest.raises(ValueError, match="destination port"):
        rows_of('{"src":"a","dst":"b"}\n', tmp_path, "x.jsonl", duckdb)


def test_no_lines_are_no_error(tmp_path, duckdb):
    (tmp_path / "none.jsonl").write_text("")
    a = netpol.audit(tmp_path / "none.jsonl", EXAMPLE, use_duckdb=duckdb)
    assert (a.lines, a.flows, a.denied) == (0, [], [])
    assert "0 lines" in a.text() and json.loads(a.to_json())["judged"] == 0 and a.to_html()


COLUMNS = {"src": ["10.0.0.20", "10.0.0.30", "10.0.0.30", None],
           "dst": ["10.0.0.10"] * 4, "port": [3306, 3306, 22, 1], "count": [7, 2, 1, 1]}


def told(a):
    return a.lines, a.judged, a.allowed, a.bad, [(b.line, b.why) for b in a.bad_lines]


def test_tables_in_memory_and_in_files(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("duckdb")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table(COLUMNS)
    wanted = (11, 10, 7, 1, [(4, "no source")])
    assert told(netpol.audit(table, EXAMPLE)) == wanted
    parquet.write_table(table, tmp_path / "flows.parquet")
    assert told(netpol.audit(tmp_path / "flows.parquet", EXAMPLE)) == wanted
    with pyarrow.OSFile(str(tmp_path / "flows.arrow"), "wb") as file, \
            pyarrow.ipc.new_file(file, table.schema) as out:
        out.write_table(table)
    assert told(netpol.audit(tmp_path / "flows.arrow", EXAMPLE)) == wanted
    rows = [dict(zip(COLUMNS, row)) for row in zip(*COLUMNS.values())]
    assert told(netpol.audit(rows, EXAMPLE)) == wanted


def test_tables_without_duckdb(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table(COLUMNS)
    parquet.write_table(table, tmp_path / "flows.parquet")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ImportError, match=r"reading parquet needs duckdb: pip install"):
        netpol.audit(tmp_path / "flows.parquet", EXAMPLE)
    wanted = (11, 10, 7, 1, [(4, "no source")])
    assert told(netpol.audit(tmp_path / "flows.parquet", EXAMPLE, use_duckdb=False)) == wanted
    assert told(netpol.audit(table, EXAMPLE)) == wanted
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"a table in memory needs pyarrow: pip install"):
        netpol.audit(table, EXAMPLE)


def doubled(pairs):
    if len(dict(pairs)) < len(pairs):
        raise KeyError("a key twice")
    return dict(pairs)


def has_a_key_twice(text):
    """Which of the two is meant, readers of JSON may choose."""
    for line in text.splitlines():
        try:
            json.loads(line, object_pairs_hook=doubled)
        except KeyError:
            return True
        except ValueError:
            pass
    return False


SCRAPS = (b'"', b"{", b"}", b",", b"\n", b"\r\n", b"\x00", b"null", b"1e5", b"-1", b"NaN", b"\\u0000",
          b"\\ud800", b"\xe2\x80\xa8", b" ", b"[", b"]", b"\xef\xbb\xbf", b"\xff", b"1.5",
          b"2.0", b'" 2"', b"+2", b"1_0", b"9223372036854775807", b"-0", b"0", b",\n", b"06")


def mutant(r, text):
    made = bytearray(text)
    for _ in range(r.randrange(1, 4)):
        at = r.randrange(len(made))
        some = r.randrange(1, 20)
        made[at:at + r.choice((0, 0, 1, some))] = r.choice((*SCRAPS, b"", bytes([r.randrange(256)])))
    return bytes(made)


def test_readers_agree_about_broken_logs(tmp_path):
    """Law: with DuckDB or without, a log is read alike, and no bytes are too strange for either."""
    pytest.importorskip("duckdb")
    r = random.Random(int(os.environ.get("NETPOL_SEED", "1")))
    logs = {"a.jsonl": LOG.read_bytes().splitlines(True)[:12], "a.csv": [LOG.with_suffix(".csv").read_bytes()],
            "b.jsonl": [b'{"src":"10.0.0.30","dst":"10.0.0.10","port":3306,"count":3}\n',
                        b'{"src":"10.0.0.30","dst":"10.0.0.10","port":53,"protocol":"UDP"}\n'] * 2,
            "b.csv": [b"src,dst,port,protocol,count\n", *[b"10.0.0.30,10.0.0.10,3306,6,3\n"] * 3]}
    for number in range(60):
        name = r.choice(sorted(logs))
        text = mutant(r, b"".join(logs[name]))
        if has_a_key_twice(text.decode("utf-8", "replace")):
            continue
        said = []
        for duckdb in (False, True):
            try:
                log = rows_of(text, tmp_path, name, duckdb)
                said.append((log.rows, log.skipped, log.bad, log.examples, log.lost))
            except ValueError as error:
                said.append(str(error))
        assert said[0] == said[1], (number, text)


# ---- out ----

def test_json_is_versioned_and_says_all(duckdb):
    made = json.loads(netpol.audit(LOG, [CLUSTER, POLICIES[2]], use_duckdb=duckdb).to_json())
    assert made["schema"] == "netpol.audit/v1" and made["verdicts"] == {"allow": 38, "deny": 17}
    assert made["denied"][0] == {
        "src": "prod/api", "dst": "default/db", "proto": "TCP", "port": 3306, "verdict": "deny",
        "direction": "ingress", "reason": "no-rule", "hits": 6, "flows": 1,
        "policy": "default/db-policy", "kind": "NetworkPolicy", "rule": None,
        "source": str(POLICIES[2]), "line": 3}
    assert made["mismatches"][0]["log"] == "forwarded"
    assert sum(one["hits"] for one in made["denied"]) == 17


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += [name for name, _ in attrs]


EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m'


def test_names_from_logs_are_only_text():
    rows = [{"src": EVIL, "dst": "10.0.0.10", "port": 1},
            {"src": "10.0.0.30", "dst": "10.0.0.10", "port": 3306, "proto": EVIL}]
    a = netpol.audit(rows[:1], EXAMPLE)
    b = netpol.audit(rows[1:], EXAMPLE)
    assert len(a.unknown) == 1 and b.bad == 1
    for page in (a.to_html(), a._repr_html_(), b.to_html()):
        tags = Tags()
        tags.feed(page)
        assert "onerror=alert" in page, "it is shown"
        assert not {"script", "img", "link"} & set(tags.seen) and "onerror" not in tags.attributes
    assert "\x1b" not in a.text() + b.text() + a.to_html() + b.to_html()


def test_the_page_needs_nothing_else():
    page = netpol.audit(LOG, EXAMPLE).to_html()
    tags = Tags()
    tags.feed(page)
    assert {"svg", "table", "style"} <= set(tags.seen)
    assert not {"script", "link", "img", "iframe"} & set(tags.seen)
    assert not {"src", "href", "onload"} & set(tags.attributes)


def test_colors_only_if_asked_for():
    a = netpol.audit(LOG, EXAMPLE)
    assert "\x1b" not in a.text() and "\x1b[31m" in a.text(color=True)
    assert a.text() == str(a) and "55 of 66 lines" in repr(a)


def test_few_lines_a_table():
    text = netpol.audit(LOG, EXAMPLE).text(top=2)
    assert "… and 4 more" in text


# ---- the command ----

def run(*arguments, text=None):
    done = subprocess.run([sys.executable, "-m", "netpol", "audit", *map(str, arguments)],
                          input=text, capture_output=True, text=True, cwd=ROOT, check=False,
                          env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    return done.returncode, done.stdout, done.stderr


def test_the_command():
    given = ("-f", CLUSTER, "-f", POLICIES[0])
    a = netpol.audit(LOG, [CLUSTER, POLICIES[0]])
    assert run(*given, LOG) == (0, a.text(), "")
    assert run(*given, LOG, "-o", "json") == (0, a.to_json(), "")
    piped = run(*given, "-", text=LOG.read_text())
    assert piped[0] == 0 and piped[1] == a.text().replace(str(LOG), "<stdin>")


def test_the_page_of_the_documentation_is_what_is_printed():
    text = (ROOT / "docs/audit.md").read_text()
    shown = text.partition("```\n$ python3 -m netpol audit ")[2].partition("\n```")[0]
    arguments, _, wanted = shown.partition("\n")
    status, printed, _ = run(*arguments.split())
    assert status == 0 and printed.startswith(wanted + "\n\n")


@pytest.mark.parametrize("what, status", [("denied", 1), ("mismatch", 0), ("uncovered", 1),
                                          ("bad", 1), ("unknown", 1)])
def test_fail_on(what, status, capsys):
    given = ["audit", "-f", str(CLUSTER), "-f", str(POLICIES[0]), str(LOG)]
    assert main([*given, "--fail-on", what]) == status
    capsys.readouterr()


@pytest.mark.parametrize("what, status", [("closed", 1), ("opened", 1)])
def test_fail_on_changes(what, status, capsys):
    new = ["audit", "-f", str(CLUSTER), "-f", str(POLICIES[2]), str(LOG), "--fail-on", what]
    assert main([*new, "--baseline", str(CLUSTER), "--baseline", str(POLICIES[1])]) == status
    assert main([*new, "--baseline", str(CLUSTER), "--baseline", str(POLICIES[2])]) == 0
    capsys.readouterr()


def test_what_cannot_be_used_has_a_status(tmp_path, capsys):
    given = ["audit", "-f", str(CLUSTER)]
    assert main([*given, str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl" in capsys.readouterr().err
    assert main(["audit", "-f", str(tmp_path / "none.yaml"), str(LOG)]) == 2
    assert "none.yaml" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        main(["audit", str(LOG)])
    assert end.value.code == 3


def test_saved_files(tmp_path):
    a = netpol.audit(LOG, EXAMPLE)
    for name, begins in (("a.txt", "66 lines"), ("a.json", '{"schema"'), ("a.html", "<!doctype")):
        a.save(tmp_path / name)
        assert (tmp_path / name).read_text().startswith(begins)
    parquet = pytest.importorskip("pyarrow.parquet")
    a.save(tmp_path / "a.parquet")
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.num_rows == len(a.flows) and sum(table["hits"].to_pylist()) == a.judged
    a.save(tmp_path / "a.arrow")
    import pyarrow
    with pyarrow.OSFile(str(tmp_path / "a.arrow")) as file:
        assert pyarrow.ipc.open_stream(file).read_all() == table


def test_the_readers_know_every_path_of_a_flow():
    assert len(_audit_rows.HUBBLE_PATHS) == len(set(_audit_rows.HUBBLE_PATHS))


# ---- one line stops nothing ----

HOSTILE = [
    ("a NUL in a name", '{"src":"prod/\\u0000report","dst":"10.0.0.10","port":3306}'),
    ("a NUL in a namespace", '{"src":"x","src_namespace":"a\\u0000","dst":"10.0.0.10","port":1}'),
    ("brackets without end", "[" * 3000),
    ("brackets in an object", '{"src":"10.0.0.30","dst":"10.0.0.10","port":1,"x":%s1%s}'
     % ("[" * 3000, "]" * 3000)),
    ("many of them", "[" * 100000),
    ("braces", '{"a":' * 3000),
    ("one bracket too many", GOOD[:-1] + ',"x":%s%s}' % ("[" * 500, "]" * 500)),
]


@pytest.mark.parametrize("line", [line for _, line in HOSTILE], ids=[why for why, _ in HOSTILE])
def test_a_hostile_line_is_one_bad_line(tmp_path, duckdb, line):
    for text, at in ((f"{GOOD}\n{line}\n{GOOD}\n", 2), (f"{line}\n{GOOD}\n{GOOD}\n", 1)):
        (tmp_path / "a.jsonl").write_text(text)
        a = netpol.audit(tmp_path / "a.jsonl", EXAMPLE, use_duckdb=duckdb)
        assert (a.judged, a.bad, [bad.line for bad in a.bad_lines]) == (2, 1, [at])


def test_what_nests_less_is_read(tmp_path, duckdb):
    text = GOOD[:-1] + ',"x":%s%s}' % ("[" * 499, "]" * 499)
    assert sum(rows_of(text, tmp_path, "a.jsonl", duckdb).rows.values()) == 1


def test_names_of_hubble_and_of_dicts_hold_no_nul_and_no_halves():
    evil = [event(source={"namespace": "a", "pod_name": "x\0"}),
            {"src": "a/\ud800", "dst": "10.0.0.10", "port": 1}]
    for one in evil:
        a = netpol.audit([one], EXAMPLE)
        assert (a.bad, a.lines) == (1, 1) and a.text() and a.to_json().encode() and a.to_html()
