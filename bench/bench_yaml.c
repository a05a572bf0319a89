/* SPDX-License-Identifier: MIT */
/* How fast manifests are read and written: the bare event loop of libyaml, our typed reading
 * through it and through the plain scanner, and writing, turn by turn in one run; beside them Go's
 * typed decoder and PyYAML, where the commands given with --beside print their figures.
 *
 *   bench_yaml [--beside NAME=COMMAND]…       the tables
 *   bench_yaml make POLICIES                  generated manifests, on standard output
 *   bench_yaml once ROW FILE                  one turn of a row, to count instructions */
#include "netpol/manifests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <yaml.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void fail(const char *what)
{
    fprintf(stderr, "bench_yaml: %s\n", what);
    exit(3);
}

/* ---- generated manifests ---- */

static uint32_t below(uint64_t *state, uint32_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % n);
}

static const char *const apps[] = {"web",    "api",     "auth",  "cart",  "search",
                                   "orders", "billing", "cache", "queue", "worker"};
static const char *const tiers[] = {"frontend", "backend", "data", "infra"};
static const char *const teams[] = {"payments", "growth", "platform", "storage"};
static const char *const remarks[] = {"asked for by the team", "see the runbook",
                                      "remove after the migration", "reviewed in spring"};

#define PICK(s, list) (list)[below((s), COUNT(list))]

static void put_labels(FILE *f, uint64_t *s, int indent)
{
    fprintf(f, "%*smatchLabels:\n", indent, "");
    fprintf(f, "%*sapp: %s\n", indent + 2, "", PICK(s, apps));
    if (below(s, 2))
        fprintf(f, "%*stier: %s # %s\n", indent + 2, "", PICK(s, tiers), PICK(s, remarks));
}

static void put_expressions(FILE *f, uint64_t *s, int indent)
{
    fprintf(f, "%*smatchExpressions:\n", indent, "");
    fprintf(f, "%*s- key: team\n%*soperator: %s\n%*svalues:\n", indent, "", indent + 2, "",
            below(s, 3) ? "In" : "NotIn", indent + 2, "");
    for (uint32_t i = 0, n = 1 + below(s, 3); i < n; i++)
        fprintf(f, "%*s- %s\n", indent + 2, "", teams[i]);
}

static void put_peer(FILE *f, uint64_t *s)
{
    switch (below(s, 4)) {
    case 0:
        fprintf(f, "    - ipBlock:\n        cidr: 10.%u.0.0/16\n", below(s, 256));
        if (below(s, 2))
            fprintf(f, "        except:\n        - 10.0.%u.0/24\n", below(s, 256));
        return;
    case 1:
        fprintf(f,
                "    - namespaceSelector:\n        matchLabels:\n"
                "          kubernetes.io/metadata.name: space-%u\n",
                below(s, 100));
        fprintf(f, "      podSelector:\n");
        break;
    default:
        fprintf(f, "    - podSelector:\n");
    }
    if (below(s, 3))
        put_labels(f, s, 8);
    else
        put_expressions(f, s, 8);
}

static void put_port(FILE *f, uint64_t *s)
{
    fprintf(f, "    - protocol: %s\n", below(s, 5) ? "TCP" : "UDP");
    if (below(s, 4))
        fprintf(f, "      port: %u\n", 1024 + below(s, 60000));
    else
        fprintf(f, "      port: metrics # %s\n", PICK(s, remarks));
}

static void put_rule(FILE *f, uint64_t *s, const char *peers)
{
    if (below(s, 2))
        fprintf(f, "  # %s: %s, %s\n", PICK(s, apps), PICK(s, remarks), PICK(s, remarks));
    fprintf(f, "  - %s:\n", peers);
    for (uint32_t i = 1 + below(s, 2); i > 0; i--)
        put_peer(f, s);
    fprintf(f, "    ports:\n");
    for (uint32_t i = 1 + below(s, 2); i > 0; i--)
        put_port(f, s);
}

