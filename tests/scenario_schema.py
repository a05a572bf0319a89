#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds docs/scenario.schema.json against the library: the same fields and words, and, where Python's jsonschema
and yaml are there, the same judgement of many scenarios.

    scenario_schema.py BIN_DIR
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "docs" / "scenario.schema.json"
SHAPE = ROOT / "libnetpol" / "scenario_shape.c"
HEAD = "apiVersion: netpol/v1\nkind: Scenario\n"

# Bodies of scenarios, good and bad. Null and numbers in quotes are good where nothing or a number may stand.
BODIES = (
    "", "cases:", "cases: []", "semantics: cilium", "semantics: cilum", "semantics:", "namespace: a", "namespace: 3",
    "manifests: a", "manifests: [a, b]", "manifests: {a: b}", "manifests: [3]", "resolve: a=192.0.2.1", "more: 1",
    "nodeAddresses: [10.0.0.1]", "cases: {}", "cases: [a]",
    "cases: [{from: a, to: b, expect: allow}]", "cases: [{from: a, to: b}]", "cases: [{from: a, expect: deny}]",
    "cases: [{from: [a], to: [b, c], expect: deny, port: 80, protocol: UDP, family: 4, name: x}]",
    "cases: [{from: a, to: b, expect: deny, port: [80, http, '81'], protocol: [TCP, 17], family: '6'}]",
    "cases: [{from: a, to: b, expect: perhaps}]", "cases: [{from: a, to: b, expect: deny, port: 0}]",
    "cases: [{from: a, to: b, expect: deny, port: 65536}]", "cases: [{from: a, to: b, expect: deny, port: 1.5}]",
    "cases: [{from: a, to: b, expect: deny, protocol: 256}]", "cases: [{from: a, to: b, expect: deny, port: []}]", "cases: [{from: a, to: b, expect: deny, family: 5}]",
    "cases: [{from: a, to: b, expect: deny, ports: 80}]", "cases: [{from: [], to: b, expect: deny}]",
    "cases: [{from: true, to: b, expect: deny}]", "cases: [{from: a, to: b, expect: [deny]}]",
    "invariants: [dns, default-deny, no-internet, no-metadata-address, namespace-isolated, api-server]",
    "invariants: [dsn]", "invariants: [{ensure: dns, to: a, port: 53, protocol: UDP, expect: deny}]",
    "invariants: [{ensure: dns, direction: both}]", "invariants: [{ensure: default-deny, direction: both}]",
    "invariants: [{ensure: default-deny, to: a}]", "invariants: [{ensure: no-internet, expect: deny}]",
    "invariants: [{ensure: no-metadata-address, direction: egress}]", "invariants: [{namespaces: a}]",
    "invariants: [{ensure: namespace-isolated, namespaces: [a, b], except: 'c/*', name: x, direction: sideways}]",
    "invariants: [{ensure: api-server, port: 6443, to:, expect:}]", "invariants: dns",
)


def fields_of_library(table):
    text = re.search(rf"field {table}_fields\[\] = {{(.*?)\n}};", SHAPE.read_text(), re.S).group(1)
    return {name: words.split("|") for name, words in
            re.findall(r'{"(\w+)", TAKES_\w+,\s*\w+,\s*(?:"([^"]*)"|NULL)', text)}


def fields_of_schema(schema, part):
    return schema["properties"] if part == "root" else (
        schema["$defs"]["case"]["properties"] if part == "case"
        else schema["$defs"]["invariant"]["anyOf"][1]["properties"])


def words_of(schema, field):
    """The words of a field with a choice; [] for others."""
    if "$ref" in field:
        field = {**schema["$defs"][field["$ref"].rpartition("/")[2]], **field}
    if "const" in field:
        return [field["const"]]
    return [word for word in field.get("enum", []) if isinstance(word, str)]


def differences(schema):
    for part in ("root", "case", "invariant"):
        library, ours = fields_of_library(part), fields_of_schema(schema, part)
        if set(library) != set(ours):
            yield f"{part}: fields {sorted(set(library) ^ set(ours))}"
        for name, words in library.items():
            if words != [""] and name in ours and sorted(words) != sorted(words_of(schema, ours[name])):
                yield f"{part}.{name}: {words_of(schema, ours[name])}, not {words}"


def accepts(netpol, text):
    """Whether the library reads it; what it then lacks is nothing of the schema's."""
    done = subprocess.run([netpol, "test", "-"], input=text, text=True, capture_output=True)
    return not re.search(r"\[NP076\d\]", done.stderr)


def presets(schema, netpol):
    """The words of `semantics` are made where presets are, so the library is asked."""
    done = subprocess.run([netpol, "test", "-"], input=HEAD + "semantics: x\n", text=True, capture_output=True)
    known = re.search(r"must be one of (.*), not", done.stderr).group(1).split(", ")
    if known != words_of(schema, schema["properties"]["semantics"]):
        yield f"presets: {known}"


def judgements(schema, netpol):
    import jsonschema
    import yaml
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    texts = [HEAD + body + "\n" for body in BODIES]
    texts += [path.read_text() for path in (ROOT / "examples").rglob("*.yaml") if "kind: Scenario" in path.read_text()]
    for text in texts:
        document = next(yaml.safe_load_all(text))
        if validator.is_valid(document) != accepts(netpol, text):
            yield f"the schema says {validator.is_valid(document)}: {text}"


def main():
    schema = json.loads(SCHEMA.read_text())
    netpol = pathlib.Path(sys.argv[1]).resolve() / "netpol"
    found = [*differences(schema), *presets(schema, netpol)]
    try:
        found += judgements(schema, netpol)
    except ImportError as missing:
        print(f"the fields alone were compared: there is no Python module {missing.name}")
    print("\n".join(found) or "schema and library agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
