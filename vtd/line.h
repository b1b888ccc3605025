/* SPDX-License-Identifier: GPL-2.0-only
 * An interrupt line of the machine to a handler: through the I/O APIC's pin and an entry of the remapping table
 * (VT-d 5.1.5.1); through the pin alone where interrupts are not remapped. */
#ifndef BULKHEAD_VTD_LINE_H
#define BULKHEAD_VTD_LINE_H

#include "drivers/ioapic.h"
#include "kernel/core/irq.h"
#include "vtd/unit.h"

/* Where a line ends. */
struct vtd_line_place {
    struct ioapic *io; /* NULL: no such line */
    unsigned pin;
    struct vtd_unit *unit; /* that the I/O APIC's interrupts go through; NULL, or one that remaps none: they go straight
                              to the CPU */
    uint16_t source;       /* requester id of the I/O APIC; unused without remapping */
    bool active_high;      /* for a level line: as firmware says of one that an ISA interrupt shares; PCI's is low */
};

enum vtd_line_kind {
    VTD_LINE_EDGE, /* active high: ISA devices */
    VTD_LINE_LEVEL /* active low but for active_high: PCI's INTx#. The handler must mask the line until its device was
                      served. */
};

struct vtd_line {
    struct vtd_line_place place;
    enum vtd_line_kind kind;
    uint16_t handle; /* of its remapping entry, if interrupts are remapped */
    unsigned cpu;
    uint32_t apic_id;
    uint8_t vector;
};

/* To host CPU `cpu`, whose APIC id is apic_id; unmasked when it returns. STATUS_NOT_FOUND: place has no I/O APIC;
 * STATUS_NO_MEMORY: vectors or entries ran out; STATUS_OUT_OF_RANGE: no entry can name that APIC id. */
MUST_CHECK enum status vtd_line_route(struct vtd_line *line, const struct vtd_line_place *place,
                                      enum vtd_line_kind kind, unsigned cpu, uint32_t apic_id, irq_handler *handler,
                                      void *context);

/* Any CPU, also from the handler. A level line that is still asserted interrupts again when it is unmasked. */
void vtd_line_mask(struct vtd_line *line, bool masked);

/* Masked, and everything given back; when it returns STATUS_OK the handler does not run any more. Otherwise the unit
 * did not confirm it: vector and entry stay taken. */
MUST_CHECK enum status vtd_line_release(struct vtd_line *line);

#endif
