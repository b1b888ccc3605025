/* SPDX-License-Identifier: GPL-2.0-only
 * Taking USB controllers from firmware, which may run them from SMM to fake a PS/2 keyboard
 * (xHCI 1.2 4.22.1 and 7.1, EHCI 1.0 5.1 and 2.1.7, UHCI 1.1 5.2.1). */
#ifndef BULKHEAD_DRIVERS_USB_HANDOFF_H
#define BULKHEAD_DRIVERS_USB_HANDOFF_H

#include "drivers/pci.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"

/* True for the controllers that usb_handoff knows: UHCI, EHCI, xHCI. */
bool usb_handoff_applies(const struct pci_function *f);

/* Ask firmware to give f up, wait for it at most 1 s, switch its SMIs off and halt the controller. BARs must have been
 * sized; bus mastering must still be on, since firmware may finish transfers first.
 * STATUS_TIMEOUT (and a warning) when firmware did not answer: the controller is taken by force then.
 * STATUS_BAD_FORMAT when its registers contradict themselves; STATUS_NOT_FOUND when f decodes no registers, and so
 * nobody can be using it. */
MUST_CHECK enum status usb_handoff(const struct pci_function *f, struct diag_list *diag);

#endif
