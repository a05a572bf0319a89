/* SPDX-License-Identifier: MIT */
/* Do the policies do what they are for? Runs the tests of a scenario file one by one, and says
 * which rules none of them exercises.
 *
 *     scenario FILE
 *
 * Exits with 0 if all passed, 1 if not, 2 if the file cannot be run. */
#include <netpol.h>

#include <stdio.h>

static void print_result(const netpol_scenario_result *r)
{
    static const char *const words[] = {"", "passed", "failed", "no answer"};
    printf("%s: %s\n", words[r->outcome], r->name);
    if (r->outcome != NETPOL_PASSED)
        printf("%s:%u: %s\n%s", r->source, (unsigned)r->line, r->message, r->explanation);
}

static void print_untested(const netpol_scenario_report *report)
{
    for (size_t i = 0; i < netpol_scenario_report_rule_count(report); i++) {
        const netpol_rule_coverage *rule = netpol_scenario_report_rule_at(report, i);
        if (!rule->decided)
            printf("untested: %s, line %u\n", netpol_object_name(rule->policy),
                   (unsigned)rule->line);
    }
}

static void print_faults(const netpol_diagnostics *diags)
{
    for (size_t i = 0; i < netpol_diagnostics_count(diags); i++) {
        const netpol_diagnostic *d = netpol_diagnostics_at(diags, i);
        fprintf(stderr, "%s:%u: %s\n", d->source ? d->source : "", (unsigned)d->line, d->message);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: scenario FILE\n");
        return 2;
    }
    netpol_scenario *scenario = NULL;
    netpol_engine *engine = NULL;
    netpol_scenario_report *report = NULL;
    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    int code = 2;

    if (netpol_scenario_read(argv[1], NULL, &scenario, diags) ||
        netpol_scenario_compile(scenario, NULL, NETPOL_ENGINE_COMPILED, &engine, diags) ||
        netpol_scenario_run(scenario, engine, NETPOL_ALL_ITEMS, &report)) {
        print_faults(diags);
    } else {
        size_t n = netpol_scenario_report_count(report);
        for (size_t i = 0; i < n; i++)
            print_result(netpol_scenario_report_at(report, i));
        print_untested(report);
        code = netpol_scenario_report_outcomes(report, NETPOL_PASSED) == n ? 0 : 1;
    }

    netpol_scenario_report_free(report);
    netpol_engine_unref(engine);
    netpol_scenario_free(scenario);
    netpol_diagnostics_free(diags);
    return code;
}
