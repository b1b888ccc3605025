/* SPDX-License-Identifier: GPL-2.0-only
 * Serial ports that the firmware knows: its own console by the ACPI table SPCR, and PCI cards, a management engine's
 * serial-over-LAN among them. The hypervisor's console has to be one of them, at an I/O port. */
#ifndef BULKHEAD_BOOT_EFI_SERIAL_H
#define BULKHEAD_BOOT_EFI_SERIAL_H

#include "kernel/lib/types.h"

/* Say which there are, each with the word console= that would choose it. When cmdline has no such word and the firmware
 * has a serial console of its own, that one's is added if it fits. cmdline NULL: it was signed, nothing is added. */
void serial_choose(char *cmdline, size_t size);

#endif
