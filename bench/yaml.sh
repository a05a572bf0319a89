#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Reading and writing YAML, beside others where they are there (Go, PyYAML), and instruction counts if
# valgrind is there:
#   bench/yaml.sh [BUILD]
set -euo pipefail
build=$(realpath "${1:-build}")
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

beside=()
if command -v go >/dev/null && (cd go-yaml && go build -o "$scratch/go-yaml" .) 2>/dev/null; then
    beside+=(--beside "Go=$scratch/go-yaml")
else
    echo "Go, or its modules, are not there: left out"
fi
if python3 -c 'import yaml; yaml.CSafeLoader' 2>/dev/null; then
    beside+=(--beside "PyYAML=python3 pyyaml.py")
else
    echo "PyYAML with libyaml is not there: left out"
fi
"$build/bench_yaml" "${beside[@]}"

command -v valgrind >/dev/null || exit 0
echo
echo "instructions, 100 policies"
"$build/bench_yaml" make 100 >"$scratch/policies.yaml"
count() { # ROW
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$build/bench_yaml" once "$1" \
        "$scratch/policies.yaml" 2>&1 | awk '/Collected/ { print $4 }'
}
none=$(count none)
floor=$(($(count floor) - none))
for row in floor libyaml plain; do
    n=$(($(count "$row") - none))
    awk -v row="$row" -v n="$n" -v floor="$floor" \
        'BEGIN { printf "%-10s %10d  %6.3f x the floor\n", row, n, n / floor }'
done
n=$(($(count write) - $(count none-write)))
awk -v n="$n" -v floor="$floor" 'BEGIN { printf "%-10s %10d  %6.3f x the floor\n", "write", n, n / floor }'
