/* SPDX-License-Identifier: GPL-2.0-only
 * The table of orders. Most are only begun when the hypervisor answers: events tell the end. */
#include "tools/bulkheadd/orders.h"

#include <stddef.h>
#include <string.h>

static const struct order orders[] = {
    {"start", "guest", "user", "accepted", false, NULL},
    {"stop", "guest", "user", "accepted", false, NULL},
    {"restart", "guest", "user", "accepted", false, NULL},
    {"pause", "guest", "user", "accepted", false, NULL},
    {"resume", "guest", "user", "accepted", false, NULL},
    {"stop-device", "device", "0000:03:00.0", "accepted", false, NULL},
    {"return-device", "device", "0000:03:00.0", "accepted", false, NULL},
    {"cut", "network", "lan", "done", false, NULL},
    {"restore", "network", "lan", "done", false, NULL},
    {"log-level", "level", "info", "done", false, "events"},
    {"reboot", NULL, NULL, "accepted", true, NULL},
    {"poweroff", NULL, NULL, "accepted", true, NULL},
};

const struct order *order_find(const char *command)
{
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        if (strcmp(orders[i].command, command) == 0) {
            return &orders[i];
        }
    }
    return NULL;
}
