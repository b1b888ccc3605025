/* SPDX-License-Identifier: GPL-2.0-only
 * What all commands say alike. */
#include "tools/bulkhead/command.h"

#include <stdarg.h>
#include <stdio.h>

int command_usage_error(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("bulkhead: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    return COMMAND_USAGE;
}
