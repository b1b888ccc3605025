/* SPDX-License-Identifier: GPL-2.0-only
 * An I/O APIC with remappable entries in the place of Bochs' own. */
#ifndef BULKHEAD_PLUGIN_IOAPIC_H
#define BULKHEAD_PLUGIN_IOAPIC_H

/* Once all devices are there; and after every reset. Ends the run when Bochs' own cannot be replaced. */
void ioapic_init();
void ioapic_reset();

#endif
