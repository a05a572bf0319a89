#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The engine: time and memory by size, hard shapes, changes; instruction counts if valgrind is there; and
# the engine of kube-network-policies in turn with ours, if Go and its modules are there:
#   bench/engine.sh [BUILD] [SIZE…]
set -euo pipefail
build=$(realpath "${1:-build}")
cd "$(dirname "$0")"
shift || true
sizes=("${@:-}")
[ -n "${sizes[0]}" ] || sizes=(1k 10k 100k 1m)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bench=$build/bench_engine

"$bench" run "${sizes[@]}"
echo
"$bench" updates
echo
"$bench" shapes

if command -v valgrind >/dev/null; then
    echo
    echo "| pods | instructions a verdict by address |"
    echo "|---|---|"
    for size in "${sizes[@]}"; do
        n=20000
        valgrind --tool=callgrind --callgrind-out-file=/dev/null --instr-atstart=no \
            --toggle-collect=netpol_engine_verdict "$bench" verdicts "$size" "$n" 2>&1 |
            awk -v size="$size" -v n="$n" '/Collected/ && $4 > 0 { printf "| %s | %.0f |\n", size, $4 / n }'
    done
fi

if command -v valgrind >/dev/null; then
    echo
    echo "| thousands of instructions a change | 1k pods, 10k policies | 10k, 10k | 100k, 10k | 10k, 1k | 10k, 16k |"
    echo "|---|---|---|---|---|---|"
    for kind in "pod added" "pod changed" "pod removed" "policy changed" "namespace labels changed" \
        "node changed" "service changed"; do
        printf '| %s |' "$kind"
        for size in "1000 10000" "10000 10000" "100000 10000" "10000 1000" "10000 16000"; do
            valgrind --tool=callgrind --callgrind-out-file=/dev/null --instr-atstart=no \
                --toggle-collect=netpol_cluster_put --toggle-collect=netpol_cluster_remove \
                --toggle-collect=netpol_cluster_compile "$bench" changes "$kind" $size 100 2>&1 |
                awk '/Collected/ && $4 > 0 { printf " %.1f |", $4 / 100 / 1000 }'
        done
        echo
    done
fi

if command -v go >/dev/null && (cd go-peer && go build -o "$scratch/go-peer" .) 2>/dev/null; then
    echo
    echo "| pods | policies | engine ns | kube-network-policies ns | ratio | verdicts that differ |"
    echo "|---|---|---|---|---|---|"
    for size in "${sizes[@]}"; do
        [ "$size" = 1m ] && continue
        mkdir -p "$scratch/$size"
        "$bench" compare "$size" "$scratch/$size" "$scratch/go-peer"
        rm -rf "${scratch:?}/$size"
    done
else
    echo "Go, or its modules, are not there: the peer is left out"
fi
