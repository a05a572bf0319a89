# SPDX-License-Identifier: MIT
"""The package's types, as the checkers see them. Those that are not installed are skipped."""
import importlib.util
import inspect
import json
import os
import pathlib
import subprocess
import sys

import pytest

import netpol

PACKAGE = pathlib.Path(netpol.__file__).parent

RIGHT = """
import netpol
from typing import assert_type

manifests = netpol.load("a.yaml")
policy = manifests.policies["shop/db"]
if isinstance(policy, netpol.NetworkPolicy):
    assert_type(policy.spec.ingress[0].ports[0].port, int | str | None)
    policy.spec.ingress[0].ports[0].port = 3307
    assert_type(policy.spec.pod_selector.match_labels["app"], str)
    assert_type(netpol.dumps(policy), str)
p = manifests.network_policies["default/db-policy"]
selector = p.spec.ingress[0].peers[0].pod_selector
if selector is not None:
    assert_type(selector.match_labels["role"], str)
    selector.match_labels["role"] = "api"
cluster = netpol.Cluster(manifests, semantics="cilium")
cluster.set_pod("shop/web", {"app": "web"}, ips=["10.0.0.1"])
engine = cluster.compile()
verdict = engine.verdict("shop/web", "shop/db", port=3306)
assert_type(verdict.allowed, bool)
assert_type(verdict.explain().ingress.rule, int | None)
assert_type(netpol.Live(cluster).engine, netpol.Engine)
assert_type(manifests.of_type(netpol.Pod), list[netpol.Pod])


class Table:
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...


column = engine.evaluate(Table(), port=443)
assert_type(column[0], bool | None)
assert_type(column.allowed_count, int)
try:
    netpol.loads("")
except netpol.LoadError as error:
    assert_type(error.diagnostics[0].line, int)
"""

WRONG = [
    "netpol.NetworkPolicy(spec=netpol.NetworkPolicySpec(ingres=[]))",
    "netpol.NetworkPolicy(metadata=3)",
    "netpol.loads('').policies['a'].metadata.nmae",
    "netpol.Cluster(semantics=3)",
    "netpol.Cluster().compile('fast')",
    "netpol.Cluster().compile().verdict('a', 'b', port=1.5)",
    "netpol.Cluster().compile().evaluate(3)",
    "netpol.Selector('a').matches({'a': 1})",
    "netpol.dumps('x')",
    "netpol.loads('').network_policies['a'].priority",
]


def checker(module):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    return [sys.executable, "-m", module]


def run(words, cwd):
    environment = {k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD", "MYPYPATH")}
    return subprocess.run(words, cwd=cwd, env=environment | {"PYTHONPATH": str(PACKAGE.parent)},
                          capture_output=True, text=True, check=False)


def mypy(folder, *words):
    return run([*checker("mypy"), "--strict", "--cache-dir", str(folder / "cache"), *words], folder)


def pyright(folder, include, **more):
    """Over a project of one folder; SWIG's own module is not ours to mend."""
    words = checker("pyright")
    settings = {"include": [str(include)], "exclude": ["**/core.py"], "pythonVersion": "3.11",
                "extraPaths": [str(PACKAGE.parent)], **more}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    done = run([*words, "-p", str(folder)], folder)
    if "informations" not in done.stdout:
        pytest.skip(f"pyright does not run here: {done.stderr[-200:]}")
    return done


def test_mypy_is_content(tmp_path):
    done = mypy(tmp_path, "-p", "netpol")
    assert done.returncode == 0, done.stdout


def test_pyright_is_content(tmp_path):
    done = pyright(tmp_path, PACKAGE)
    assert done.returncode == 0 and "0 warnings" in done.stdout, done.stdout


def test_the_stubs_say_what_is_there(tmp_path):
    """Stubs of the private extension leave out what the package does not call; functions under lru_cache in
    private modules, and an alias of Literal, look different to stubtest than they are."""
    checker("mypy")
    (tmp_path / "allowed").write_text("netpol\\.spark\\.Errors\nnetpol\\._audit_.*\n")
    done = run([sys.executable, "-m", "mypy.stubtest", "--ignore-missing-stub", "--ignore-unused-allowlist",
                "--allowlist", str(tmp_path / "allowed"), "netpol"], tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("program, right", [(RIGHT, True), *((f"import netpol\n{line}\n", False) for line in WRONG)],
                         ids=["right", *WRONG])
def test_programs_that_use_the_package(tmp_path, program, right):
    checker("mypy")
    (tmp_path / "program.py").write_text(program)
    done = mypy(tmp_path, "program.py")
    assert (done.returncode == 0) == right, done.stdout


def test_pyright_sees_the_same(tmp_path):
    for i, program in enumerate([RIGHT, *(f"import netpol\n{line}\n" for line in WRONG)]):
        (tmp_path / f"program{i}.py").write_text(program)
    done = pyright(tmp_path, tmp_path, typeCheckingMode="strict", exclude=[])
    faulty = {i for i in range(len(WRONG) + 1) if f"program{i}.py:" in done.stdout}
    assert faulty == set(range(1, len(WRONG) + 1)), done.stdout


def test_it_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").exists()


# ---- documentation ----

def public_parts():
    for name in netpol.__all__:
        thing = getattr(netpol, name)
        yield name, thing
        if isinstance(thing, type):
            for member, value in vars(thing).items():
                if not member.startswith("_") and (callable(value) or isinstance(
                        value, property | classmethod | staticmethod)):
                    yield f"{name}.{member}", value


def test_everything_public_is_documented():
    for name, thing in public_parts():
        text = getattr(thing, "__doc__", None)
        if not (callable(thing) or isinstance(thing, property | classmethod | staticmethod)):
            continue
        assert text and not text.startswith(f"{name}("), name


def test_everything_public_has_types_that_help_shows():
    for name, thing in public_parts():
        if inspect.isfunction(thing):
            hints = inspect.signature(thing)
            assert hints.return_annotation is not inspect.Signature.empty, name
