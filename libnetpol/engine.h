/* SPDX-License-Identifier: MIT */
/* engine owns what verdicts are asked of: a picture of the cluster and the choices that it is read
 * with, counted and immutable. It does not know how the picture is read. */
#ifndef NP_ENGINE_H
#define NP_ENGINE_H

#include "program.h"
#include "reference.h"

#include <stdatomic.h>

struct netpol_engine {
    _Atomic uint32_t refs;
    netpol_allocator alloc;
    np_snapshot *snapshot;
    netpol_semantics semantics;
    int32_t machinery;   /* NETPOL_ENGINE_… */
    np_program *program; /* NULL: the reference answers */
};

/* Judges a packet by the engine's own machinery, as far as a flow can say what the packet is. */
netpol_verdict np_engine_judge(const netpol_engine *e, const np_packet *packet);

/* A pod by its name, by "name[Kind]", or by the name of a workload that is there as replicas;
 * `space` NULL or "": the default namespace. NP_NONE: there is none. */
uint32_t np_engine_find_pod(const netpol_engine *e, const char *space, const char *name);

/* The number of a port that the pod names so; 0: none. Containers go before sidecars. */
uint16_t np_pod_port_number(const np_pod *p, const char *name, uint8_t protocol);

/* "web[Deployment]" in two, with kind as reports write it; false: not of this form. */
bool np_split_kind(np_slice text, np_slice *name, np_slice *kind);

#endif
