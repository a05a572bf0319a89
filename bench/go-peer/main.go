// SPDX-License-Identifier: MIT

// Command go-peer asks the policy engine of sigs.k8s.io/kube-network-policies the flows that bench exports.
//
// It reads DIR/objects.json (API objects, one after the other) and DIR/flows.txt (source, destination, protocol, port,
// and the verdict of the other engine, one flow a line). Then, for each line on standard input, it judges all flows
// once and writes the CPU time of one verdict in nanoseconds and how many verdicts differ.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	v1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo"
)

type flow struct {
	packet  network.Packet
	allowed bool
}

// load fills informers that are never started, so nothing is asked of a server.
func load(path string) (*networkpolicy.PolicyEngine, error) {
	client, err := kubernetes.NewForConfig(&rest.Config{Host: "http://127.0.0.1:1"})
	if err != nil {
		return nil, err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	namespaces, pods := factory.Core().V1().Namespaces(), factory.Core().V1().Pods()
	nodes, policies := factory.Core().V1().Nodes(), factory.Networking().V1().NetworkPolicies()
	resolver, err := podinfo.NewInformerResolver(pods.Informer())
	if err != nil {
		return nil, err
	}
	provider := podinfo.NewInformerProvider(pods, namespaces, nodes, []podinfo.IPResolver{resolver})
	standard := networkpolicy.NewStandardNetworkPolicy("", namespaces, pods, policies)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decoder := json.NewDecoder(bufio.NewReaderSize(f, 1<<20))
	for {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		var kind struct{ Kind string }
		if err := json.Unmarshal(raw, &kind); err != nil {
			return nil, err
		}
		switch kind.Kind {
		case "Namespace":
			o := &v1.Namespace{}
			err = errors.Join(json.Unmarshal(raw, o), namespaces.Informer().GetIndexer().Add(o))
		case "Pod":
			o := &v1.Pod{}
			err = errors.Join(json.Unmarshal(raw, o), pods.Informer().GetIndexer().Add(o))
		case "NetworkPolicy":
			o := &netv1.NetworkPolicy{}
			err = errors.Join(json.Unmarshal(raw, o), policies.Informer().GetIndexer().Add(o))
		}
		if err != nil {
			return nil, err
		}
	}
	return networkpolicy.NewPolicyEngine(provider, []api.PolicyEvaluator{standard}), nil
}

func readFlows(path string) ([]flow, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var flows []flow
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var src, dst, protocol string
		var port, allowed int
		if _, err := fmt.Sscan(lines.Text(), &src, &dst, &protocol, &port, &allowed); err != nil {
			return nil, err
		}
		flows = append(flows, flow{network.Packet{SrcIP: net.ParseIP(src).To4(), DstIP: net.ParseIP(dst).To4(),
			Proto: v1.Protocol(protocol), SrcPort: 52345, DstPort: port, Family: v1.IPv4Protocol}, allowed == 1})
	}
	return flows, lines.Err()
}

// cpu is the time that this thread has used.
func cpu() int64 {
	var u syscall.Rusage
	const thread = 1
	if err := syscall.Getrusage(thread, &u); err != nil {
		log.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func main() {
	runtime.LockOSThread()
	klog.SetLogger(klog.Background().V(0))
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	engine, err := load(filepath.Join(os.Args[1], "objects.json"))
	if err != nil {
		log.Fatal(err)
	}
	flows, err := readFlows(filepath.Join(os.Args[1], "flows.txt"))
	if err != nil {
		log.Fatal(err)
	}
	ask := bufio.NewScanner(os.Stdin)
	for ask.Scan() {
		differ := 0
		start := cpu()
		for i := range flows {
			allowed, err := engine.EvaluatePacket(context.Background(), &flows[i].packet)
			// The peer has no exemption for a pod's traffic to itself.
			self := flows[i].packet.SrcIP.Equal(flows[i].packet.DstIP)
			if err != nil || allowed != flows[i].allowed && !self {
				differ++
			}
		}
		fmt.Printf("%.1f %d\n", float64(cpu()-start)/float64(len(flows)), differ)
	}
}
