/* SPDX-License-Identifier: GPL-2.0-only
 * Virtual functions of an SR-IOV device: what its capability says, where N of them fit, and switching them on
 * (PCIe 6.0 9.2-9.3). What the device says is outside data: every number of it is checked before use. */
#ifndef BULKHEAD_DRIVERS_SRIOV_H
#define BULKHEAD_DRIVERS_SRIOV_H

#include "drivers/pci.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"

struct pci_reader;

#define SRIOV_PFS_MAX 64 /* PFs with VFs switched on */

/* One PF. bars are one VF's: the size of each, and where VF 0's is; VF i's is at address + i * size. */
struct sriov {
    uint32_t pf;                   /* index in pci.functions */
    struct sbdf at;                /* its address */
    uint16_t cap;                  /* offset of the capability in its configuration space */
    uint16_t initial, total;       /* InitialVFs, TotalVFs: the same but for multi-root devices */
    uint16_t num;                  /* NumVFs: how many are on, or planned; 0: none */
    uint16_t offset, stride;       /* VF i's requester id is the PF's + offset + stride * i; true for that num alone */
    uint16_t vf_device;            /* its device id; the vendor is the PF's */
    uint32_t pages;                /* Supported Page Sizes: bit n stands for 4 KiB << n */
    uint32_t page;                 /* System Page Size: one bit of it */
    bool ari;                      /* the bridge above forwards by ARI, and the device is told so ... */
    struct sbdf ari_at;            /* ... by the first PF of its bus: ARI Capable Hierarchy ... */
    uint16_t ari_cap;              /* ... in the capability at this offset */
    bool enabled;                  /* VF Enable, when it was read */
    struct pci_bar bars[PCI_BARS]; /* PCI_BAR_MEM32, PCI_BAR_MEM64 with a PCI_BAR_UPPER behind it, or none */
};

/* The PFs whose VFs are on, in the order of their addresses. */
struct sriov_facts {
    struct sriov pfs[SRIOV_PFS_MAX];
    size_t count;
};

/* What is on behind the PF or VF with that index in pci, or NULL. */
const struct sriov *sriov_of(const struct sriov_facts *facts, const struct pci_facts *pci, uint32_t function);

/* VF i's address; i < num. */
struct sbdf sriov_vf(const struct sriov *s, unsigned i);

/* Where VF i's BAR `bar` is, host-physical. */
uint64_t sriov_vf_address(const struct sriov *s, unsigned bar, unsigned i);

/* The capability as it reads now, with the VF BARs' kinds and addresses and no sizes. STATUS_NOT_FOUND: pci's function
 * of that index has none. Changes nothing. */
MUST_CHECK enum status sriov_read(const struct pci_reader *reader, const struct pci_facts *pci, uint32_t function,
                                  struct sriov *out);

/* --- hardware: drivers/sriov_enable.c --- */

/* Switch VFs off that firmware left on, and say so: they are no functions of the facts, so that nothing else would stop
 * them. */
void sriov_stop_all(const struct pci_facts *pci, struct diag_list *diag);

/* After a reset of the PF, which switched its VFs off: the same VFs again at the same addresses. The PF's own
 * configuration is back. STATUS_HARDWARE: a register does not read back what it held before; the VFs are then off. */
MUST_CHECK enum status sriov_restore_begin(const struct sriov *s);

/* When that succeeded, SRIOV_READY_US later; before then nobody touches a VF. Each VF is as after a reset, with bus
 * mastering off. STATUS_HARDWARE as above; STATUS_TIMEOUT: a VF does not answer (which is waited for). */
#define SRIOV_READY_US UINT64_C(100000) /* PCIe 6.0 9.3.3.3.1 */
MUST_CHECK enum status sriov_restore_end(const struct sriov *s);

/* The PF that tells the device about ARI was reset, and s->at, another, was not: are its VFs' requester ids what they
 * were? */
MUST_CHECK bool sriov_ids_hold(const struct sriov *s);

/* Switch the VFs off and wait until they are gone (1 s). Nobody may use them or their BARs any more. */
void sriov_stop(const struct sriov *s);

#endif
