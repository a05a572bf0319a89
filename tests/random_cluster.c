/* SPDX-License-Identifier: MIT */
#include "random_cluster.h"

void test_say(test_cluster *c, const char *format, ...)
{
    for (;;) {
        va_list args;
        va_start(args, format);
        int n = vsnprintf(c->p + c->n, c->room - c->n, format, args);
        va_end(args);
        if (c->n + (size_t)n < c->room) {
            c->n += (size_t)n;
            return;
        }
        c->room = c->room * 2 + (size_t)n + 4096;
        c->p = realloc(c->p, c->room);
        assert_non_null(c->p);
    }
}

void test_cluster_free(test_cluster *c)
{
    free(c->p);
    *c = (test_cluster){0};
}

static bool often(np_rand *r)
{
    return np_rand_below(r, 4) != 0;
}

static bool half(np_rand *r)
{
    return np_rand_once_in(r, 2);
}

static const char *const keys[] = {"app", "tier", "env", "pod-template-hash"};
static const char *const values[] = {"a", "b", "c", ""};
static const char *const port_names[] = {"web", "dns", "x"};
static const char *const protocols[] = {"TCP", "UDP", "SCTP"};
static const int ports[] = {53, 80, 81, 8080, 30000};

static const char *value(np_rand *r)
{
    return values[np_rand_below(r, COUNT(values))];
}

void test_labels(test_cluster *c, np_rand *r, uint32_t n_keys)
{
    const char *comma = "";
    test_say(c, "{");
    for (uint32_t i = 0; i < n_keys; i++) {
        if (half(r))
            continue;
        test_say(c, "%s\"%s\":\"%s\"", comma, keys[i], value(r));
        comma = ",";
    }
    test_say(c, "}");
}

static void requirement(test_cluster *c, np_rand *r)
{
    static const char *const ops[] = {"In", "NotIn", "Exists", "DoesNotExist"};
    uint32_t op = np_rand_below(r, 4);
    test_say(c, "{\"key\":\"%s\",\"operator\":\"%s\"",
             keys[np_rand_below(r, np_rand_once_in(r, 8) ? 4 : 3)], ops[op]);
    if (op < 2) {
        test_say(c, ",\"values\":[\"%s\"", value(r));
        if (half(r))
            test_say(c, ",\"%s\"", value(r));
        test_say(c, "]");
    }
    test_say(c, "}");
}

static void selector(test_cluster *c, np_rand *r, bool of_namespaces)
{
    test_say(c, "{");
    const char *comma = "";
    if (of_namespaces && np_rand_once_in(r, 3)) {
        test_say(c, "\"matchLabels\":{\"kubernetes.io/metadata.name\":\"ns%u\"}",
                 np_rand_below(r, 6));
        comma = ",";
    } else if (half(r)) {
        test_say(c, "\"matchLabels\":{\"%s\":\"%s\"}", keys[np_rand_below(r, 3)], value(r));
        comma = ",";
    }
    if (np_rand_once_in(r, 3)) {
        test_say(c, "%s\"matchExpressions\":[", comma);
        requirement(c, r);
        if (np_rand_once_in(r, 3)) {
            test_say(c, ",");
            requirement(c, r);
        }
        test_say(c, "]");
    }
    test_say(c, "}");
}

static void port(test_cluster *c, np_rand *r)
{
    const char *comma = "";
    test_say(c, "{");
    if (often(r)) {
        test_say(c, "\"protocol\":\"%s\"",
                 protocols[np_rand_below(r, np_rand_once_in(r, 3) ? 3 : 2)]);
        comma = ",";
    }
    if (np_rand_once_in(r, 3)) {
        test_say(c, "%s\"port\":\"%s\"", comma, port_names[np_rand_below(r, COUNT(port_names))]);
    } else if (often(r)) {
        int first = ports[np_rand_below(r, COUNT(ports))];
        test_say(c, "%s\"port\":%d", comma, first);
        if (np_rand_once_in(r, 4))
            test_say(c, ",\"endPort\":%d", first + (int)np_rand_below(r, 9000));
    }
    test_say(c, "}");
}

