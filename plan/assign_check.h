/* SPDX-License-Identifier: GPL-2.0-only
 * Which functions of the machine may be given to guests: refusal rules, each by name and with its fix. Pure. */
#ifndef BULKHEAD_PLAN_ASSIGN_CHECK_H
#define BULKHEAD_PLAN_ASSIGN_CHECK_H

#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "plan/machine.h"
#include "plan/plan_devices.h"

/* With those of plan/plan_devices.h. */
enum assign_diag {
    ASSIGN_DIAG_MULTIFUNCTION = 603, /* part of a multifunction device */
    ASSIGN_DIAG_PLACE = 604,         /* neither behind a root port of its own nor an edu device */
    ASSIGN_DIAG_SHARED_PORT = 605,   /* others behind the same root port */
};

struct assign_request {
    struct sbdf function;
    uint32_t gsi;          /* of its INTx# ... */
    const char *gsi_where; /* ... and where that is written; NULL: it is not configured */
    bool gsi_reachable;    /* an I/O APIC whose interrupts are remapped has it */
    unsigned guest;        /* number of the guest that asks */
    const char *where;     /* "guests.toml:12:9" */
};

struct assign_limits {
    bool remapping;        /* every unit remaps interrupts */
    uint16_t console_port; /* of the hypervisor's UART; 0: none */
    uint32_t console_gsi;  /* its line; UINT32_MAX: none */
    size_t functions_max;  /* a guest */
    uint64_t low_bytes;    /* BAR window below 4 GiB; its start is a multiple of its size */
    uint64_t high_bytes;   /* BAR window above RAM; its start is a multiple of 1 GiB */
};

/* All requests of all guests. STATUS_UNSUPPORTED: some are refused, every reason is in diags. */
MUST_CHECK enum status assign_check(const struct machine *m, const struct assign_limits *limits,
                                    const struct assign_request *requests, size_t count, struct diag_list *diags);

#endif
