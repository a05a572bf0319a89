/* SPDX-License-Identifier: MIT */
/* What the oracle's golden files do not cover, three cases a side, and what answers depend on. */
#include "engine.h"
#include "fixture.h"

#include <stddef.h>

#define POD(name, labels, rest)                                                                    \
    "{apiVersion: v1, kind: Pod, metadata: {name: " name ", namespace: a, labels: {" labels        \
    "}}, " rest "}\n---\n"
#define RUNS(ip) "status: {phase: Running, podIP: " ip "}"
#define POLICY(name, labels, rest)                                                                 \
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: " name               \
    ", namespace: a}, spec: {podSelector: {matchLabels: {" labels "}}, " rest "}}\n---\n"
#define NAMESPACE(name, labels)                                                                    \
    "{apiVersion: v1, kind: Namespace, metadata: {name: " name ", labels: {" labels "}}}\n---\n"

static void expect(const char *text, const fixture_how *how, const fixture_row *rows, size_t n)
{
    static const fixture_how defaults = {.preset = NULL};
    netpol_engine *e = fixture_engine(text, how ? how : &defaults);
    fixture_expect(e, rows, n);
    netpol_engine_unref(e);
}

/* ---- phases ---- */

static void phases_decide_who_has_traffic(void **state)
{
    (void)state;
    static const char text[] = NAMESPACE("a", "") POD("client", "c: c", RUNS("10.0.0.1"))
        POD("running", "p: x", RUNS("10.0.0.2")) POD("untold", "p: x", "status: {podIP: 10.0.0.3}")
            POD("unknown", "p: x", "status: {phase: Unknown, podIP: 10.0.0.4}")
                POD("pending", "p: x", "status: {phase: Pending}")
                    POD("done", "p: x", "status: {phase: Succeeded, podIP: 10.0.0.5}")
                        POD("failed", "p: x", "status: {phase: Failed, podIP: 10.0.0.6}")
                            POD("again", "q: z", RUNS("10.0.0.5")) POLICY("deny", "p: x", "");
    static const fixture_row rows[] = {
        {"a running pod is isolated", "a/client", "a/running", NULL, "80", "deny"},
        {"a pod whose phase is not told runs", "a/client", "a/untold", NULL, "80", "deny"},
        {"a pod of a lost node may run", "a/client", "a/unknown", NULL, "80", "deny"},
        {"a pending pod will be isolated", "a/client", "a/pending", NULL, "80", "deny"},
        {"a finished pod is not there", "a/client", "a/done", NULL, "80",
         "error the pod a/done has finished (Succeeded)"},
        {"nor a failed one", "a/client", "a/failed", NULL, "80",
         "error the pod a/failed has finished (Failed)"},
        {"its address is the next one's", "a/client", "10.0.0.5", NULL, "80", "allow"},
        {"or nobody's", "a/client", "10.0.0.6", NULL, "80", "allow"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

static void terminating_pods_count_while_they_have_an_address(void **state)
{
    (void)state;
#define ENDING(name, status)                                                                       \
    "{apiVersion: v1, kind: Pod, metadata: {name: " name                                           \
    ", namespace: a, deletionTimestamp: \"2026-01-01T00:00:00Z\", labels: {p: x}}, status: "       \
    "{" status "}}\n---\n"
    static const char text[] = POD("client", "c: c", RUNS("10.0.0.1"))
        ENDING("ending", "phase: Running, podIP: 10.0.0.2") ENDING("gone", "phase: Running")
            ENDING("late", "phase: Pending") POLICY("deny", "p: x", "");
    static const fixture_row rows[] = {
        {"it still has traffic", "a/client", "a/ending", NULL, "80", "deny"},
        {"also by address", "a/client", "10.0.0.2", NULL, "80", "deny"},
        {"as a source", "a/ending", "a/client", NULL, "80", "allow"},
        {"without an address it has none", "a/client", "a/gone", NULL, "80",
         "error the pod a/gone is being deleted"},
        {"nor had it ever one", "a/client", "a/late", NULL, "80",
         "error the pod a/late is being deleted"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

/* ---- unknown addresses ---- */

static void blocks_may_hold_an_unknown_address(void **state)
{
    (void)state;
    static const char text[] = POD("new", "is: new", "spec: {}")
        POD("known", "k: k", RUNS("10.0.0.9")) POD("all", "p: all", RUNS("10.0.0.1"))
            POD("holes", "p: holes", RUNS("10.0.0.2")) POD("some", "p: some", RUNS("10.0.0.3"))
                POD("label", "p: label", RUNS("10.0.0.4")) POD("six", "p: six", RUNS("10.0.0.5"))
                    POLICY("all", "p: all", "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]")
                        POLICY("holes", "p: holes",
                               "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: "
                               "[192.0.2.0/24]}}]}]")
                            POLICY("some", "p: some",
                                   "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]")
                                POLICY("label", "p: label",
                                       "ingress: [{from: [{podSelector: {matchLabels: {is: new}}}, "
                                       "{ipBlock: {cidr: 10.0.0.0/8}}]}]")
                                    POLICY("six", "p: six",
                                           "ingress: [{from: [{ipBlock: {cidr: '::/0'}}]}]");
    static const fixture_row rows[] = {
        {"every address is in it", "a/new", "a/all", NULL, "80", "allow ipblock-pod"},
        {"it may be in a hole", "a/new", "a/holes", NULL, "80", "deny address-unknown"},
        {"it may be in the block", "a/new", "a/some", NULL, "80", "deny address-unknown"},
        {"a selector decides, whatever the address", "a/new", "a/label", NULL, "80", "allow"},
        {"the cluster has no IPv6", "a/new", "a/six", NULL, "80", "deny"},
        {"a known address is no assumption", "a/known", "a/some", NULL, "80", "allow ipblock-pod"},
        {"nor outside the hole", "a/known", "a/holes", NULL, "80", "allow ipblock-pod"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

static void unknown_addresses_are_of_the_families_that_the_cluster_uses(void **state)
{
    (void)state;
    static const char text[] = POD("new", "is: new", "spec: {}")
        POD("six", "p: six", "status: {podIPs: [{ip: 'fd00::1'}, {ip: 10.0.0.1}]}")
            POD("only", "o: o", "status: {podIPs: [{ip: 'fd00::2'}]}")
                POLICY("six", "p: six", "ingress: [{from: [{ipBlock: {cidr: '::/0'}}]}]");
    static const fixture_row rows[] = {
        {"allowed in IPv6 alone", "a/new", "a/six", NULL, "80", "mixed ipblock-pod"},
        {"IPv6 is what both have", "a/new", "a/only", NULL, "80", "allow"},
        {"no family in common", "a/only", "192.0.2.1", NULL, "80",
         "error a/only and 192.0.2.1 have no"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

/* ---- nodes by what pods tell ---- */

static void host_addresses_tell_the_node(void **state)
{
    (void)state;
    static const char text[] =
        POD("ips", "p: x",
            "spec: {nodeName: n1}, status: {podIP: 10.0.0.1, hostIPs: [{ip: 192.0.2.1}]}")
            POD("ip", "p: x", "spec: {nodeName: n2}, status: {podIP: 10.0.0.2, hostIP: 192.0.2.2}")
                POD("nameless", "p: x", "status: {podIP: 10.0.0.3, hostIP: 192.0.2.1}")
                    POD("agent", "q: q",
                        "spec: {nodeName: n1, hostNetwork: true}, status: {phase: Running}")
                        POD("lost", "q: q", "spec: {hostNetwork: true}")
                            POLICY("deny", "p: x", "policyTypes: [Ingress, Egress]");
    static const fixture_row rows[] = {
        {"hostIPs is the own node", "192.0.2.1", "a/ips", NULL, "80", "allow own-node"},
        {"so is hostIP", "192.0.2.2", "a/ip", NULL, "80", "allow own-node"},
        {"a pod of that host is on that node", "192.0.2.1", "a/nameless", NULL, "80",
         "allow own-node"},
        {"another node is no exemption", "192.0.2.2", "a/ips", NULL, "80", "deny"},
        {"a pod on the host network has its node's address", "a/agent", "a/ips", NULL, "80",
         "allow own-node,host-network"},
        {"which is another's for other pods", "a/agent", "a/ip", NULL, "80", "deny"},
        {"without a node it may be on any, the own one too", "a/lost", "a/ip", NULL, "80",
         "deny own-node"},
        {"the node by name", "node:n2", "a/ip", NULL, "80", "allow own-node"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

/* ---- sidecars ---- */

static void sidecars_bring_port_names(void **state)
{
    (void)state;
    static const char text[] = POD("client", "c: c", RUNS("10.0.0.1")) POD(
        "web", "p: x",
        "spec: {containers: [{name: m, ports: [{name: web, containerPort: 80}]}], "
        "initContainers: [{name: s, restartPolicy: Always, ports: [{name: side, containerPort: "
        "90}, "
        "{name: web, containerPort: 81}]}, {name: i, ports: [{name: init, containerPort: 70}]}]}, "
        "status: {podIP: 10.0.0.2}")
        POLICY("names", "p: x", "ingress: [{ports: [{port: web}, {port: side}, {port: init}]}]");
    static const fixture_row rows[] = {
        {"a container's name", "a/client", "a/web", NULL, "80", "allow"},
        {"a sidecar's name", "a/client", "a/web", NULL, "90", "allow sidecar-port"},
        {"the same name in a sidecar counts too", "a/client", "a/web", NULL, "81",
         "allow sidecar-port"},
        {"an init container has ended", "a/client", "a/web", NULL, "70", "deny"},
        {"the name in a question is a container's first", "a/client", "a/web", NULL, "web",
         "allow"},
        {"and a sidecar's where no container has it", "a/client", "a/web", NULL, "side",
         "allow sidecar-port"},
        {"an init container's name is no port", "a/client", "a/web", NULL, "init",
         "error a/web has no port named init"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

/* ---- namespaces that are not defined ---- */

static void undefined_namespaces_have_their_name_alone(void **state)
{
    (void)state;
#define FROM(selector) "ingress: [{from: [{namespaceSelector: " selector "}]}]"
    static const char text[] = NAMESPACE(
        "known",
        "team: x") "{apiVersion: v1, kind: Pod, metadata: {name: k, namespace: known}, status: "
                   "{podIP: 10.1.0.1}}\n---\n"
                   "{apiVersion: v1, kind: Pod, metadata: {name: u, namespace: other}, status: "
                   "{podIP: 10.1.0.2}}\n---\n" POD("team", "p: team", RUNS("10.0.0.1")) POD(
                       "name", "p: name",
                       RUNS("10.0.0.2")) POD("absent", "p: absent",
                                             RUNS("10.0.0.3")) POD("every", "p: every",
                                                                   RUNS("10.0.0.4"))
                       POLICY("team", "p: team", FROM("{matchLabels: {team: x}}")) POLICY(
                           "name", "p: name",
                           FROM("{matchLabels: {kubernetes.io/metadata.name: other}}"))
                           POLICY("absent", "p: absent",
                                  FROM("{matchExpressions: [{key: team, operator: DoesNotExist}]}"))
                               POLICY("every", "p: every", FROM("{}"));
    static const fixture_row rows[] = {
        {"a defined one has its labels", "known/k", "a/team", NULL, "80", "allow"},
        {"an undefined one may have them", "other/u", "a/team", NULL, "80",
         "deny namespace-assumed"},
        {"or may not lack them", "other/u", "a/absent", NULL, "80", "allow namespace-assumed"},
        {"its name is certain", "other/u", "a/name", NULL, "80", "allow"},
        {"and not another's", "known/k", "a/name", NULL, "80", "deny"},
        {"it is one of all", "other/u", "a/every", NULL, "80", "allow"},
        {"policies there apply", "a/team", "other/u", NULL, "80", "allow"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

static void the_name_label_cannot_be_forged(void **state)
{
    (void)state;
    static const char text[] = NAMESPACE(
        "b",
        "kubernetes.io/metadata.name: other, team: x") "{apiVersion: v1, kind: Pod, metadata: "
                                                       "{name: p, namespace: b}, status: {podIP: "
                                                       "10.1.0.1}}\n---\n" POD("b", "p: b",
                                                                               RUNS("10.0.0.1"))
                                                           POD("other", "p: other",
                                                               RUNS("10.0.0.2"))
                                                               POLICY("b", "p: b",
                                                                      FROM("{matchLabels: "
                                                                           "{kubernetes.io/"
                                                                           "metadata.name: b, "
                                                                           "team: x}}"))
                                                                   POLICY("other", "p: other",
                                                                          FROM("{matchLabels: "
                                                                               "{kubernetes.io/"
                                                                               "metadata.name: "
                                                                               "other}}"));
    static const fixture_row rows[] = {
        {"the label is the name", "b/p", "a/b", NULL, "80", "allow"},
        {"whatever was written", "b/p", "a/other", NULL, "80", "deny"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

/* ---- mapped addresses ---- */

static void mapped_addresses_are_ipv4(void **state)
{
    (void)state;
    static const char text[] = POD("mapped", "m: m", "status: {podIP: '::ffff:10.0.0.7'}")
        POD("four", "p: four", RUNS("10.0.0.1")) POD("wide", "p: wide", RUNS("10.0.0.2"))
            POD("long", "p: long", RUNS("10.0.0.3"))
                POLICY("four", "p: four", "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/24}}]}]")
                    POLICY("wide", "p: wide",
                           "ingress: [{from: [{ipBlock: {cidr: '::ffff:10.0.0.0/90'}}]}]")
                        POLICY("long", "p: long",
                               "ingress: [{from: [{ipBlock: {cidr: '::ffff:10.0.0.0/120'}}]}]");
    static const fixture_row rows[] = {
        {"a pod's address", "a/mapped", "a/four", NULL, "80", "allow ipblock-pod"},
        {"an address in a question", "::ffff:10.0.0.9", "a/four", NULL, "80", "allow"},
        {"the plain form is the same pod", "10.0.0.7", "a/four", NULL, "80", "allow ipblock-pod"},
        {"a mapped block of /96 and longer is an IPv4 block", "10.0.0.9", "a/long", NULL, "80",
         "allow"},
        {"with its own borders", "10.0.1.9", "a/long", NULL, "80", "deny"},
        {"a shorter one matches nothing", "10.0.0.9", "a/wide", NULL, "80", "deny"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

/* ---- port 0 ---- */

static void port_zero_is_no_question(void **state)
{
    (void)state;
    static const char text[] =
        POD("a", "p: x", RUNS("10.0.0.1")) POD("b", "q: z", RUNS("10.0.0.2"));
    static const fixture_row rows[] = {
        {"TCP", "a/a", "a/b", "TCP", "0", "error no port from 1 to 65535: 0"},
        {"UDP", "a/a", "a/b", "UDP", "0", "error no port from 1 to 65535: 0"},
        {"SCTP", "a/a", "a/b", "sctp", "00", "error no port from 1 to 65535: 00"},
        {"beyond the last", "a/a", "a/b", "TCP", "65536", "error no port from 1 to 65535: 65536"},
        {"the first", "a/a", "a/b", "TCP", "1", "allow"},
        {"the last", "a/a", "a/b", "TCP", "65535", "allow"},
        {"ICMP has no ports", "a/a", "a/b", "ICMP", "0", "allow"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

/* ---- tiers ---- */

#define ADMIN(name, priority, rest)                                                                \
    "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: "       \
    "{name: " name "}, spec: {tier: Admin, priority: " priority ", subject: " rest "}}\n---\n"
#define OF(labels) "{pods: {podSelector: {matchLabels: {" labels "}}}}"
#define IN(action) ", ingress: [{action: " action ", from: [{namespaces: {}}]}]"

static void equal_priorities_are_a_tie_if_they_disagree(void **state)
{
    (void)state;
    static const char text[] = POD("c", "c: c", RUNS("10.0.0.1")) POD("t", "t: t", RUNS("10.0.0.2"))
        POD("s", "s: s", RUNS("10.0.0.3")) POD("u", "u: u", RUNS("10.0.0.4"))
            POD("v", "v: v", RUNS("10.0.0.5")) POD("w", "w: w", RUNS("10.0.0.6"))
                ADMIN("t1", "5", OF("t: t") IN("Accept")) ADMIN("t2", "5", OF("t: t") IN("Deny"))
                    ADMIN("s1", "5", OF("s: s") IN("Deny")) ADMIN("s2", "5", OF("s: s") IN("Deny"))
                        ADMIN("u1", "5", OF("u: u") IN("Deny"))
                            ADMIN("u2", "6", OF("u: u") IN("Accept"))
                                ADMIN("v1", "5", OF("v: v") IN("Pass"))
                                    ADMIN("v2", "5", OF("v: v") IN("Accept"))
                                        ADMIN("w1", "5", OF("w: w") IN("Pass"))
                                            ADMIN("w2", "5", OF("w: w") IN("Accept"))
                                                POLICY("w", "w: w", "");
    static const fixture_row rows[] = {
        {"different actions", "a/c", "a/t", NULL, "80", "allow tie"},
        {"equal actions", "a/c", "a/s", NULL, "80", "deny"},
        {"different priorities", "a/c", "a/u", NULL, "80", "deny"},
        {"a pass that ends in the same verdict", "a/c", "a/v", NULL, "80", "allow"},
        {"a pass that does not", "a/c", "a/w", NULL, "80", "deny tie"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

static void the_first_tier_that_decides_is_final(void **state)
{
    (void)state;
    static const char text[] = POD("c", "c: c", RUNS("10.0.0.1")) POD("p", "p: p", RUNS("10.0.0.2"))
        POD("b", "b: b", RUNS("10.0.0.3"))
            POD("h", "h: h, p: p", "spec: {hostNetwork: true}, status: {podIP: 192.0.2.1}")
                ADMIN("pass", "1", OF("p: p") IN("Pass"))
                    ADMIN("late", "2",
                          OF("p: p")
                              IN("Deny")) "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: "
                                          "ClusterNetworkPolicy, metadata: {name: base}, "
                                          "spec: {tier: Baseline, priority: 1, subject: "
                                          "{namespaces: {}}, ingress: [{action: Deny, from: "
                                          "[{namespaces: {}}]}]}}\n---\n" POLICY(
                                              "out", "b: b", "policyTypes: [Egress], egress: [{}]");
    static const fixture_row rows[] = {
        {"Pass leaves the tier, so the Baseline denies", "a/c", "a/p", NULL, "80", "deny"},
        {"a policy of the other direction is no shield by default", "a/c", "a/b", NULL, "80",
         "deny np-other-direction"},
        {"an outside address is nobody's namespace", "192.0.2.9", "a/p", NULL, "80", "allow"},
        {"a pod on the host network is no subject", "a/c", "a/h", NULL, "80", "allow"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

static void unknown_peers_fail_closed(void **state)
{
    (void)state;
#define UNKNOWN(action)                                                                            \
    ", ingress: [{action: " action                                                                 \
    ", from: [{}], protocols: [{tcp: {destinationPort: {number: 80}}}]}]"
    static const char text[] = POD("c", "c: c", RUNS("10.0.0.1")) POD("x", "x: x", RUNS("10.0.0.2"))
        POD("e", "e: e", RUNS("10.0.0.3")) POD("z", "z: z", RUNS("10.0.0.4"))
            ADMIN("x", "1", OF("x: x") UNKNOWN("Accept"))
                ADMIN("e", "1", OF("e: e") UNKNOWN("Deny"))
                    ADMIN("z", "1", OF("z: z") UNKNOWN("Pass")) POLICY("x", "x: x", "");
    static const fixture_how going = {.flags = NETPOL_KEEP_GOING};
    static const fixture_row rows[] = {
        {"Accept matches nothing", "a/c", "a/x", NULL, "80", "deny"},
        {"Deny denies every peer", "a/c", "a/e", NULL, "80", "deny"},
        {"at the ports that it names", "a/c", "a/e", NULL, "81", "allow"},
        {"Pass denies every peer", "a/c", "a/z", NULL, "80", "deny"},
        {"addresses too", "192.0.2.1", "a/z", NULL, "80", "deny"},
    };
    netpol_engine *e = NULL;
    assert_int_equal(fixture_compile(text, &(fixture_how){.preset = NULL}, &e, NULL),
                     NETPOL_INVALID);
    expect(text, &going, rows, COUNT(rows));
}

static void domain_names_are_what_the_caller_says(void **state)
{
    (void)state;
#define OUT(action, name)                                                                          \
    ", egress: [{action: " action ", to: [{domainNames: ['" name                                   \
    "']}]}, {action: Deny, to: [{networks: [0.0.0.0/0]}]}]"
    static const char text[] = POD("x", "x: x", RUNS("10.0.0.1")) POD("e", "e: e", RUNS("10.0.0.2"))
        POD("z", "z: z", RUNS("10.0.0.3"))
            ADMIN("x", "1", OF("x: x") OUT("Accept", "Www.Example.org."))
                ADMIN("e", "1", OF("e: e") OUT("Accept", "*.example.org"))
                    ADMIN("z", "1", OF("z: z") OUT("Accept", "example.net"));
    static const fixture_how how = {.resolve = "www.example.org=192.0.2.1,192.0.2.2"};
    static const fixture_row rows[] = {
        {"one of its addresses", "a/x", "192.0.2.2", NULL, "443", "allow"},
        {"not one of them", "a/x", "192.0.2.3", NULL, "443", "deny"},
        {"a star covers whole labels", "a/e", "192.0.2.1", NULL, "443", "allow"},
        {"and may have more addresses", "a/e", "192.0.2.3", NULL, "443", "deny dns-unknown"},
        {"a name that is not told", "a/z", "192.0.2.1", NULL, "443", "deny dns-unknown"},
    };
    expect(text, &how, rows, COUNT(rows));
}

/* ---- workloads ---- */

#define WORKLOAD(api, kind, name, labels, rest)                                                    \
    "{apiVersion: " api ", kind: " kind ", metadata: {name: " name ", namespace: a}, spec: {" rest \
    "template: {metadata: {labels: {" labels "}}}}}\n---\n"

static void workloads_stand_for_two_replicas(void **state)
{
    (void)state;
    static const char text[] = WORKLOAD("apps/v1", "Deployment", "web", "app: web", "")
        WORKLOAD("apps/v1", "Deployment", "idle", "app: idle", "replicas: 0, ")
            POLICY("web", "app: web", "");
    static const fixture_row rows[] = {
        {"traffic within is between two", "deploy/web", "deploy/web", NULL, "80",
         "error there is no namespace "},
        {"so it is isolated", "a/deploy/web", "a/deploy/web", NULL, "80", "deny"},
        {"by its name alone", "a/web", "a/web[Deployment]", NULL, "80", "deny"},
        {"no replicas are judged as if there were", "a/idle", "a/web", NULL, "80", "deny"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

static void generated_labels_are_doubtful(void **state)
{
    (void)state;
#define BY(key)                                                                                    \
    "ingress: [{from: [{podSelector: {matchExpressions: [{key: '" key "', operator: Exists}]}}]}]"
    static const char text[] = WORKLOAD("apps/v1", "Deployment", "web", "app: web", "")
        WORKLOAD("apps/v1", "DaemonSet", "log", "app: log", "")
            WORKLOAD("batch/v1", "Job", "once", "app: once", "")
                POD("hash", "p: hash", RUNS("10.0.0.1")) POD("job", "p: job", RUNS("10.0.0.2"))
                    POD("uid", "p: uid", RUNS("10.0.0.3"))
                        POLICY("hash", "p: hash", BY("pod-template-hash"))
                            POLICY("job", "p: job", BY("job-name"))
                                POLICY("uid", "p: uid", BY("controller-uid"));
    static const fixture_row rows[] = {
        {"real pods have the hash", "a/web", "a/hash", NULL, "80", "deny template-labels"},
        {"those of a DaemonSet never", "a/log", "a/hash", NULL, "80", "deny"},
        {"a Job's name is known", "a/once", "a/job", NULL, "80", "allow"},
        {"its uid is not", "a/once", "a/uid", NULL, "80", "deny template-labels"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

static void ordinals_are_told_apart_where_a_selector_asks(void **state)
{
    (void)state;
    static const char text[] = WORKLOAD("apps/v1", "StatefulSet", "db", "app: db", "replicas: 3, ")
        POD("c", "c: c", RUNS("10.0.0.1"))
            POLICY("first", "statefulset.kubernetes.io/pod-name: db-0", "");
    static const fixture_row rows[] = {
        {"the first is isolated", "a/c", "a/db-0", NULL, "80", "deny"},
        {"the second is not", "a/c", "a/db-1", NULL, "80", "allow"},
        {"one ordinal is one pod", "a/db-0", "a/db-0", NULL, "80", "allow self"},
        {"so the workload is mixed", "a/c", "a/sts/db", NULL, "80", "mixed"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

static void workloads_with_pods_are_not_expanded(void **state)
{
    (void)state;
    static const char text[] = WORKLOAD(
        "apps/v1", "Deployment", "web", "app: web",
        "") "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-1, namespace: a, "
            "ownerReferences: "
            "[{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: "
            "true}]}}\n---\n"
            "{apiVersion: v1, kind: Pod, metadata: {name: web-1-x, namespace: a, labels: {app: "
            "web}, "
            "ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: v, "
            "controller: "
            "true}]}, status: {podIP: 10.0.0.1}}\n---\n" WORKLOAD(
                "apps/v1", "Deployment", "api", "app: api",
                "") "{apiVersion: v1, kind: Pod, metadata: {name: api-77-y, namespace: a, labels: "
                    "{app: api, "
                    "pod-template-hash: '77'}, ownerReferences: [{apiVersion: apps/v1, kind: "
                    "ReplicaSet, name: api-77, "
                    "uid: w, controller: true}]}, status: {podIP: 10.0.0.2}}\n---\n" WORKLOAD(
                        "batch/v1", "Job", "done", "app: done",
                        "") "{apiVersion: v1, kind: Pod, metadata: {name: done-z, namespace: a, "
                            "ownerReferences: [{apiVersion: "
                            "batch/v1, kind: Job, name: done, uid: z, controller: true}]}, status: "
                            "{phase: Succeeded}}\n---\n";
    netpol_engine *e = fixture_engine(text, &(fixture_how){.preset = NULL});
    assert_int_equal(netpol_engine_pod_count(e), 2);
    uint32_t pod;
    assert_int_equal(netpol_engine_pod(e, "a", "web[Deployment]", &pod), NETPOL_OK);
    assert_int_equal(netpol_engine_pod(e, "a", "api[Deployment]", &pod), NETPOL_OK);
    assert_int_equal(netpol_engine_pod(e, "a", "web-1[ReplicaSet]", &pod), NETPOL_NOT_FOUND);
    assert_int_equal(netpol_engine_pod(e, "a", "done", &pod), NETPOL_NOT_FOUND);
    netpol_engine_unref(e);
}

/* ---- what is left to plug-ins ---- */

static void marks_tell_what_an_answer_hangs_on(void **state)
{
    (void)state;
    static const char text[] =
        "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: "
        "InternalIP, address: "
        "192.0.2.1}]}}\n---\n" POD("c", "c: c", "spec: {nodeName: n1}, status: {podIP: 10.0.0.1}")
            POD("b", "b: b", "spec: {nodeName: n1}, status: {podIP: 10.0.0.2}")
                POD("d", "d: d", "spec: {nodeName: n1}, status: {podIP: 10.0.0.3}")
                    POD("h", "c: c",
                        "spec: {nodeName: n1, hostNetwork: true}, status: {podIP: 192.0.2.1}")
                        POLICY("b", "b: b", "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]")
                            POLICY("d", "d: d", "ingress: [{from: [{podSelector: {}}]}]");
    static const fixture_row rows[] = {
        {"a block and a pod", "a/c", "a/b", NULL, "80", "allow ipblock-pod"},
        {"a block and a node, which is its own", "192.0.2.1", "a/b", NULL, "80", "allow"},
        {"a block and an outside address", "198.51.100.1", "a/b", NULL, "80", "allow"},
        {"its own node", "192.0.2.1", "a/d", NULL, "80", "allow own-node"},
        {"a pod on the host network is its node, and so its own", "a/h", "a/d", NULL, "80",
         "allow own-node"},
        {"itself", "a/d", "a/d", NULL, "80", "allow"},
        {"itself, without a rule that would do", "a/b", "a/b", NULL, "80", "allow"},
    };
    expect(text, NULL, rows, COUNT(rows));
}

static void strict_and_open_are_computed(void **state)
{
    (void)state;
    static const char text[] = POD("c", "c: c", RUNS("10.0.0.1")) POD("b", "b: b", RUNS("10.0.0.2"))
        POD("d", "d: d", RUNS("10.0.0.3"))
            POLICY("b", "b: b", "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]")
                POLICY("d", "d: d", "ingress: [{ports: [{port: 80}]}]");
    static const fixture_row strict[] = {
        {"what hangs on a choice denies", "a/c", "a/b", NULL, "80", "deny ipblock-pod"},
        {"what does not is as it is", "a/c", "a/d", NULL, "80", "allow"},
    };
    static const fixture_row open[] = {
        {"what hangs on a choice allows", "a/c", "a/d", "ICMP", NULL, "allow protocol"},
        {"what does not is as it is", "a/c", "a/d", NULL, "81", "deny"},
    };
    expect(text, &(fixture_how){.preset = "strict"}, strict, COUNT(strict));
    expect(text, &(fixture_how){.preset = "open"}, open, COUNT(open));
}

/* ---- bad flows ---- */

static void a_pod_number_out_of_range_is_denied(void **state)
{
    (void)state;
    netpol_engine *e =
        fixture_engine(POD("c", "c: c", RUNS("10.0.0.1")), &(fixture_how){.preset = NULL});
    netpol_flow flow;
    netpol_explanation *x = NULL;
    uint32_t wrong = 99;
    assert_int_equal(netpol_flow_parse(e, "a/c", "192.0.2.1", "TCP", "80", &flow, NULL), NETPOL_OK);
    memcpy(flow.src, &wrong, sizeof wrong);
    netpol_verdict v = netpol_engine_verdict(e, &flow);
    assert_int_equal(v.allowed, 0);
    assert_int_equal(v.direction, NETPOL_EGRESS);
    assert_int_equal(netpol_engine_explain(e, &flow, &x, NULL), NETPOL_OK);
    assert_string_equal(netpol_explanation_decision(x, NETPOL_EGRESS)->reason, "no-such-pod");
    netpol_explanation_free(x);
    netpol_engine_unref(e);
}

/* ---- law: a mark is set exactly if another choice gives another verdict ---- */

static const struct {
    uint32_t bit;
    size_t at;
    uint8_t last;
} choices[] = {
    {NETPOL_DEPENDS_IP_BLOCK_POD, offsetof(netpol_semantics, ip_block_pods), 1},
    {NETPOL_DEPENDS_IP_BLOCK_NODE, offsetof(netpol_semantics, ip_block_nodes), 1},
    {NETPOL_DEPENDS_OWN_NODE, offsetof(netpol_semantics, own_node), 2},
    {NETPOL_DEPENDS_SELF, offsetof(netpol_semantics, self), 1},
    {NETPOL_DEPENDS_HOST_NETWORK, offsetof(netpol_semantics, host_network), 1},
    {NETPOL_DEPENDS_PROTOCOL, offsetof(netpol_semantics, other_protocols), 2},
    {NETPOL_DEPENDS_NP_OTHER_DIRECTION, offsetof(netpol_semantics, baseline_shield), 1},
};

static const char *any_of(np_rand *r, const char *const *texts, uint32_t n)
{
    return texts[np_rand_below(r, n)];
}

/* Policies over four pods of two nodes, one of them on the host network, and a Baseline (without
 * `networks`, which leave no choice). */
static void random_cluster(np_rand *r, char *out, size_t room)
{
    static const char *const subjects[] = {"", "p: a", "p: b", "p: h"};
    static const char *const types[] = {"[Ingress]", "[Egress]", "[Ingress, Egress]"};
    static const char *const peers[] = {"{podSelector: {}}", "{podSelector: {matchLabels: {p: a}}}",
                                        "{ipBlock: {cidr: 10.0.0.0/30}}",
                                        "{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.2/32]}}",
                                        "{ipBlock: {cidr: 0.0.0.0/0}}"};
    static const char *const ports[] = {"", "ports: [{port: 80}], ",
                                        "ports: [{port: 80, endPort: 90}], "};
    size_t n = (size_t)snprintf(
        out, room, "%s",
        POD("a", "p: a", "spec: {nodeName: n1}, status: {podIP: 10.0.0.1}")
            POD("b", "p: b", "spec: {nodeName: n1}, status: {podIP: 10.0.0.2}")
                POD("c", "p: c", "spec: {nodeName: n2}, status: {podIP: 10.0.0.5}")
                    POD("h", "p: h",
                        "spec: {nodeName: n1, hostNetwork: true}, status: {podIP: "
                        "192.0.2.1}") "{apiVersion: v1, kind: Node, metadata: {name: n1}, "
                                      "status: {addresses: [{type: InternalIP, address: "
                                      "192.0.2.1}]}}\n---\n"
                                      "{apiVersion: v1, kind: Node, metadata: {name: n2}, "
                                      "status: {addresses: [{type: InternalIP, address: "
                                      "192.0.2.2}]}}\n---\n"
                                      "{apiVersion: policy.networking.k8s.io/v1alpha2, "
                                      "kind: ClusterNetworkPolicy, metadata: {name: base}, "
                                      "spec: {tier: Baseline, priority: 1, subject: "
                                      "{namespaces: {}}, egress: [{action: Deny, to: "
                                      "[{pods: {podSelector: {matchLabels: {p: c}}}}]}]}}\n---\n");
    for (int i = 0; i < 4; i++) {
        n += (size_t)snprintf(out + n, room - n,
                              POLICY("p%d", "%s",
                                     "policyTypes: %s, "
                                     "ingress: [{%sfrom: [%s]}], egress: [{%sto: [%s]}]"),
                              i, any_of(r, subjects, COUNT(subjects)),
                              any_of(r, types, COUNT(types)), any_of(r, ports, COUNT(ports)),
                              any_of(r, peers, COUNT(peers)), any_of(r, ports, COUNT(ports)),
                              any_of(r, peers, COUNT(peers)));
    }
}

static bool another_choice_differs(const np_snapshot *s, const np_packet *q, size_t i, bool allowed)
{
    for (uint8_t value = 0; value <= choices[i].last; value++) {
        netpol_semantics is = {.size = sizeof is};
        memcpy((char *)&is + choices[i].at, &value, 1);
        if (np_reference_judge(s, &is, q).allowed != allowed)
            return true;
    }
    return false;
}

static void expect_marks(const np_snapshot *s, const np_packet *q, uint64_t seed)
{
    netpol_semantics is = {.size = sizeof is};
    netpol_verdict v = np_reference_judge(s, &is, q);
    for (size_t i = 0; i < COUNT(choices); i++)
        if (another_choice_differs(s, q, i, v.allowed) != ((v.depends & choices[i].bit) != 0))
            fail_msg("seed %" PRIu64 ": %s is %s", seed, netpol_depends_name(choices[i].bit),
                     v.depends & choices[i].bit ? "set" : "missing");
}

static np_side side_by(const np_snapshot *s, uint32_t which)
{
    static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "198.51.100.1"};
    np_ip ip = {.v4 = false};
    if (which < s->n_pods)
        return np_side_of_pod(s, which, NP_FAMILY_4);
    assert_true(np_ip_parse(np_slice_of(addresses[which - s->n_pods]), &ip));
    return np_side_of_ip(s, &ip);
}

static void marks_are_set_exactly_if_another_choice_differs(void **state)
{
    (void)state;
    static const uint8_t protocols[] = {NETPOL_TCP, NETPOL_ICMP};
    np_rand r = np_rand_from_env("NETPOL_SEED");
    for (int round = 0; round < np_rounds(200); round++) {
        char text[8192];
        random_cluster(&r, text, sizeof text);
        netpol_engine *e = fixture_engine(text, &(fixture_how){.preset = NULL});
        const np_snapshot *s = e->snapshot;
        for (uint32_t src = 0; src < s->n_pods + 3; src++)
            for (uint32_t dst = 0; dst < s->n_pods + 3; dst++)
                for (size_t p = 0; p < COUNT(protocols); p++) {
                    np_packet q = {.src = side_by(s, src),
                                   .dst = side_by(s, dst),
                                   .port = p ? 0 : 80,
                                   .protocol = protocols[p]};
                    expect_marks(s, &q, r.seed);
                }
        netpol_engine_unref(e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_decide_who_has_traffic),
        cmocka_unit_test(terminating_pods_count_while_they_have_an_address),
        cmocka_unit_test(blocks_may_hold_an_unknown_address),
        cmocka_unit_test(unknown_addresses_are_of_the_families_that_the_cluster_uses),
        cmocka_unit_test(host_addresses_tell_the_node),
        cmocka_unit_test(sidecars_bring_port_names),
        cmocka_unit_test(undefined_namespaces_have_their_name_alone),
        cmocka_unit_test(the_name_label_cannot_be_forged),
        cmocka_unit_test(mapped_addresses_are_ipv4),
        cmocka_unit_test(port_zero_is_no_question),
        cmocka_unit_test(equal_priorities_are_a_tie_if_they_disagree),
        cmocka_unit_test(the_first_tier_that_decides_is_final),
        cmocka_unit_test(unknown_peers_fail_closed),
        cmocka_unit_test(domain_names_are_what_the_caller_says),
        cmocka_unit_test(workloads_stand_for_two_replicas),
        cmocka_unit_test(generated_labels_are_doubtful),
        cmocka_unit_test(ordinals_are_told_apart_where_a_selector_asks),
        cmocka_unit_test(workloads_with_pods_are_not_expanded),
        cmocka_unit_test(marks_tell_what_an_answer_hangs_on),
        cmocka_unit_test(strict_and_open_are_computed),
        cmocka_unit_test(a_pod_number_out_of_range_is_denied),
        cmocka_unit_test(marks_are_set_exactly_if_another_choice_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
