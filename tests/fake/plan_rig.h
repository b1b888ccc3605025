/* SPDX-License-Identifier: GPL-2.0-only
 * A small pretended machine and a configuration text for tests of the planner. */
#ifndef BULKHEAD_FAKE_PLAN_RIG_H
#define BULKHEAD_FAKE_PLAN_RIG_H

#include "plan/plan_devices.h"

#define PLAN_RIG_FUNCTIONS 64
#define PLAN_RIG_DIAGS 64

/* Everything of it may be changed between plan_rig_start() and plan_rig_plan(). */
struct plan_rig {
    struct pci_function functions[PLAN_RIG_FUNCTIONS];
    struct dmar_unit units[4];
    struct dmar_rmrr rmrrs[20];
    struct dmar_scope scopes[40];
    struct dmar_hop hops[40];
    struct dmar_scope io_scope;
    struct dmar_hop io_hop;
    struct madt_ioapic ioapic;
    struct memory_map memory;
    struct machine machine;
    struct plan_facts facts;
    uint32_t gsis[PLAN_RIG_FUNCTIONS], hints[PLAN_RIG_FUNCTIONS];
    struct plan plan;
    struct diag items[PLAN_RIG_DIAGS];
    struct diag_list diags;
};

extern struct plan_rig plan_rig;

/* An empty machine: one unit for everything, interrupts remapped, an I/O APIC with lines 0 to 23, windows of 512 MiB
 * and 64 GiB. A setup function of cmocka. */
int plan_rig_start(void **state);

/* Functions must be added in the order of their addresses. */
struct pci_function *plan_rig_device(const char *at);                                 /* an endpoint with FLR and MSI */
struct pci_function *plan_rig_port(const char *at, uint8_t secondary, bool isolates); /* a root port */

/* A BAR of f, at address, 0: firmware gave it none. */
void plan_rig_bar(struct pci_function *f, unsigned index, uint64_t address, uint64_t size);

/* A reserved region of the functions at those addresses on bus 0. */
void plan_rig_reserve(uint64_t start, uint64_t size, const char *first, const char *second);

/* Plan [guest.one] with memory and words below it, and more tables as text. */
enum status plan_rig_plan(const char *text);

/* The whole text of all diagnostics, each with a line end. */
const char *plan_rig_text(void);

#endif
