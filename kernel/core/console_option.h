/* SPDX-License-Identifier: GPL-2.0-only
 * Where the serial console is: the text of console=com1,115200 and of [system] console. Pure. */
#ifndef BULKHEAD_CORE_CONSOLE_OPTION_H
#define BULKHEAD_CORE_CONSOLE_OPTION_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct console_option {
    uint16_t port; /* first of the 16550's eight ports; 0: no console */
    uint32_t baud; /* divides 115200 */
};

/* com1 at 115200 baud. */
struct console_option console_option_default(void);

/* "com1".."com4", "0x3f8" or "none", optionally ",BAUD". STATUS_BAD_FORMAT when it is anything else;
 * STATUS_OUT_OF_RANGE for a port below 0x100 or above 0xfff8, or a rate that does not divide 115200. */
MUST_CHECK enum status console_option_parse(const char *text, struct console_option *out);

#endif
