/* SPDX-License-Identifier: GPL-2.0-only
 * The plan: from facts and configuration, who gets what. Pure: the hypervisor at boot and the host tool on any machine
 * run this very code and print the same text. Either every rule holds, or all that is wrong is in diags. */
#ifndef BULKHEAD_PLAN_PLAN_H
#define BULKHEAD_PLAN_PLAN_H

#include "drivers/pci_reset.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "plan/config.h"
#include "plan/groups.h"
#include "plan/machine.h"

#define PLAN_NO_GUEST UINT32_MAX
#define PLAN_NO_GSI UINT32_MAX

/* A physical CPU that guests may have; its number is its index, 0 is the boot CPU. */
struct plan_cpu {
    uint32_t apic_id;
    uint32_t core; /* of the package and core it is a thread of: equal for siblings */
};

/* Physical memory. */
struct plan_block {
    uint64_t start, size; /* bytes, page-aligned */
};

/* What this build offers a guest (guest/plan_limits.h). */
struct plan_limits {
    size_t devices_max;      /* functions on a guest's PCI bus */
    size_t reserved_max;     /* ranges that its devices reach one to one: what touches is one */
    size_t cpus_max;         /* of a guest */
    uint64_t memory_max;     /* bytes of a guest */
    size_t blocks_max;       /* blocks of a guest's memory */
    uint64_t low_ram_end;    /* RAM of a guest lies below this, and from 4 GiB on */
    uint64_t bar_low_start;  /* BAR window below 4 GiB ... */
    uint64_t bar_low_bytes;  /* ... its start is a multiple of its size */
    uint64_t bar_high_bytes; /* BAR window above RAM */
    uint64_t own_bytes;      /* memory that the hypervisor keeps for itself, and more of it for each ... */
    uint64_t own_per_guest, own_per_cpu, own_per_function; /* ... guest, virtual CPU, PCI function of the machine, */
    uint64_t own_per_link;                                 /* ... guest on a network between guests */
};

struct plan_facts {
    const struct machine *machine; /* with groups */
    const struct plan_cpu *cpus;
    size_t cpu_count;
    const struct plan_block *free; /* RAM that guests may have, sorted, apart */
    size_t free_count;
    bool remapping;          /* every unit remaps interrupts */
    const bool *device_tlbs; /* by index in machine->dmar.units: it serves devices' own TLBs; NULL: none does */
    uint16_t console_port;   /* of the hypervisor's UART; 0: none */
    uint32_t console_gsi;    /* its line; PLAN_NO_GSI: none */
    const uint32_t *gsis;  /* by function's index: the GSI of its INTA# line by the MP table, or PLAN_NO_GSI; or NULL */
    const uint32_t *hints; /* the same as a dump's Linux had it: only named in the fix of a refusal; or NULL */
    const uint16_t *pins;  /* lines of each of madt.ioapics; NULL: up to the next one's first line, 240 at most */
    struct plan_limits limits;
};

/* A function that a guest gets. */
struct plan_device {
    uint32_t function;         /* index in machine->pci.functions */
    uint32_t guest;            /* index in config->guests */
    uint32_t group;            /* number in machine->groups */
    size_t unit;               /* index in machine->dmar.units */
    enum pci_reset_kind reset; /* before it is given, at the guest's restart, and when it is taken back */
    uint64_t bars[PCI_BARS];   /* where the guest first sees each memory BAR; 0: it does not have it */
    bool rom;                  /* the guest sees its option ROM ... */
    uint64_t rom_at;           /* ... which is there when it switches it on, for a start */
    uint32_t gsi;              /* of its INTA# line; PLAN_NO_GSI: the guest gets no interrupt from it but by MSI */
    bool unsafe_interrupts;    /* given although interrupts are not remapped */
    bool ats;                  /* it may keep translations itself: it is trusted, and has one requester id */
    bool ats_twice;            /* ... and must be told twice to forget (Linux, dtlb_extra_inval) */
    struct sbdf sources[GROUP_SOURCES_MAX]; /* requester ids that go into the guest's domain, its own first */
    size_t source_count;
    struct sbdf message_source; /* the id that its interrupt messages have, unless ... */
    bool bus_interrupts;        /* ... they may have that of any function on first_bus..last_bus */
    uint8_t first_bus, last_bus;
};

/* A reserved region (RMRR) that the devices of a guest reach one to one. */
struct plan_reserved {
    uint32_t guest;
    size_t rmrr; /* index in machine->dmar.rmrrs */
};

struct plan_guest {
    const struct plan_device *devices; /* in the order of the guest's `devices`, groups spelled out */
    size_t device_count;
    const struct plan_reserved *reserved;
    size_t reserved_count;
    const struct plan_block *memory; /* in the order in which the guest sees it */
    size_t block_count;
};

struct plan {
    struct plan_guest guests[CONFIG_GUESTS_MAX]; /* as config->guests */
    size_t guest_count;
    struct plan_device *devices; /* all, guest by guest */
    size_t device_count;
    uint32_t *owner; /* by function's index: the guest, or PLAN_NO_GUEST: blocked, or a bridge */
};

/* STATUS_UNSUPPORTED: refused; every reason is in diags, in the order of the file, and *out is of no use.
 * STATUS_NO_MEMORY: the arena is full. `file` is the configuration's name in diagnostics.
 * The answer does not depend on the order of ACPI tables, DMAR structures or functions in the facts. */
MUST_CHECK enum status plan_make(const struct plan_facts *facts, const struct config *config, const char *file,
                                 struct arena *arena, struct plan *out, struct diag_list *diags);

/* Receives the plan's text, a line a call, without line ends. */
struct plan_writer {
    void (*line)(void *context, const char *text);
    void *context;
};

/* The plan as text, stable key=value lines: a line a guest, then one for each device (and one, with behind=, for each
 * function that a VMD endpoint brings along) and reserved region of it, then the networks, then what stays blocked.
 * Memory by amount, blocks and page sizes, without host addresses: the same whatever was loaded. */
void plan_print(const struct plan_facts *facts, const struct config *config, const struct plan *plan,
                const struct plan_writer *out);

#endif
