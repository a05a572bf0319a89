# SPDX-License-Identifier: MIT
"""Objects that hold one of the C library: what cannot be done with them, and how that is said."""
import copy
import pickle

import pytest
from conftest import EXAMPLE

import netpol


def test_handles_say_that_they_cannot_be_pickled(manifests, engine):
    verdict = engine.verdict("api", "db", port=3306)
    scenario = netpol.Scenario.load(EXAMPLE[0].parent / "scenario.yaml")
    shared = (engine, engine.ask("api", "db"), scenario, scenario.run())
    for thing in shared:
        assert copy.copy(thing) is thing and copy.deepcopy(thing) is thing
    assert copy.deepcopy(verdict) == verdict
    lone = (netpol.Cluster(manifests), manifests, manifests.policies, netpol.Document("a: b"), netpol.Live(manifests))
    for thing in (*shared, *lone):
        with pytest.raises(TypeError, match=f"^cannot pickle or copy netpol.{type(thing).__name__};"):
            pickle.dumps(thing)
    for thing in lone:
        for way in (copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="^cannot pickle or copy"):
                way(thing)
    with pytest.raises(TypeError, match="^cannot pickle or copy netpol.Engine"):
        pickle.dumps(verdict)


@pytest.mark.parametrize("argument", ["resolve", "node_addresses"])
def test_one_text_is_no_list_of_texts(argument):
    for wrong in ("db=1.2.3.4", b"x", [3]):
        with pytest.raises(TypeError, match=f"^{argument} must be a list of str"):
            netpol.Cluster(**{argument: wrong})