static const char *const blocks[] = {
    "0.0.0.0/0",     "10.0.0.0/8",     "10.0.0.0/24", "10.0.0.16/28", "10.0.1.0/24",
    "172.16.0.0/12", "192.168.0.0/16", "fd00::/64",   "fd00::10/124", "::/0",
};

static void ip_block(test_cluster *c, np_rand *r)
{
    test_say(c, "{\"cidr\":\"%s\"", blocks[np_rand_below(r, COUNT(blocks))]);
    test_say(c, "}");
}

static void holed_block(test_cluster *c, np_rand *r)
{
    static const char *const holed[] = {
        "{\"cidr\":\"0.0.0.0/0\",\"except\":[\"10.0.0.0/8\"]}",
        "{\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.0.0.0/25\",\"10.0.0.16/30\"]}",
        "{\"cidr\":\"10.0.0.0/24\",\"except\":[\"10.0.0.8/29\",\"10.0.0.40/32\"]}",
        "{\"cidr\":\"fd00::/64\",\"except\":[\"fd00::10/124\"]}",
        "{\"cidr\":\"192.168.0.0/16\",\"except\":[\"192.168.1.0/24\"]}",
    };
    test_say(c, "%s", holed[np_rand_below(r, COUNT(holed))]);
}

static void peer(test_cluster *c, np_rand *r)
{
    uint32_t kind = np_rand_below(r, 5);
    if (kind == 0) {
        test_say(c, "{\"ipBlock\":");
        if (half(r))
            ip_block(c, r);
        else
            holed_block(c, r);
        test_say(c, "}");
        return;
    }
    test_say(c, "{");
    if (kind != 1) {
        test_say(c, "\"podSelector\":");
        selector(c, r, false);
    }
    if (kind < 4) {
        test_say(c, "%s\"namespaceSelector\":", kind == 1 ? "" : ",");
        selector(c, r, true);
    }
    test_say(c, "}");
}

static void rule(test_cluster *c, np_rand *r, const char *peers)
{
    const char *comma = "";
    test_say(c, "{");
    if (often(r)) {
        test_say(c, "\"ports\":[");
        for (uint32_t n = np_rand_below(r, 3) + 1; n > 0; n--) {
            port(c, r);
            test_say(c, n > 1 ? "," : "]");
        }
        comma = ",";
    }
    if (often(r)) {
        test_say(c, "%s\"%s\":[", comma, peers);
        for (uint32_t n = np_rand_below(r, 3) + 1; n > 0; n--) {
            peer(c, r);
            test_say(c, n > 1 ? "," : "]");
        }
    }
    test_say(c, "}");
}

static void rules(test_cluster *c, np_rand *r, const char *name, const char *peers)
{
    test_say(c, ",\"%s\":[", name);
    for (uint32_t n = np_rand_below(r, 4); n > 0; n--) {
        rule(c, r, peers);
        test_say(c, n > 1 ? "," : "");
    }
    test_say(c, "]");
}

void test_object_policy(test_cluster *c, np_rand *r, uint32_t number)
{
    static const char *const types[] = {"", ",\"policyTypes\":[\"Ingress\"]",
                                        ",\"policyTypes\":[\"Egress\"]",
                                        ",\"policyTypes\":[\"Ingress\",\"Egress\"]"};
    test_say(c,
             "{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{"
             "\"name\":\"p%u\",\"namespace\":\"ns%u\"},\"spec\":{\"podSelector\":",
             number, number % c->n_namespaces);
    selector(c, r, false);
    if (often(r))
        rules(c, r, "ingress", "from");
    if (half(r))
        rules(c, r, "egress", "to");
    test_say(c, "%s}}\n", types[np_rand_below(r, COUNT(types))]);
}

/* ---- cluster-scoped policies ---- */

static void namespaced_pods(test_cluster *c, np_rand *r)
{
    if (half(r)) {
        test_say(c, "{\"namespaces\":");
        selector(c, r, true);
        test_say(c, "}");
        return;
    }
    test_say(c, "{\"pods\":{\"namespaceSelector\":");
    selector(c, r, true);
    test_say(c, ",\"podSelector\":");
    selector(c, r, false);
    test_say(c, "}}");
}

