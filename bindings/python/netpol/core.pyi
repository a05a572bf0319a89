# SPDX-License-Identifier: MIT
# The extension is private: its functions are given types where _api.py and its sisters call them.
from typing import Any

def __getattr__(name: str) -> Any: ...
