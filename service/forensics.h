/* SPDX-License-Identifier: GPL-2.0-only
 * What a blocked request was about: what its address is, what was there before, the likely cause and what to do about
 * it. A pure function of facts. */
#ifndef BULKHEAD_SERVICE_FORENSICS_H
#define BULKHEAD_SERVICE_FORENSICS_H

#include "kernel/lib/sbdf.h"
#include "vtd/fault.h"
#include "vtd/history.h"

/* What is where in host-physical memory; what no range holds is no RAM: registers, or nothing. */
enum forensics_kind {
    FORENSICS_HYPERVISOR, /* its image, tables and structures, and boot modules */
    FORENSICS_GUEST,      /* RAM of the guest `name` */
    FORENSICS_RESERVED,   /* that firmware reserves for devices (RMRR); `name` is the one it names first, or NULL */
    FORENSICS_FIRMWARE,   /* RAM that firmware keeps */
    FORENSICS_REGISTERS,  /* of the PCI function `name` */
};

struct forensics_range {
    uint64_t start, size;
    enum forensics_kind kind;
    const char *name;
};

/* RAM as a guest sees it. */
struct forensics_ram {
    uint64_t start, size;
};

struct forensics_facts {
    struct vtd_fault fault;
    bool is_function;      /* the machine has a function with this source id */
    bool stopped;          /* its owner's device, but taken from it (guest/device_stop.h) */
    bool vmd;              /* it is Intel's VMD, which sends for what is behind it */
    bool reserved_for_it;  /* the address is in a region that firmware reserves for this very device */
    const char *device;    /* address for the fix: "0000:3b:00.0" */
    const char *guest;     /* that owns it; NULL: nobody does, and addresses are the host's */
    const char *before_at; /* what the range of `gone` led to, "BAR 0 of 0000:00:04.0"; NULL: unknown */
    struct vtd_gone gone;  /* size 0: nothing was unmapped there lately */
    uint64_t now_ns;
    uint64_t kernel_at; /* where the guest's kernel was entered; 0: unknown */
    const struct forensics_ram *ram;
    size_t ram_count;
    const struct forensics_range *ranges; /* the first that holds an address counts */
    size_t range_count;
};

#define FORENSICS_TEXT_SIZE 160

struct forensics {
    char what[FORENSICS_TEXT_SIZE];   /* "guest user, RAM, 3 MiB above its kernel" */
    char before[FORENSICS_TEXT_SIZE]; /* "BAR 0 of 0000:00:04.0, until 120 ms ago"; empty: nothing is known */
    char cause[FORENSICS_TEXT_SIZE];
    char fix[FORENSICS_TEXT_SIZE];
};

void forensics_explain(const struct forensics_facts *facts, struct forensics *out);

#endif
