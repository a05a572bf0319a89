/* SPDX-License-Identifier: MIT */
/**
 * @file netpol.h
 * libnetpol: Kubernetes NetworkPolicy as a C library.
 *
 * Include this one header; it brings the rooms below in the order in which a program meets them:
 * text in (manifests), typed objects (model, object), selectors, a cluster, an engine, verdicts.
 *
 * Three words say who owns what, everywhere:
 *   owned     out-parameters and results of `_new`; give them back with the matching `_free`/`_unref`;
 *   borrowed  what fields and getters reach; lives as long as the object it was reached through;
 *   copied    what you pass in; the library keeps no pointer of yours after a call returns.
 *
 * On failure outputs are untouched. Every `netpol_diagnostics *` parameter may be NULL.
 */
#ifndef NETPOL_H
#define NETPOL_H

#include "netpol/base.h"
#include "netpol/diagnostics.h"
#include "netpol/model.h"
#include "netpol/object.h"
#include "netpol/manifests.h"
#include "netpol/document.h"
#include "netpol/selector.h"
#include "netpol/cluster.h"
#include "netpol/engine.h"
#include "netpol/live.h"
#include "netpol/question.h"
#include "netpol/scenario.h"

#endif
