/* SPDX-License-Identifier: MIT */
/* The commands, each in a file of its own: netpol_check.c, netpol_convert.c, … */
#ifndef NETPOL_COMMANDS_H
#define NETPOL_COMMANDS_H

#include "netpol_args.h"

extern const command bench_command;
extern const command check_command;
extern const command convert_command;
extern const command edit_command;
extern const command eval_command;
extern const command explain_command;
extern const command list_command;
extern const command test_command;

#endif
