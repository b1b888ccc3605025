/* SPDX-License-Identifier: GPL-2.0-only
 * Which functions of the machine may be given to guests: refusal rules, each by name and with its fix. Pure. */
#ifndef BULKHEAD_PLAN_ASSIGN_CHECK_H
#define BULKHEAD_PLAN_ASSIGN_CHECK_H

#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "plan/machine.h"

/* Codes BH0600 to BH0619. */
enum assign_diag {
    ASSIGN_DIAG_ABSENT = 600,        /* nothing answers at that address */
    ASSIGN_DIAG_TWICE = 601,         /* named twice */
    ASSIGN_DIAG_BRIDGE = 602,        /* a bridge */
    ASSIGN_DIAG_MULTIFUNCTION = 603, /* part of a multifunction device */
    ASSIGN_DIAG_PLACE = 604,         /* neither behind a root port of its own nor an edu device */
    ASSIGN_DIAG_SHARED_PORT = 605,   /* others behind the same root port */
    ASSIGN_DIAG_NO_UNIT = 606,       /* no remapping unit covers it */
    ASSIGN_DIAG_NO_REMAPPING = 607,  /* interrupts are not remapped */
    ASSIGN_DIAG_BLOCKED = 608,       /* blocked for what firmware did (drivers/pci.h) */
    ASSIGN_DIAG_RESERVED = 609,      /* firmware reserves memory for it (RMRR) */
    ASSIGN_DIAG_BAR_SMALL = 610,     /* a BAR shares its page with others' registers */
    ASSIGN_DIAG_BAR_UNSET = 611,     /* a BAR without an address */
    ASSIGN_DIAG_BAR_FIT = 612,       /* the guest's BAR windows are too small */
    ASSIGN_DIAG_CONSOLE = 613,       /* the hypervisor's own console */
    ASSIGN_DIAG_TOO_MANY = 614,      /* more devices than a guest's bus has places for */
    ASSIGN_DIAG_NO_INTERRUPT = 615,  /* a device without MSI whose line is not configured */
    ASSIGN_DIAG_NO_PIN = 616,        /* a line is configured for a device that has no INTx# */
    ASSIGN_DIAG_LINE_SHARED = 617,   /* two devices, or a device and the console, on one line */
    ASSIGN_DIAG_NO_LINE = 618,       /* no I/O APIC has the line, or its interrupts are not remapped */
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