static void cluster_peer(test_cluster *c, np_rand *r, bool egress)
{
    uint32_t kind = egress ? np_rand_below(r, 7) : 0;
    if (kind == 4)
        test_say(c, "{\"networks\":[\"%s\"]}", blocks[np_rand_below(r, COUNT(blocks))]);
    else if (kind == 5)
        test_say(c, "{\"nodes\":{\"matchLabels\":{\"app\":\"%s\"}}}", value(r));
    else if (kind == 6)
        test_say(c, "{\"domainNames\":[\"%s\"]}", half(r) ? "x.example.com" : "*.example.org");
    else
        namespaced_pods(c, r);
}

static void cluster_port(test_cluster *c, np_rand *r, bool old, bool names)
{
    int first = ports[np_rand_below(r, COUNT(ports))];
    const char *protocol = protocols[np_rand_below(r, 3)];
    const char *name = port_names[np_rand_below(r, COUNT(port_names))];
    uint32_t kind = np_rand_below(r, names ? 3 : 2);
    if (kind == 2)
        test_say(c, "{\"%s\":\"%s\"}", old ? "namedPort" : "destinationNamedPort", name);
    else if (old && kind == 1)
        test_say(c, "{\"portNumber\":{\"protocol\":\"%s\",\"port\":%d}}", protocol, first);
    else if (old)
        test_say(c, "{\"portRange\":{\"protocol\":\"%s\",\"start\":%d,\"end\":%d}}", protocol,
                 first, first + 100);
    else
        test_say(c,
                 kind == 1
                     ? "{\"%s\":{\"destinationPort\":{\"number\":%d}}}"
                     : "{\"%s\":{\"destinationPort\":{\"range\":{\"start\":%d,\"end\":32000}}}}",
                 *protocol == 'T'   ? "tcp"
                 : *protocol == 'U' ? "udp"
                                    : "sctp",
                 first);
}

/* The API refuses named ports beside networks, nodes and domain names. */
static void cluster_rule(test_cluster *c, np_rand *r, bool old, bool baseline, bool egress)
{
    static const char *const actions[] = {"Accept", "Deny", "Pass"};
    uint32_t action = np_rand_below(r, old && baseline ? 2 : 3);
    bool names = half(r);
    test_say(c, "{\"action\":\"%s\",\"%s\":[", old && action == 0 ? "Allow" : actions[action],
             egress ? "to" : "from");
    for (uint32_t n = np_rand_below(r, 2) + 1; n > 0; n--) {
        if (old && baseline && egress && !names)
            test_say(c, "{\"networks\":[\"%s\"]}", blocks[np_rand_below(r, COUNT(blocks))]);
        else
            cluster_peer(c, r, egress && !names);
        test_say(c, n > 1 ? "," : "]");
    }
    if (often(r)) {
        test_say(c, old ? ",\"ports\":[" : ",\"protocols\":[");
        for (uint32_t n = np_rand_below(r, 2) + 1; n > 0; n--) {
            cluster_port(c, r, old, names);
            test_say(c, n > 1 ? "," : "]");
        }
    }
    test_say(c, "}");
}

static void cluster_rules(test_cluster *c, np_rand *r, bool old, bool baseline, bool egress)
{
    test_say(c, ",\"%s\":[", egress ? "egress" : "ingress");
    for (uint32_t n = np_rand_below(r, 3) + 1; n > 0; n--) {
        cluster_rule(c, r, old, baseline, egress);
        test_say(c, n > 1 ? "," : "]");
    }
}

