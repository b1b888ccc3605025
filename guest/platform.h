/* SPDX-License-Identifier: GPL-2.0-only
 * The ports, interrupts and addresses of the machine that guests see: one place, so that tables and devices agree. */
#ifndef BULKHEAD_GUEST_PLATFORM_H
#define BULKHEAD_GUEST_PLATFORM_H

#define PLATFORM_COM1_PORT 0x3f8
#define PLATFORM_COM1_IRQ 4
#define PLATFORM_RTC_PORT 0x70
#define PLATFORM_RTC_IRQ 8
#define PLATFORM_PIT_PORT 0x40
#define PLATFORM_PIT_IRQ 0 /* on pin 2 of the I/O APIC */
#define PLATFORM_PIT_GSI 2
#define PLATFORM_SCI_IRQ 9
#define PLATFORM_PM1_EVENT_PORT 0x600
#define PLATFORM_PM1_CONTROL_PORT 0x604
#define PLATFORM_PM_TIMER_PORT 0x608
#define PLATFORM_SLEEP_TYPE_OFF 5 /* _S5 in guest/dsdt.asl */
#define PLATFORM_RESET_PORT 0xcf9
#define PLATFORM_RESET_VALUE 0x06
#define PLATFORM_PCI_ADDRESS_PORT 0xcf8
#define PLATFORM_PCI_DATA_PORT 0xcfc

#endif
