/* SPDX-License-Identifier: GPL-2.0-only
 * Commands that change something, and what each acts upon. */
#ifndef BULKHEAD_AGENT_ORDERS_H
#define BULKHEAD_AGENT_ORDERS_H

#include <stdbool.h>

struct order {
    const char *command;
    const char *member;  /* of the request, for its target; NULL: the machine */
    const char *example; /* a target */
    const char *done;    /* what to say when the hypervisor took it */
    bool asks;           /* a person at a terminal confirms it */
    const char *extra;   /* of the request, for an option of that name; NULL: none */
};

/* NULL: no such command. */
const struct order *order_find(const char *command);

#endif