void test_object_cluster_policy(test_cluster *c, np_rand *r, uint32_t number)
{
    bool old = number % 3 == 2;
    bool baseline = old ? number == 2 : number % 4 == 1 || number % 4 == 3;
    const char *kind = !old       ? "ClusterNetworkPolicy"
                       : baseline ? "BaselineAdminNetworkPolicy"
                                  : "AdminNetworkPolicy";
    char name[16] = "default";
    if (!old || !baseline)
        snprintf(name, sizeof name, "c%u", number);
    test_say(c,
             "{\"apiVersion\":\"policy.networking.k8s.io/v1alpha%d\",\"kind\":\"%s\",\"metadata\":{"
             "\"name\":\"%s\"},\"spec\":{",
             old ? 1 : 2, kind, name);
    if (!old)
        test_say(c, "\"tier\":\"%s\",", baseline ? "Baseline" : "Admin");
    if (!old || !baseline)
        test_say(c, "\"priority\":%u,", np_rand_below(r, 4));
    test_say(c, "\"subject\":");
    namespaced_pods(c, r);
    if (often(r))
        cluster_rules(c, r, old, baseline, false);
    if (often(r))
        cluster_rules(c, r, old, baseline, true);
    test_say(c, "}}\n");
}

/* ---- what is there ---- */

void test_object_namespace(test_cluster *c, np_rand *r, uint32_t number)
{
    test_say(
        c,
        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"ns%u\",\"labels\":",
        number);
    test_labels(c, r, 3);
    test_say(c, "}}\n");
}

void test_object_node(test_cluster *c, np_rand *r, uint32_t number)
{
    test_say(c,
             "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n%u\",\"labels\":",
             number);
    test_labels(c, r, 2);
    test_say(c,
             "},\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"172.16.0.%u\"},"
             "{\"type\":\"InternalIP\",\"address\":\"fd01::%x\"}]}}\n",
             number + 1, number + 1);
}

static void container_ports(test_cluster *c, np_rand *r)
{
    test_say(c, "\"ports\":[");
    for (uint32_t n = np_rand_below(r, 3) + 1; n > 0; n--)
        test_say(c, "{\"name\":\"%s\",\"containerPort\":%d,\"protocol\":\"%s\"}%s",
                 port_names[np_rand_below(r, COUNT(port_names))],
                 ports[np_rand_below(r, COUNT(ports))], protocols[np_rand_below(r, 3)],
                 n > 1 ? "," : "]");
}

static void pod_spec(test_cluster *c, np_rand *r, unsigned features)
{
    bool host = (features & TEST_HOSTS) && np_rand_once_in(r, 6);
    test_say(c, "{\"nodeName\":\"n%u\",\"hostNetwork\":%s,\"containers\":[{\"name\":\"m\",",
             np_rand_below(r, c->n_nodes), host ? "true" : "false");
    container_ports(c, r);
    test_say(c, "}]");
    if ((features & TEST_HOSTS) && np_rand_once_in(r, 5)) {
        test_say(c, ",\"initContainers\":[{\"name\":\"s\",\"restartPolicy\":\"Always\",");
        container_ports(c, r);
        test_say(c, "}]");
    }
    test_say(c, "}");
}

static void pod_status(test_cluster *c, np_rand *r, uint32_t number)
{
    uint32_t kind = np_rand_below(r, 5);
    test_say(c, "{\"phase\":\"Running\",\"podIPs\":[");
    if (kind != 0)
        test_say(c, "{\"ip\":\"10.0.0.%u\"}", number + 1);
    if (kind < 3)
        test_say(c, "%s{\"ip\":\"fd00::%x\"}", kind ? "," : "", number + 1);
    test_say(c, "]}");
}

void test_object_pod(test_cluster *c, np_rand *r, uint32_t number, unsigned features)
{
    test_say(
        c,
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"pod%u\",\"namespace\":"
        "\"ns%u\",\"labels\":",
        number, number % c->n_namespaces);
    test_labels(c, r, 4);
    test_say(c, "},\"spec\":");
    pod_spec(c, r, features);
    if (!(features & TEST_REPLICAS) || often(r)) {
        test_say(c, ",\"status\":");
        pod_status(c, r, number);
    }
    test_say(c, "}\n");
}

