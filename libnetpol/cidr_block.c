/* SPDX-License-Identifier: MIT */
/* The public question whether an ipBlock holds an address. */
#include "cidr.h"
#include "diag.h"

#include "netpol/selector.h"

static netpol_status refuse(netpol_diagnostics *diags, int32_t code, const char *what,
                            const char *text)
{
    np_diag(diags, code, NULL, NULL, NULL, "\"%s\" is no %s", text ? text : "", what);
    return NETPOL_INVALID;
}

static bool parse_block(const char *text, np_cidr *out)
{
    return text && np_cidr_parse(np_slice_of(text), out);
}

netpol_status netpol_ip_block_contains(const netpol_ip_block *block, const char *address,
                                       bool *inside, netpol_diagnostics *diags)
{
    if (!block || !address || !inside || (!block->exceptions && block->n_exceptions))
        return NETPOL_MISUSE;
    np_ip ip;
    if (!np_ip_parse(np_slice_of(address), &ip))
        return refuse(diags, NP_CODE_ADDRESS_TEXT, "IP address", address);
    np_cidr cidr;
    if (!parse_block(block->cidr, &cidr))
        return refuse(diags, NP_CODE_BLOCK_TEXT, "address block", block->cidr);
    bool in = np_cidr_contains(&cidr, &ip);
    for (size_t i = 0; i < block->n_exceptions; i++) {
        np_cidr hole;
        if (!parse_block(block->exceptions[i], &hole))
            return refuse(diags, NP_CODE_BLOCK_TEXT, "address block", block->exceptions[i]);
        if (np_cidr_contains(&hole, &ip))
            in = false;
    }
    *inside = in;
    return NETPOL_OK;
}
