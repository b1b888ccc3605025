/* SPDX-License-Identifier: GPL-2.0-only
 * What is done to all functions behind a VMD endpoint at once while their domain is reset (vmd_reset.h). */
#ifndef BULKHEAD_DRIVERS_VMD_RESET_PORTS_H
#define BULKHEAD_DRIVERS_VMD_RESET_PORTS_H

#include "drivers/vmd.h"
#include "kernel/lib/status.h"

/* Is f behind the endpoint of d? */
bool vmd_reset_ports_child(const struct vmd_domain *d, const struct pci_function *f);

/* The bus numbers that f, a bridge, has in the facts. */
uint32_t vmd_reset_ports_numbers(const struct pci_function *f);

/* Functions of the first bus that sleep are told to wake up. True: one did sleep, so that all are to be left alone for
 * 10 ms. */
bool vmd_reset_ports_wake(const struct pci_facts *facts, const struct vmd_domain *d);

/* ... in D0, with their links on, and without messages of their own. STATUS_HARDWARE: one does not wake up. */
MUST_CHECK enum status vmd_reset_ports_ready(const struct pci_facts *facts, const struct vmd_domain *d);

/* Every bus behind it has its number as in the facts, and every window is closed. STATUS_HARDWARE: a bridge does not
 * take that. */
MUST_CHECK enum status vmd_reset_ports_number(const struct pci_facts *facts, const struct vmd_domain *d);

/* The same again, where root ports forward to those numbers already. */
MUST_CHECK enum status vmd_reset_ports_close(const struct pci_facts *facts, const struct vmd_domain *d);

/* No decode, bus mastering, INTx or messages of anything that answers. */
void vmd_reset_ports_quiet(const struct pci_facts *facts, const struct vmd_domain *d);

/* Secondary bus reset of all root ports asserted, or released. */
void vmd_reset_ports_hold(const struct pci_facts *facts, const struct vmd_domain *d, bool on);

/* Is the link of every root port up that something is known to be behind? */
bool vmd_reset_ports_links(const struct pci_facts *facts, const struct vmd_domain *d);

/* A disk's wish for more time is shown to whoever reads its vendor. */
void vmd_reset_ports_show_retries(const struct pci_facts *facts, const struct vmd_domain *d);

#endif
