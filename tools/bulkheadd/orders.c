/* SPDX-License-Identifier: GPL-2.0-only
 * The table of orders. Most are only begun when the hypervisor answers: events tell the end. */
#include "tools/bulkheadd/orders.h"

#include <stddef.h>
#include <string.h>

static const struct order orders[] = {
    {"start", "guest", "user", "accepted", false},
    {"stop", "guest", "user", "accepted", false},
    {"restart", "guest", "user", "accepted", false},
    {"pause", "guest", "user", "accepted", false},
    {"resume", "guest", "user", "accepted", false},
    {"stop-device", "device", "0000:03:00.0", "accepted", false},
    {"return-device", "device", "0000:03:00.0", "accepted", false},
    {"cut", "network", "lan", "done", false},
    {"restore", "network", "lan", "done", false},
    {"log-level", "level", "info", "done", false},
    {"reboot", NULL, NULL, "accepted", true},
    {"poweroff", NULL, NULL, "accepted", true},
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
