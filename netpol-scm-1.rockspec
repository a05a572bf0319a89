-- SPDX-License-Identifier: MIT
-- luarocks make            builds and installs from a checkout, for the Lua that luarocks is set to
-- NETPOL_DIR=/usr/local luarocks make      takes the library of the same version that is installed there
--
-- The C library goes into the module. SWIG, CMake, pkg-config and libyaml's headers are needed to build.
package = "netpol"
version = "scm-1"
source = {
  url = ".",
}
description = {
  summary = "Kubernetes network policies: read, check, change, and ask who may talk to whom",
  detailed = [[
    Reads NetworkPolicy and ClusterNetworkPolicy manifests into plain tables, says what the API server would say
    of them, writes them back, and answers by which rule one pod may talk to another, without a cluster.
  ]],
  license = "MIT",
}
dependencies = {
  "lua >= 5.1, < 5.5",
}
external_dependencies = {
  YAML = { header = "yaml.h" },
}
build = {
  type = "command",
  build_command = [[
    cmake -S "./${NETPOL_DIR:+bindings/lua}" -B "build-rock" "-DCMAKE_PREFIX_PATH=${NETPOL_DIR:-}" \
      -DCMAKE_BUILD_TYPE=Release -DNETPOL_TESTS=OFF -DNETPOL_TOOLS=OFF -DNETPOL_PYTHON=OFF \
      "-DNETPOL_LUA_INCLUDE_DIR=$(LUA_INCDIR)" "-DNETPOL_LUA_LMOD_DIR=$(LUADIR)" \
      "-DNETPOL_LUA_CMOD_DIR=$(LIBDIR)" && cmake --build build-rock
  ]],
  install_command = "cmake --install build-rock --component lua",
}
