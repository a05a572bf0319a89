# SPDX-License-Identifier: MIT
"""Whatever is passed in, what comes back is an answer or a clear exception: never a crash, never SystemError."""
import os
import pickle

import arrow_maker as make
import pytest
from conftest import EXAMPLE

import netpol

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings, strategies as st  # noqa: E402

settings.register_profile(
    "netpol", max_examples=int(os.environ.get("NETPOL_EXAMPLES", "150")), deadline=None, database=None,
    suppress_health_check=list(HealthCheck))
settings.load_profile("netpol")

CLEAR = (TypeError, ValueError, LookupError, OverflowError, AttributeError, netpol.NetpolError)
ENGINE = netpol.Cluster(netpol.load(*EXAMPLE)).compile()
POLICY = netpol.load(EXAMPLE[1]).policies["default/db-policy"]
CLASSES = [cls for cls, _ in netpol._model.CLASSES]

texts = st.one_of(st.text(), st.sampled_from(["web", "default/web", "10.0.0.1", "::1", "TCP", "80", "", "a\0b", "\ud800",
                                              "x" * 5000, "deploy/x", "svc:a/b", "ns/app=web", "any", "internet"]))
numbers = st.one_of(st.integers(), st.sampled_from([0, -1, 80, 65536, 2**31, 2**32, 2**63, 2**64, -2**63, 10**400]))
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.floats(), texts, st.binary(),
              st.builds(object), st.sampled_from([*CLASSES, netpol.Engine, netpol, len, ENGINE, POLICY, ...])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.tuples(inner, inner),
                            st.dictionaries(st.one_of(texts, st.integers()), inner, max_size=4)), max_leaves=6)


def calmly(call, *others):
    try:
        call()
    except (*CLEAR, *others) as error:
        str(error)


@given(anything, anything, anything, anything)
def test_questions(src, dst, port, protocol):
    calmly(lambda: ENGINE.verdict(src, dst, port=port, protocol=protocol).explain())
    calmly(lambda: ENGINE.ask(src, dst, port=port, protocol=protocol).text())


@given(texts, texts, st.one_of(st.integers(0, 70000), texts), texts)
def test_questions_of_the_right_types(src, dst, port, protocol):
    calmly(lambda: ENGINE.verdict(src, dst, port=port, protocol=protocol).to_json())
    calmly(lambda: ENGINE.ask(src, dst, port=port, protocol=protocol, all_presets=True).to_json())


@given(anything, anything, st.booleans())
def test_options(a, b, flag):
    calmly(lambda: ENGINE.ask("web", "db", namespace=a, family=b, all_presets=flag))
    calmly(lambda: ENGINE.list(a, focus=b))
    calmly(lambda: ENGINE.answer_line(a))
    calmly(lambda: netpol.Cluster(semantics=a, default_namespace=b))
    calmly(lambda: netpol.Cluster(node_addresses=a, resolve=b))
    calmly(lambda: netpol.Selector(a).matches(b))
    calmly(lambda: netpol.loads(a, name=b))
    calmly(lambda: netpol.validate(a, old=b))
    calmly(lambda: netpol.dumps(a, format=b))
    calmly(lambda: netpol.check(a, format=b))


@given(anything)
def test_dead_and_foreign_handles(thing):
    for use in (lambda: netpol.Engine(thing).verdict("a", "b", port=1), lambda: netpol.Answer(thing),
                lambda: netpol.Column(thing), lambda: netpol.Engine(thing).evaluate(make.Table({})),
                lambda: netpol.Live(thing), lambda: netpol.Manifests(thing, 0, ())):
        with pytest.raises(CLEAR):
            use()
    calmly(lambda: netpol.Cluster(thing))
    calmly(lambda: setattr(netpol.Cluster(), "_handle", thing))


@given(st.sampled_from(CLASSES), st.data())
def test_values_with_wrong_fields(cls, data):
    names = [f for c, fields in netpol._model.CLASSES if c is cls for f in fields]
    value = cls()
    for name in data.draw(st.lists(st.sampled_from(names), max_size=3)):
        setattr(value, name, data.draw(anything))
    calmly(lambda: netpol.dumps(value))
    calmly(lambda: netpol.validate(value))
    calmly(lambda: netpol.Cluster().put(value))


