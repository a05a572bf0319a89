/* SPDX-License-Identifier: MIT */
#include "netpol/base.h"

#include <string.h>

uint32_t netpol_version(void)
{
    return NETPOL_VERSION;
}

const char *netpol_version_text(void)
{
    return "0.1.0";
}

bool netpol_has_feature(const char *name)
{
    static const char *const features[] = {"networkpolicy", "clusternetworkpolicy",
                                           "selector",      "validate",
                                           "document",      "reference",
                                           "compiled",      "live",
#ifndef NETPOL_WITHOUT_CYAML
                                           "scenario",
#endif
    };
    for (size_t i = 0; name && i < sizeof features / sizeof *features; i++)
        if (strcmp(name, features[i]) == 0)
            return true;
    return false;
}

const char *netpol_status_name(netpol_status status)
{
    static const char *const names[] = {"ok",        "invalid", "not found", "limit",
                                        "no memory", "i/o",     "misuse",    "cancelled"};
    return status >= 0 && (size_t)status < sizeof names / sizeof *names ? names[status] : "unknown";
}
