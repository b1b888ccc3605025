/* SPDX-License-Identifier: GPL-2.0-only
 * Reading the list of targets. */
#include "tests/guest/attest/targets.h"

#include "kernel/lib/string.h"
#include "tests/guest/lib/machine.h"

static const char *list(void)
{
    for (const char *p = machine_cmdline(); *p != '\0'; p++) {
        if (strncmp(p, "targets=", 8) == 0) {
            return p + 8;
        }
    }
    return "";
}

/* -1: no hexadecimal digit */
static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool attest_target(unsigned index, uint64_t *at)
{
    for (const char *p = list(); strncmp(p, "0x", 2) == 0;) {
        uint64_t value = 0;
        for (p += 2; digit(*p) >= 0; p++) {
            value = value << 4 | (uint64_t)digit(*p);
        }
        if (index-- == 0) {
            *at = value;
            return true;
        }
        p += *p == ',';
    }
    return false;
}
