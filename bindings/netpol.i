/* SPDX-License-Identifier: MIT */
/* What every language wraps: the public headers as they are, so that no list of functions is kept by
 * hand, and small functions where a header takes a struct of options.
 *
 * A language's own .i file names the module and includes this file; before that it says by typemaps
 * what its words are for:
 *   netpol_status                        what failure looks like; _global_diags has what was found
 *   const char *                         text, or NULL
 *   const char *text, size_t n           text with its length (bytes and line are called so too)
 *   const char *const *words, size_t n   a list of texts
 *   const netpol_options *options        NETPOL_LENIENT, … as an integer
 *   const netpol_sink *to                argout alone: text$argnum is what was written
 *   netpol_diagnostics **found           argout alone: found$argnum as a list
 *   const netpol_diagnostics *           as a result: a list
 *   const netpol_object *                as a result: a handle with a reference of its own, or nothing
 *   NETPOL_RESULT(type)                  `type **out`: a handle that owns what *out points to
 */
%{
#include "netpol.h"

#include <stdlib.h>
#include <string.h>

/* Functions with diagnostics have a local variable of this name; the others see this one. */
static netpol_diagnostics *const _global_diags = NULL;

/* What a sink was given. */
typedef struct collected {
    char *p;
    size_t n;
    size_t room;
} collected;

static netpol_status collect(void *ctx, const char *bytes, size_t n)
{
    collected *c = ctx;
    if (n > c->room - c->n) {
        size_t room = c->n + n > 2 * c->room ? c->n + n : 2 * c->room;
        char *p = realloc(c->p, room);
        if (!p)
            return NETPOL_NO_MEMORY;
        c->p = p;
        c->room = room;
    }
    if (n)
        memcpy(c->p + c->n, bytes, n);
    c->n += n;
    return NETPOL_OK;
}
%}

%include <stdint.i>
%include <typemaps.i>
%include <exception.i>

/* ---- parameters that no language sees ---- */

%typemap(in, numinputs=0, noblock=1) netpol_diagnostics *diags
    (netpol_diagnostics *_global_diags = NULL) {
    _global_diags = netpol_diagnostics_new(NULL);
    $1 = _global_diags;
}
%typemap(freearg, noblock=1) netpol_diagnostics *diags {
    netpol_diagnostics_free(_global_diags);
}

%typemap(in, numinputs=0, noblock=1) netpol_diagnostics **found (netpol_diagnostics *found = NULL) {
    $1 = &found;
}
%typemap(freearg, noblock=1) netpol_diagnostics **found {
    netpol_diagnostics_free(found$argnum);
}

%typemap(in, numinputs=0, noblock=1) const netpol_sink *to
    (collected text = {NULL, 0, 0}, netpol_sink sink) {
    sink.write = collect;
    sink.ctx = &text;
    $1 = &sink;
}
%typemap(freearg, noblock=1) const netpol_sink *to {
    free(text$argnum.p);
}

%apply unsigned int *OUTPUT { uint32_t *pod, uint32_t *line, uint32_t *column }
%apply size_t *OUTPUT { size_t *invalid }
%apply bool *OUTPUT { bool *inside }

/* ---- names ---- */

%rename("%(strip:[netpol_])s") "";
%rename("%(strip:[NETPOL_])s", %$isenumitem) "";

/* Handles end by themselves; trees and structs of options are for C. */
%rename("$ignore", regextarget=1, fullname=1, %$isfunction)
    "_(free|ref|unref|tree|clear)$|^netpol_object_(from_.*|metadata|policy|pod|node|service|workload|endpoint_slice|endpoints|cluster_policy)$";
%rename("$ignore", regextarget=1, fullname=1, %$isclass)
    "^netpol_(allocator|options|sink|edit|question|(list|check|cluster)_options|document_info|decision|diagnostic|flow|verdict|semantics|scenario_(item|result)|rule_coverage)$";
%ignore netpol_diagnostics_new;
%ignore netpol_diagnostics_count;
%ignore netpol_diagnostics_dropped;
%ignore netpol_diagnostics_at;
%ignore netpol_manifests_document_at;
%ignore netpol_manifests_text;
%ignore netpol_document_text;
%ignore netpol_document_edit;
%ignore netpol_label_selector_matches;
%ignore netpol_label_selector_format;
%ignore netpol_ip_block_contains;
%ignore netpol_cluster_new;
%ignore netpol_engine_ask;
%ignore netpol_engine_list;
%ignore netpol_engine_explain;
%ignore netpol_engine_verdict;
%ignore netpol_engine_verdicts;
%ignore netpol_flow_parse;
%ignore netpol_explanation_verdict;
%ignore netpol_explanation_decision;
%ignore netpol_manifests_check;
%ignore netpol_object_validate;
%ignore netpol_semantics_preset;
%ignore netpol_scenario_at;
%ignore netpol_scenario_run;
%ignore netpol_scenario_write;
%ignore netpol_scenario_report_at;
%ignore netpol_scenario_report_rule_at;
%ignore NETPOL_ALL_ITEMS;

/* ---- handles: classes without members, whose end gives the reference back ---- */

