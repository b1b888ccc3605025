/* SPDX-License-Identifier: GPL-2.0-only
 * A dump as the facts that the hypervisor would have at boot, by its own parsers. What Linux changed is taken back:
 * virtual functions it made are no functions of the machine, bus mastering and INTx masks are off, ACS is as the
 * hypervisor will switch it on. Bus numbers and BARs stay as Linux left them. */
#ifndef BULKHEAD_TOOLS_MACHINE_LOAD_H
#define BULKHEAD_TOOLS_MACHINE_LOAD_H

#include "plan/plan.h"
#include "tools/bulkhead/dump_text.h"

#define MACHINE_LOAD_DIAGS_MAX 1024

/* Large; its parts point into each other: do not copy it. */
struct machine_load {
    struct dump_text dump;
    struct machine machine;
    struct plan_facts facts; /* of machine; console and limits are the caller's to set */
    uint32_t *dump_of;       /* by function's index in machine.pci: its index in dump.functions; of VFs, any */
    const char *incomplete;  /* NULL, or why no plan can be made of it: what is missing, or unusable VT-d */
    enum status dmar;        /* of machine_read_dmar */
    bool units_assumed;      /* Linux showed no units: that they remap interrupts is DMAR's word alone */
    size_t left_vfs;         /* virtual functions that Linux made: at boot there are none */
    size_t left_behind;      /* functions behind VMD endpoints whose domains cannot be used */
    size_t hidden_vmds;      /* VMD endpoints behind which Linux showed nothing: its vmd driver is not loaded */
    struct diag_list diags;  /* what the parsers said */
    struct diag *diag_items;
    void *space, *vf_space; /* behind the arrays here; the second one after load_vfs() */
    struct plan_cpu *cpus;
    struct plan_block *free;
    uint32_t *hints;
};

/* A part of loading: add that function of the dump at `at`, above all that are there, if the hypervisor would find it.
 */
void machine_load_add(struct machine_load *load, size_t index, struct sbdf at);

/* From the text of a dump, which is not needed afterwards. False: nothing to free, and why (DUMP_TEXT_WHY_SIZE bytes)
 * says what is wrong with the text. */
bool machine_load_text(struct machine_load *load, const char *text, size_t length, char *why);

/* From that file; NULL: from this machine. False: said why on stderr. */
bool machine_load(struct machine_load *load, const char *path);

/* "left out: 2 virtual functions that Linux made (at boot there are none)": false when nothing was. */
#define MACHINE_LOAD_TEXT_SIZE 256
bool machine_load_left_out(const struct machine_load *load, char *out, size_t size);

void machine_load_free(struct machine_load *load);

#endif
