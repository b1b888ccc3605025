/* SPDX-License-Identifier: GPL-2.0-only
 * When the auditor is asked: once all guests are made, and before a guest starts anew. */
#ifndef BULKHEAD_KERNEL_AUDIT_GUESTS_H
#define BULKHEAD_KERNEL_AUDIT_GUESTS_H

#include "kernel/audit_facts.h"
#include "kernel/lib/diag.h"

/* Codes BH0390 to BH0399. */
enum audit_diag {
    AUDIT_DIAG_FAILED = 390,    /* the live tables let somebody reach what is not theirs */
    AUDIT_DIAG_NO_MEMORY = 391, /* no memory to audit in */
};

/* Audit everything; lines on the log ("audit: verdict=..."), with all that each guest reaches when `full`. Keeps the
 * facts and memory for later audits of single guests. STATUS_UNSUPPORTED: something was found, which is in diags: no
 * guest may start. Called once. input->guests lives on. */
MUST_CHECK enum status audit_guests_all(const struct audit_facts_input *input, bool full, struct diag_list *diags);

/* That guest, stopped: may it start anew? False: no, and why. Any CPU; guests may be audited at one time. */
bool audit_guests_may_start(const struct vm_owned *guest, char *why, size_t size);

/* A vCPU, on its CPU, before it runs: will the CPU walk the tables that were audited? False: no, and why. */
bool audit_guests_may_enter(const struct vm_owned *guest, const struct vm_cpu *cpu, char *why, size_t size);

#endif