static void workload(test_cluster *c, np_rand *r, uint32_t number, unsigned features)
{
    test_say(c,
             "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d%u\","
             "\"namespace\":\"ns%u\"},\"spec\":{\"replicas\":2,\"selector\":{},\"template\":{"
             "\"metadata\":{"
             "\"labels\":",
             number, np_rand_below(r, c->n_namespaces));
    test_labels(c, r, 3);
    test_say(c, "},\"spec\":");
    pod_spec(c, r, features);
    test_say(c, "}}}\n");
}

void test_cluster_make(test_cluster *c, np_rand *r, unsigned features)
{
    *c = (test_cluster){
        .n_namespaces = 1 + np_rand_below(r, 5), .n_pods = 1 + np_rand_below(r, 40), .n_nodes = 3};
    for (uint32_t i = 0; i < c->n_namespaces; i++)
        if (!(features & TEST_REPLICAS) || often(r))
            test_object_namespace(c, r, i);
    for (uint32_t i = 0; i < c->n_nodes; i++)
        test_object_node(c, r, i);
    for (uint32_t i = 0; i < c->n_pods; i++)
        test_object_pod(c, r, i, features);
    for (uint32_t i = np_rand_below(r, 3); (features & TEST_REPLICAS) && i > 0; i--)
        workload(c, r, i, features);
    for (uint32_t i = np_rand_below(r, 14); i > 0; i--)
        test_object_policy(c, r, i);
    for (uint32_t i = np_rand_below(r, 7); (features & TEST_TIERS) && i > 0; i--)
        test_object_cluster_policy(c, r, i);
}

/* ---- questions ---- */

static void address(const test_cluster *c, np_rand *r, uint8_t out[16])
{
    static const uint8_t outside4[][4] = {{192, 168, 1, 5}, {192, 168, 7, 9}, {8, 8, 8, 8},
                                          {10, 0, 1, 7},    {0, 0, 0, 0},     {10, 0, 0, 250}};
    memset(out, 0, 16);
    uint32_t kind = np_rand_below(r, 10);
    uint8_t low = (uint8_t)(1 + np_rand_below(r, c->n_pods));
    if (kind == 0 || kind == 1) { /* an IPv6 one */
        out[0] = 0xfd;
        out[1] = kind == 1 && np_rand_once_in(r, 4);
        out[15] = out[1] ? (uint8_t)(1 + np_rand_below(r, 3)) : low;
        return;
    }
    memset(out + 10, 0xff, 2);
    if (kind == 2)
        memcpy(out + 12, outside4[np_rand_below(r, COUNT(outside4))], 4);
    else if (kind == 3)
        memcpy(out + 12, (uint8_t[]){172, 16, 0, (uint8_t)(1 + np_rand_below(r, 3))}, 4);
    else
        memcpy(out + 12, (uint8_t[]){10, 0, 0, low}, 4);
}

static void side(const test_cluster *c, np_rand *r, size_t n_pods, uint8_t out[16], uint8_t *kind)
{
    *kind = NETPOL_BY_ADDRESS;
    if (n_pods == 0 || np_rand_once_in(r, 2)) {
        address(c, r, out);
        return;
    }
    static const uint8_t families[] = {0, 0, 4, 6};
    uint32_t pod = np_rand_below(r, (uint32_t)n_pods);
    *kind = NETPOL_BY_POD;
    memset(out, 0, 16);
    memcpy(out, &pod, sizeof pod);
    out[4] = families[np_rand_below(r, 4)];
}

netpol_flow test_flow(const test_cluster *c, np_rand *r, size_t n_pods)
{
    static const uint8_t numbers[] = {NETPOL_TCP, NETPOL_TCP,  NETPOL_TCP,
                                      NETPOL_UDP, NETPOL_SCTP, NETPOL_ICMP};
    netpol_flow f;
    memset(&f, 0, sizeof f);
    side(c, r, n_pods, f.src, &f.src_kind);
    side(c, r, n_pods, f.dst, &f.dst_kind);
    f.protocol = numbers[np_rand_below(r, np_rand_once_in(r, 4) ? COUNT(numbers) : 4)];
    f.port = (uint16_t)(np_rand_once_in(r, 6) ? np_rand_below(r, 65536)
                                              : (uint32_t)ports[np_rand_below(r, COUNT(ports))]);
    return f;
}