static void put_policy(FILE *f, uint64_t *s, uint32_t number)
{
    const char *app = PICK(s, apps);
    fprintf(f, "# Policy %u: what may reach %s.\n# %s.\n", number, app, PICK(s, remarks));
    fprintf(f, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n");
    fprintf(f, "  name: allow-%s-%u\n  namespace: space-%u\n", app, number, below(s, 100));
    fprintf(f, "  labels:\n    app.kubernetes.io/name: %s\n    team: %s\n", app, PICK(s, teams));
    fprintf(f, "  annotations:\n    example.com/note: \"%s\"\n", PICK(s, remarks));
    fprintf(f, "spec:\n  podSelector:\n");
    put_labels(f, s, 4);
    fprintf(f, "  policyTypes:\n  - Ingress\n  - Egress\n  ingress:\n");
    for (uint32_t i = 1 + below(s, 2); i > 0; i--)
        put_rule(f, s, "from");
    fprintf(f, "  egress:\n");
    put_rule(f, s, "to");
}

typedef struct input {
    char *p;
    size_t n;
} input;

static input make_input(uint32_t policies)
{
    input in = {0};
    uint64_t state = 1;
    FILE *f = open_memstream(&in.p, &in.n);
    for (uint32_t i = 0; f && i < policies; i++) {
        if (i)
            fprintf(f, "---\n");
        put_policy(f, &state, i);
    }
    if (!f || fclose(f) != 0)
        fail("no memory");
    return in;
}

/* ---- rows ---- */

/* What a row works on. */
typedef struct subject {
    input in;
    netpol_manifests *read; /* what is to be written */
} subject;

static void read_bare(const subject *s)
{
    yaml_parser_t parser;
    yaml_event_t e;
    if (!yaml_parser_initialize(&parser))
        fail("no memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)s->in.p, s->in.n);
    for (bool over = false; !over; yaml_event_delete(&e)) {
        if (!yaml_parser_parse(&parser, &e))
            fail("libyaml refuses the manifests");
        over = e.type == YAML_STREAM_END_EVENT;
    }
    yaml_parser_delete(&parser);
}

static netpol_manifests *read_typed(const input *in, const netpol_options *o)
{
    netpol_manifests *m = NULL;
    if (netpol_manifests_new(o, &m) != NETPOL_OK ||
        netpol_manifests_read_memory(m, "bench", in->p, in->n, NULL) != NETPOL_OK)
        fail("the library refuses the manifests");
    return m;
}

static void read_through_libyaml(const subject *s)
{
    netpol_options o = {.size = sizeof o, .flags = NETPOL_ONLY_LIBYAML};
    netpol_manifests_free(read_typed(&s->in, &o));
}

static void read_plainly(const subject *s)
{
    netpol_manifests_free(read_typed(&s->in, NULL));
}

static netpol_status ignore(void *ctx, const char *bytes, size_t n)
{
    (void)bytes;
    *(size_t *)ctx += n;
    return NETPOL_OK;
}

static void write_all(const subject *s)
{
    size_t written = 0;
    netpol_sink sink = {ignore, &written};
    for (size_t i = 0; i < netpol_manifests_count(s->read); i++)
        if (netpol_object_write(netpol_manifests_at(s->read, i), NETPOL_FORMAT_YAML, 0, &sink) !=
            NETPOL_OK)
            fail("a policy cannot be written");
}

static const struct row {
    const char *word;
    const char *title;
    void (*run)(const subject *s);
} rows[] = {
    {"floor", "bare libyaml event loop", read_bare},
    {"libyaml", "typed reading through libyaml", read_through_libyaml},
    {"plain", "typed reading, plain scanner", read_plainly},
    {"write", "canonical writing", write_all},
};

/* ---- measuring ---- */

enum { ROUNDS = 15 };

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *at, size_t n)
{
    qsort(at, n, sizeof *at, compare);
    return at[n / 2];
}

static double seconds_of(const struct row *r, const subject *s, uint32_t times)
{
    double start = now();
    for (uint32_t i = 0; i < times; i++)
        r->run(s);
    return (now() - start) / times;
}

/* Medians over the rounds: of the seconds, and of the ratios to the first row of the same round. */
typedef struct measured {
    double seconds[COUNT(rows)];
    double ratio[COUNT(rows)];
} measured;

static measured measure(const subject *s, uint32_t times)
{
    double seconds[COUNT(rows)][ROUNDS], ratios[COUNT(rows)][ROUNDS];
    measured m;
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < COUNT(rows); i++) {
            seconds[i][round] = seconds_of(&rows[i], s, times);
            ratios[i][round] = seconds[i][round] / seconds[0][round];
        }
    for (size_t i = 0; i < COUNT(rows); i++) {
        m.seconds[i] = median(seconds[i], ROUNDS);
        m.ratio[i] = median(ratios[i], ROUNDS);
    }
    return m;
}

/* ---- memory ---- */

typedef struct counted {
    netpol_allocator allocator;
    size_t live;
    size_t calls;
} counted;

static void *resize(void *ctx, void *old, size_t old_size, size_t new_size, size_t align)
{
    counted *c = ctx;
    (void)align;
    c->live += new_size - old_size;
    c->calls += new_size > 0;
    if (new_size)
        return realloc(old, new_size);
    free(old);
    return NULL;
}