%define NETPOL_HANDLE(type, name, give_back)
%rename(name) type;
%nodefaultctor type;
struct type {};
%extend type { ~type() { give_back($self); } }
%typemap(check, noblock=1) const type *, type * {
    if (!$1)
        SWIG_exception(SWIG_ValueError, "there must be a " #type);
}
NETPOL_RESULT(type)
%enddef

NETPOL_HANDLE(netpol_object, Object, netpol_object_unref)
NETPOL_HANDLE(netpol_manifests, Manifests, netpol_manifests_free)
NETPOL_HANDLE(netpol_document, Document, netpol_document_free)
NETPOL_HANDLE(netpol_selector, Selector, netpol_selector_free)
NETPOL_HANDLE(netpol_cluster, Cluster, netpol_cluster_free)
NETPOL_HANDLE(netpol_engine, Engine, netpol_engine_unref)
NETPOL_HANDLE(netpol_answer, Answer, netpol_answer_free)
NETPOL_HANDLE(netpol_scenario, Scenario, netpol_scenario_free)
NETPOL_HANDLE(netpol_scenario_report, ScenarioReport, netpol_scenario_report_free)
%typemap(check) const netpol_object *old, const netpol_manifests *more "";

/* ---- the headers ---- */

%include "netpol/base.h"
%include "netpol/diagnostics.h"
%include "netpol/object.h"
%include "netpol/manifests.h"
%include "netpol/document.h"
%include "netpol/selector.h"
%include "netpol/cluster.h"
%include "netpol/engine.h"
%include "netpol/question.h"
%include "netpol/scenario.h"

/* ---- functions that take structs in C ---- */

%inline %{
/* An empty cluster; semantics: the name of a preset. */
static netpol_status cluster_new(const char *semantics, const char *default_namespace,
                                 const char *const *node_addresses, size_t n_node_addresses,
                                 const char *const *resolve, size_t n_resolve,
                                 const netpol_options *options, netpol_cluster **out,
                                 netpol_diagnostics *diags)
{
    netpol_semantics chosen = {.size = sizeof chosen};
    netpol_cluster_options how = {.size = sizeof how,
                                  .semantics = &chosen,
                                  .default_namespace = default_namespace,
                                  .node_addresses = node_addresses,
                                  .n_node_addresses = n_node_addresses,
                                  .resolve = resolve,
                                  .n_resolve = n_resolve};
    netpol_status s = netpol_semantics_preset(semantics, &chosen);
    return s == NETPOL_OK ? netpol_cluster_new(&how, options, out, diags) : s;
}

static netpol_status engine_ask(const netpol_engine *engine, const char *src, const char *dst,
                                const char *protocol, const char *port, const char *namespace_name,
                                int family, bool all_presets, netpol_answer **out,
                                netpol_diagnostics *diags)
{
    netpol_question question = {.size = sizeof question,
                                .src = src,
                                .dst = dst,
                                .protocol = protocol,
                                .port = port,
                                .namespace_name = namespace_name,
                                .family = family,
                                .all_presets = all_presets};
    return netpol_engine_ask(engine, &question, out, diags);
}

static netpol_status engine_list(const netpol_engine *engine, const char *focus, bool pods,
                                 bool self, int32_t format, const netpol_options *options,
                                 const netpol_sink *to, netpol_diagnostics *diags)
{
    netpol_list_options how = {.size = sizeof how, .focus = focus, .pods = pods, .self = self};
    if (options)
        how.keep_going = options->keep_going;
    return netpol_engine_list(engine, &how, format, to, diags);
}

static netpol_status manifests_check(const netpol_manifests *manifests, const char *kind,
                                     const netpol_options *options, int32_t format,
                                     const netpol_sink *to)
{
    netpol_check_options how = {.size = sizeof how, .kind = kind};
    if (options)
        how.flags = options->flags & (NETPOL_TOLERANT_CIDR | NETPOL_STANDARD_CHANNEL);
    return netpol_manifests_check(manifests, &how, format, to, NULL);
}

/* What the API server would say; an invalid object is an answer here, not a failure. */
static netpol_status object_validate(const netpol_object *object, const netpol_object *old,
                                     const netpol_options *options, netpol_diagnostics **found)
{
    *found = netpol_diagnostics_new(NULL);
    if (!*found)
        return NETPOL_NO_MEMORY;
    netpol_status s = netpol_object_validate(object, old, options, *found);
    return s == NETPOL_INVALID ? NETPOL_OK : s;
}

static netpol_status document_edit(netpol_document *document, size_t index, int32_t action,
                                   const char *path, const char *value, netpol_diagnostics *diags)
{
    netpol_edit edit = {.action = action, .path = path, .value = value};
    return netpol_document_edit(document, index, &edit, 1, diags);
}

static netpol_status document_text(const netpol_document *document, const netpol_sink *to)
{
    size_t n = 0;
    const char *text = netpol_document_text(document, &n);
    return to->write(to->ctx, text, n);
}

static netpol_status selector_format(const netpol_selector *selector, const netpol_sink *to)
{
    return netpol_label_selector_format(netpol_selector_tree(selector), to);
}

/* What an item is called, what it is and where it begins; NULL and 0 past the last. */
static const char *scenario_item_name(const netpol_scenario *scenario, size_t item)
{
    const netpol_scenario_item *x = netpol_scenario_at(scenario, item);
    return x ? x->name : NULL;
}

static int32_t scenario_item_kind(const netpol_scenario *scenario, size_t item)
{
    const netpol_scenario_item *x = netpol_scenario_at(scenario, item);
    return x ? x->kind : 0;
}

static uint32_t scenario_item_line(const netpol_scenario *scenario, size_t item)
{
    const netpol_scenario_item *x = netpol_scenario_at(scenario, item);
    return x ? x->line : 0;
}

/* Runs one item; -1: all. */
static netpol_status scenario_run(const netpol_scenario *scenario, const netpol_engine *engine,
                                  int32_t item, netpol_scenario_report **out)
{
    return netpol_scenario_run(scenario, engine, item < 0 ? NETPOL_ALL_ITEMS : (size_t)item, out);
}

static netpol_status scenario_report_write(const netpol_scenario_report *report, int32_t format,
                                           uint32_t flags, const netpol_sink *to)
{
    return netpol_scenario_write(&report, 1, format, flags, to);
}
%}
