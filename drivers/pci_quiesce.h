/* SPDX-License-Identifier: GPL-2.0-only
 * Silence: no function reaches memory or interrupts a CPU until somebody opens its path on purpose. */
#ifndef BULKHEAD_DRIVERS_PCI_QUIESCE_H
#define BULKHEAD_DRIVERS_PCI_QUIESCE_H

#include "drivers/pci.h"
#include "kernel/lib/diag.h"

/* Before translation is on: take USB controllers from firmware; then clear bus mastering, endpoints first and bridges
 * bottom-up, set INTx Disable, switch MSI, MSI-X, PRI, ATS and PASID off, and wait at most 100 ms for transactions
 * under way. Functions in `keep` (those RMRRs name; a bridge there means all behind it) keep bus mastering, and so do
 * the bridges above them; their interrupts and ATS go off all the same. Host bridges are left alone: they master
 * nothing of their own. What stays on although it was cleared is a warning each: translation will block it.
 * BARs must have been sized. facts must live on: pci_stop_all_bus_masters uses them from now on. */
void pci_quiesce_all(const struct pci_facts *facts, const struct sbdf *keep, size_t keep_count, struct diag_list *diag);

/* On: every bridge above f, from the root down, then f. Off: f alone, since a bridge may serve others. Reading back
 * makes sure that it took effect before this returns. A function that must keep it while it is busy
 * (DEVICE_RULE_KEEP_MASTER) does, as long as it has requests under way: wait for them (pci_transactions_pending) and
 * ask again. */
void pci_bus_master_set(const struct pci_facts *facts, const struct pci_function *f, bool on);

/* Panic hook: clear bus mastering on every function of the facts given to pci_quiesce_all, if any. Takes no lock,
 * waits for nothing; every other CPU must have been stopped. */
void pci_stop_all_bus_masters(void);

/* The same for facts that were given to nobody yet: a machine that is refused before its devices were stopped. */
void pci_stop_bus_masters(const struct pci_facts *facts);

/* Keep errors of f (and of what it makes the ports above see) from becoming SERR#, NMIs or SMIs: for functions a guest
 * drives. Of a VF its PF has the registers. Error status bits go on being recorded, but for those that a rule of the
 * device masks (drivers/device_rules.h). */
void pci_escalation_mask(const struct pci_facts *facts, const struct pci_function *f);

/* Has f requests of its own under way? Always false where it cannot tell (no PCI Express or AF capability). After
 * PCI_PENDING_US software may give up waiting for their end (PCIe 6.0 6.6.2). */
#define PCI_PENDING_US UINT64_C(100000)
bool pci_transactions_pending(const struct pci_function *f);

/* May f assert INTx#? */
void pci_intx_set(const struct pci_function *f, bool on);

/* Switch MSI, MSI-X, PRI, ATS and PASID off and set INTx Disable in one function. False: PRI, ATS or PASID stays on. */
bool pci_silence(const struct pci_function *f);

#endif