static void show_memory(const input *in, uint32_t policies)
{
    counted c = {.allocator = {resize, &c}};
    netpol_options o = {.size = sizeof o, .allocator = &c.allocator};
    netpol_manifests *m = read_typed(in, &o);
    printf("%-34s %8.0f bytes, %.2f allocations\n", "memory of a policy", (double)c.live / policies,
           (double)c.calls / policies);
    netpol_manifests_free(m);
}

/* ---- others ---- */

/* A command that is given the file's name prints lines of a title, a tab, and the seconds. */
static void show_beside(const char *beside, const char *file, const measured *m)
{
    char line[256], command[1024];
    const char *equals = strchr(beside, '=');
    if (!equals)
        fail("--beside NAME=COMMAND");
    (void)snprintf(command, sizeof command, "%s %s", equals + 1, file);
    FILE *f = popen(command, "r");
    while (f && fgets(line, sizeof line, f)) {
        char *tab = strchr(line, '\t');
        double seconds = tab ? atof(tab + 1) : 0;
        bool writes = strstr(line, "Marshal") && !strstr(line, "Unmarshal");
        if (!tab || seconds <= 0)
            continue;
        *tab = '\0';
        printf("%-34s %8.2f x the floor, %6.1f x ours\n", line, seconds / m->seconds[0],
               seconds / m->seconds[writes ? 3 : 2]);
    }
    if (!f || pclose(f) != 0)
        printf("%.*s: not there\n", (int)(equals - beside), beside);
}

static void save(const char *file, const input *in)
{
    FILE *f = fopen(file, "w");
    if (!f || fwrite(in->p, 1, in->n, f) != in->n || fclose(f) != 0)
        fail("the manifests cannot be saved");
}

static void show_size(uint32_t policies, char **beside, int n)
{
    subject s = {.in = make_input(policies)};
    s.read = read_typed(&s.in, NULL);
    printf("\n%u policies, %zu bytes\n", policies, s.in.n);
    uint32_t times = policies < 100 ? 1000 : policies < 10000 ? 10 : 1;
    measured m = measure(&s, times);
    for (size_t i = 0; i < COUNT(rows); i++)
        printf("%-34s %8.3f x the floor, %6.1f MB/s\n", rows[i].title, m.ratio[i],
               (double)s.in.n / m.seconds[i] / 1e6);
    show_memory(&s.in, policies);
    char file[] = "/tmp/bench-yaml-XXXXXX";
    int fd = n ? mkstemp(file) : -1;
    if (fd >= 0)
        save(file, &s.in);
    for (int i = 0; fd >= 0 && i < n; i++)
        show_beside(beside[i], file, &m);
    if (fd >= 0)
        (void)remove(file);
    netpol_manifests_free(s.read);
    free(s.in.p);
}

/* ---- the command ---- */

static input load(const char *file)
{
    input in = {0};
    FILE *f = fopen(file, "r");
    if (!f || fseek(f, 0, SEEK_END) != 0)
        fail("the file cannot be read");
    in.n = (size_t)ftell(f);
    in.p = malloc(in.n + 1);
    rewind(f);
    if (!in.p || fread(in.p, 1, in.n, f) != in.n)
        fail("the file cannot be read");
    (void)fclose(f);
    return in;
}

/* "none" does what all rows have in common, which a counter of instructions subtracts. */
static int run_once(const char *word, const char *file)
{
    subject s = {.in = load(file)};
    if (strcmp(word, "write") == 0 || strcmp(word, "none-write") == 0)
        s.read = read_typed(&s.in, NULL);
    for (size_t i = 0; i < COUNT(rows); i++)
        if (strcmp(word, rows[i].word) == 0)
            rows[i].run(&s);
    netpol_manifests_free(s.read);
    free(s.in.p);
    return 0;
}

static int print_input(uint32_t policies)
{
    input in = make_input(policies);
    (void)fwrite(in.p, 1, in.n, stdout);
    free(in.p);
    return 0;
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = {1, 100, 10000};
    char *beside[8];
    int n = 0;
    if (argc == 3 && strcmp(argv[1], "make") == 0)
        return print_input((uint32_t)atoi(argv[2]));
    if (argc == 4 && strcmp(argv[1], "once") == 0)
        return run_once(argv[2], argv[3]);
    for (int i = 1; i + 1 < argc && n < 8; i += 2)
        if (strcmp(argv[i], "--beside") == 0)
            beside[n++] = argv[i + 1];
    for (size_t i = 0; i < COUNT(sizes); i++)
        show_size(sizes[i], beside, n);
    return 0;
}