PATHS = ["spec", "metadata", "spec.ingress", "spec.pod_selector", "spec.policy_types", "spec.ingress.0.peers",
         "spec.ingress.0.ports", "spec.ingress.0.ports.0.port", "spec.ingress.0.peers.0.pod_selector",
         "spec.ingress.0.peers.0.pod_selector.match_labels", "metadata.labels", "metadata.name", "metadata.generation"]


@given(st.sampled_from(PATHS), anything)
def test_policies_with_something_wrong_inside(path, thing):
    policy = pickle.loads(pickle.dumps(POLICY))
    *way, last = path.split(".")
    at = policy
    for step in way:
        at = at[0] if step == "0" else getattr(at, step)
    setattr(at, last, thing)
    calmly(lambda: netpol.dumps(policy))
    calmly(lambda: netpol.validate(policy, old=POLICY))
    calmly(lambda: netpol.Cluster().put(policy))


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
def test_texts(text):
    calmly(lambda: [netpol.dumps(p) for p in netpol.loads(text, keep_going=True).policies.values()])
    calmly(lambda: netpol.Document.loads(text).set("a.b[0]", 1))
    calmly(lambda: netpol.Selector(text))


@given(texts, anything, st.sampled_from(["set", "add", "rename", "delete"]), numbers)
def test_edits(path, value, action, document):
    text = EXAMPLE[1].read_text()
    edited = netpol.Document.loads(text)
    words = (path,) if action == "delete" else (path, value)
    calmly(lambda: getattr(edited, action)(*words, document=document))
    calmly(lambda: edited.set("spec.ingress[0].ports[0].port", value))
    assert isinstance(edited.text, str)


@given(anything, anything, anything, anything)
def test_batches(src, dst, protocols, ports):
    calmly(lambda: ENGINE.verdicts(src, dst, protocols, ports))


@given(anything, st.dictionaries(st.sampled_from(["src", "dst", "protocol", "port", "errors"]), anything))
def test_tables_that_are_none(table, options):
    calmly(lambda: ENGINE.evaluate(table, **options))


FORMATS = st.one_of(st.sampled_from(["u", "U", "vu", "z", "Z", "w:4", "w:16", "w:", "w:-1", "n", "b", "g", "+s", "+l", "", "tsu:",
                                     *make.INTS]), st.text("abcuUvwz:+sl0123456789", max_size=5))


@st.composite
def columns(draw):
    """Columns whose buffers hold what their lengths say, of any format and with any bits."""
    rows = 40
    kind = draw(st.sampled_from(["ints", "texts", "encoded", "fixed", "raw"]))
    valid = draw(st.none() | st.lists(st.booleans(), min_size=rows, max_size=rows))
    some_texts = [t.encode("utf-8", "surrogatepass") for t in draw(st.lists(texts, min_size=1, max_size=5))]
    if kind == "ints":
        format = draw(st.sampled_from(list(make.INTS)))
        most = 2**31 - 1 if format in "iIlL" else 127
        made = make.ints(format, draw(st.lists(st.integers(0, most), min_size=rows, max_size=rows)), valid=valid)
    elif kind == "texts":
        made = make.texts(draw(st.sampled_from(["u", "U", "vu", "z", "Z", "vz"])),
                          [some_texts[i % len(some_texts)] for i in range(rows)], valid=valid)
    elif kind == "encoded":
        index = draw(st.lists(st.integers(-128, 127), min_size=rows, max_size=rows))
        made = make.encoded("c", index, make.texts(draw(st.sampled_from(["u", "vu"])), some_texts), valid=valid)
    elif kind == "fixed":
        made = make.fixed(4, [bytes(4)] * rows, valid=valid)
    else:
        made = make.Column(draw(FORMATS), [bytes(rows * 16)] * draw(st.integers(0, 3)), rows)
    return made


@given(st.dictionaries(st.sampled_from(["src", "dst", "protocol", "proto", "port", "x\0", ""]), columns()),
       st.booleans(), st.integers(0, 39), st.sampled_from(["raise", "null"]))
def test_tables(given_columns, stream, offset, errors):
    table = make.Table({name.replace("\0", ""): c for name, c in given_columns.items()}, stream=stream,
                       offset=offset if given_columns else 0)
    for c in table.columns.values():
        c.length = 40
    calmly(lambda: ENGINE.evaluate(table, port="port" if "port" in given_columns else 80, errors=errors).to_list(),
           RuntimeError)  # a broken producer
    assert table.live == 0
