/* SPDX-License-Identifier: GPL-2.0-only
 * Words for status values. */
#include "kernel/lib/status.h"

const char *status_text(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_NO_MEMORY:
        return "out of memory";
    case STATUS_TIMEOUT:
        return "timeout";
    case STATUS_BAD_FORMAT:
        return "bad format";
    case STATUS_OUT_OF_RANGE:
        return "out of range";
    case STATUS_NOT_FOUND:
        return "not found";
    case STATUS_UNSUPPORTED:
        return "not supported";
    case STATUS_CONFLICT:
        return "conflict";
    case STATUS_HARDWARE:
        return "hardware error";
    }
    return "unknown status";
}
