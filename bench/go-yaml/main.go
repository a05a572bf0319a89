// SPDX-License-Identifier: MIT

// Go's typed decoder and encoder on a file of NetworkPolicies, for bench_yaml --beside: a line each, a
// title, a tab, and the processor seconds of one turn over the file (median of some).
package main

import (
	"bytes"
	"fmt"
	"os"
	"sort"
	"syscall"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

const rounds = 5

// Processor time of the whole process, the garbage collector's included.
func now() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func median(work func()) float64 {
	var all []float64
	for i := 0; i < rounds; i++ {
		times, start := 0, now()
		for ; times == 0 || now()-start < 0.05; times++ {
			work()
		}
		all = append(all, (now()-start)/float64(times))
	}
	sort.Float64s(all)
	return all[rounds/2]
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	documents := bytes.Split(text, []byte("\n---\n"))
	policies := make([]networkingv1.NetworkPolicy, len(documents))
	fmt.Printf("Go: Unmarshal, typed\t%.9f\n", median(func() {
		for i, d := range documents {
			policies[i] = networkingv1.NetworkPolicy{}
			if err := yaml.Unmarshal(d, &policies[i]); err != nil {
				panic(err)
			}
		}
	}))
	fmt.Printf("Go: Marshal\t%.9f\n", median(func() {
		for i := range policies {
			if _, err := yaml.Marshal(&policies[i]); err != nil {
				panic(err)
			}
		}
	}))
}
