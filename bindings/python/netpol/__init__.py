# SPDX-License-Identifier: MIT
"""Kubernetes network policies: read them, validate them, and ask what they allow.

    >>> import netpol
    >>> manifests = netpol.load("manifests/")
    >>> engine = netpol.Cluster(manifests).compile()
    >>> engine.verdict("default/web", "default/db", port=3306).allowed
    False

Policies are dataclasses whose field names are those of the API in snake case; the C library behind
this package makes them and reads them back.
"""
from . import core as _proxies  # registers the classes of the extension
from . import _core, _model

if _core.version_text() != _model.VERSION:
    raise ImportError(f"netpol {_model.VERSION} was built for another version of its C library, "
                      f"{_core.version_text()}: install it again")

from ._audit import Audit, audit
from ._column import Column
from ._connections import Connection, Connections
from ._document import Document
from ._engine import PRESETS, Answer, Cluster, Decision, Engine, Explanation, Selector, Verdict
from ._errors import (Diagnostic, InvalidError, LimitError, LoadError, MisuseError,
                      NetpolError, NotFoundError)
from ._live import Live
from ._manifests import Manifests, Policies, check, dumps, load, loads, validate
from ._model import *  # noqa: F403
from ._scenario import RuleCoverage, Scenario, ScenarioItem, ScenarioReport, ScenarioResult

__version__: str = _model.VERSION

__all__ = [
    "Answer", "Audit", "Cluster", "Column", "Connection", "Connections", "Decision", "Diagnostic",
    "Document", "Engine", "Explanation", "InvalidError", "LimitError", "Live", "LoadError", "Manifests",
    "MisuseError", "NetpolError", "NotFoundError", "PRESETS", "Policies", "RuleCoverage",
    "Scenario", "ScenarioItem", "ScenarioReport", "ScenarioResult", "Selector", "Verdict", "audit",
    "check", "dumps", "load", "loads", "validate",
]
__all__ += _model.__all__
