/* SPDX-License-Identifier: GPL-2.0-only
 * Intel's VMD as a guest has it: the endpoint with its CFGBAR, and the whole PCI domain behind it.
 *
 * Why a guest cannot claim what is not its own:
 * - An address of the CPU or of another device gets to the endpoint only inside its three BARs, which are real ones:
 *   nobody moves them. Behind it, root ports and their children decode host-physical addresses, and a root port that
 *   was open further has been seen to answer for registers of the machine. So what they decode must be inside MEMBAR1
 *   or MEMBAR2 (without the pages that hold the MSI-X table and the shadow registers).
 * - The only way to their configuration is CFGBAR, which is no guest's: every access is a trap that ends here, with the
 *   guest's lock held. Writes are decided by tables and by the whole composite of each window and BAR, never by the
 *   half that is being written; what is not allowed stays in the guest's copy, while the hardware is closed. What was
 *   written is read back before memory decode goes on, and again after: a reset may come in between. Windows change
 *   through a closed state only.
 * - Which function a configuration access reaches is decided by bus numbers; hardware gets only such numbers as nest
 *   properly (guest/vmd_buses.h), so that the function meant here is the one that answers there. What was not found at
 *   boot is never reached.
 * - All requests of children, messages included, leave with the endpoint's requester id: one context entry, and
 *   interrupt entries that no other id may use. Messages pick entries of the endpoint's MSI-X table, which is
 *   guest/pci_msix.h's; VMCONFIG, with the bit that would pass them on unchanged, is read-only for the guest.
 * - Translated requests, further requester ids and BARs that change their size come with capabilities that no table
 *   lists.
 *
 * The guest learns the host addresses of its MEMBARs as Linux's driver asks for them: by VMLOCK and the shadow
 * registers in MEMBAR2 from the parts that have these (whether or not firmware switched them on), by a vendor
 * capability from all others. All calls of one guest are serialised by the caller. */
#ifndef BULKHEAD_GUEST_VMD_H
#define BULKHEAD_GUEST_VMD_H

#include "guest/pci_bar.h"
#include "guest/pci_msix.h"
#include "guest/pci_view.h"
#include "guest/vm_device.h"
#include "guest/vmd_buses.h"

struct guest_vmd {
    const struct vmd_domain *domain;
    const struct vm_device *device;
    const struct guest_bar *bars; /* of the endpoint, in the guest */
    struct guest_msix *msix;      /* the endpoint's */
    struct guest_vmd_bus bus;     /* the children */
    uint64_t bytes;               /* of memory that this takes */
};

/* For an assigned endpoint whose BARs and MSI-X are made, and whose domain was reset (drivers/vmd_reset.h): CFGBAR and
 * the first pages of MEMBAR2 are trapped from now on. STATUS_UNSUPPORTED: the domain is not usable, or its MSI-X table
 * is elsewhere; STATUS_CONFLICT: MEMBAR1 and MEMBAR2 both have their host addresses in the guest, from which a driver
 * concludes that there is no hypervisor (only for parts that can bypass); STATUS_NO_MEMORY. */
MUST_CHECK enum status guest_vmd_make(struct guest_vmd **out, const struct pci_facts *facts,
                                      const struct vm_device *device, struct guest_bar bars[PCI_BARS],
                                      struct guest_msix *msix);

/* What the endpoint's configuration space shows beyond the tables: after pci_view_of_function(). */
void guest_vmd_show(const struct guest_vmd *v, struct pci_view *view);

/* Trapped bytes of CFGBAR and MEMBAR2; bar is the register's number, offset from the start of the trapped bytes; any
 * width of 1, 2, 4, 8. */
uint64_t guest_vmd_read(struct guest_vmd *v, unsigned bar, uint64_t offset, unsigned width);
void guest_vmd_write(struct guest_vmd *v, unsigned bar, uint64_t offset, unsigned width, uint64_t value);

/* All children silent, bus mastering and decode off, windows closed, and as after a reset for the guest, with the bus
 * numbers of the start; what the disks were told otherwise they keep. */
void guest_vmd_reset(struct guest_vmd *v);

/* Has some child requests under way? */
bool guest_vmd_is_busy(const struct guest_vmd *v);

void guest_vmd_free(struct guest_vmd *v);

#endif
