// SPDX-License-Identifier: MIT

// Command differential holds libnetpol's validation against Kubernetes' own code: random documents,
// valid and broken, are answered by both, and every difference is an error. Differences are made
// small before they are shown, and saved as files where -save says.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-logr/logr"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/klog/v2"
)

var (
	driver   = flag.String("driver", "build/validate_driver", "the program that asks libnetpol")
	kind     = flag.String("kind", "policy", "policy, update, cluster, admin or baseline")
	count    = flag.Int("n", 50000, "documents")
	seed     = flag.Int64("seed", 1, "of the random numbers")
	tolerant = flag.Bool("tolerant", false, "CIDR rules as before Kubernetes 1.36")
	standard = flag.Bool("standard", false, "CRDs of the standard channel")
	save     = flag.String("save", "", "folder for the differences")
	most     = flag.Int("most", 5, "differences to show before giving up")
)

// batch is how many documents one run of the driver is asked about.
const batch = 1000

type oracle interface {
	answer(question) answer
}

func main() {
	flag.Parse()
	klog.SetLogger(logr.Discard())
	o, err := theOracle()
	if err == nil {
		var differences int
		differences, err = run(o)
		if err == nil {
			fmt.Printf("%s: %d documents from seed %d, %d differences\n", *kind, *count, *seed, differences)
		}
		if differences > 0 {
			os.Exit(1)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "differential:", err)
		os.Exit(2)
	}
}

func theOracle() (oracle, error) {
	if *tolerant {
		if err := utilfeature.DefaultMutableFeatureGate.Set("StrictIPCIDRValidation=false"); err != nil {
			return nil, err
		}
	}
	channel := "experimental"
	if *standard {
		channel = "standard"
	}
	switch *kind {
	case "policy", "update":
		return builtin{}, nil
	case "cluster":
		return newCustom("sigs.k8s.io/network-policy-api@v0.2.0", channel, "clusternetworkpolicies")
	case "admin":
		return newCustom("sigs.k8s.io/network-policy-api@v0.1.7", channel, "adminnetworkpolicies")
	case "baseline":
		return newCustom("sigs.k8s.io/network-policy-api@v0.1.7", channel, "baselineadminnetworkpolicies")
	}
	return nil, fmt.Errorf("no such kind: %s", *kind)
}

func flags() []string {
	var f []string
	if *tolerant {
		f = append(f, "--tolerant")
	}
	if *standard {
		f = append(f, "--standard")
	}
	return f
}

// drawn is one random document, and the one it replaces, as trees.
type drawn struct {
	now, old object
	yaml     bool
}

func draw(d documents) drawn {
	switch *kind {
	case "cluster":
		return drawn{now: d.clusterPolicy(clusterDialect), yaml: d.onceIn(2)}
	case "admin":
		return drawn{now: d.clusterPolicy(adminDialect), yaml: d.onceIn(2)}
	case "baseline":
		return drawn{now: d.clusterPolicy(baselineDialect), yaml: d.onceIn(2)}
	case "update":
		old, now := d.pair()
		return drawn{now: now, old: old, yaml: d.onceIn(2)}
	default:
		return drawn{now: d.policy(), yaml: d.onceIn(2)}
	}
}

func written(o object, wantYAML bool) []byte {
	if text := asYAML(o); wantYAML && text != nil {
		return text
	}
	return asJSON(o)
}

func (d drawn) question() question {
	q := question{text: written(d.now, d.yaml)}
	if d.old != nil {
		q.old = written(d.old, d.yaml)
	}
	return q
}

func run(o oracle) (int, error) {
	d := newDocuments(*seed)
	differences := 0
	for done := 0; done < *count; done += batch {
		drawns := make([]drawn, min(batch, *count-done))
		for i := range drawns {
			drawns[i] = draw(d)
		}
		said, err := compareAll(o, drawns)
		if err != nil {
			return differences, err
		}
		for i, text := range said {
			if text == "" {
				continue
			}
			differences++
			if err := tell(o, drawns[i], done+i); err != nil {
				return differences, err
			}
			if differences >= *most {
				return differences, nil
			}
		}
	}
	return differences, nil
}

// compareAll gives for each document its difference, or "".
func compareAll(o oracle, drawns []drawn) ([]string, error) {
	questions := make([]question, len(drawns))
	for i, d := range drawns {
		questions[i] = d.question()
	}
	answers, err := ask(*driver, flags(), questions)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(drawns))
	for i, q := range questions {
		if *standard { // the reader says what no channel knows, validation the rest
			slices.Sort(answers[i].Strict)
		}
		out[i] = difference(o.answer(q), answers[i])
	}
	return out, nil
}

// tell shows a difference, and saves it.
func tell(o oracle, d drawn, number int) error {
	d.now = shrink(d.now, func(candidates []object) []bool {
		drawns := make([]drawn, len(candidates))
		for i, c := range candidates {
			drawns[i] = drawn{now: c, old: d.old, yaml: d.yaml}
		}
		still := make([]bool, len(candidates))
		said, err := compareAll(o, drawns)
		for i := range said {
			still[i] = err == nil && said[i] != ""
		}
		return still
	})
	said, err := compareAll(o, []drawn{d})
	if err != nil {
		return err
	}
	q := d.question()
	fmt.Printf("document %d of seed %d\n%s\n", number, *seed, q.text)
	if q.old != nil {
		fmt.Printf("replacing\n%s\n", q.old)
	}
	fmt.Println(said[0])
	if *save == "" {
		return nil
	}
	name := filepath.Join(*save, fmt.Sprintf("%s-%d-%d.yaml", *kind, *seed, number))
	return os.WriteFile(name, q.text, 0o644)
}
