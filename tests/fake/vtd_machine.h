/* SPDX-License-Identifier: GPL-2.0-only
 * A pretended machine with remapping units: the model of tests/model behind the pretended registers, memory and clock.
 *
 * A unit that does not snoop (ECAP.C = 0) sees a second copy of memory that only cpu_flush() updates, line by line; one
 * with write buffers (CAP.RWBF) a copy that is brought up to date only when they are drained. Both copies start as
 * garbage, as memory after power-on does. */
#ifndef BULKHEAD_FAKE_VTD_MACHINE_H
#define BULKHEAD_FAKE_VTD_MACHINE_H

#include "tests/model/vtd_model.h"

#define VTD_MACHINE_UNITS 4

struct vtd_machine;

/* Called after every register write and after every line written back: twice where the unit does not snoop, once with
 * what was written back so far, once as if the CPU had happened to write back every line by itself. */
typedef void vtd_machine_observer(void *context, struct vtd_machine *mc);

struct vtd_machine_unit {
    struct vtd_machine *machine;
    struct vtd_model model;
    uint64_t base;    /* of its registers */
    uint8_t *drained; /* with write buffers: what has left them */
};

struct vtd_machine {
    struct vtd_machine_unit units[VTD_MACHINE_UNITS];
    unsigned count;
    uint64_t memory_base, memory_size;
    uint8_t *flushed; /* what non-snooping units see */
    bool live;        /* they see everything for now */
    vtd_machine_observer *observer;
    void *observer_context;
    uint64_t register_writes, observations;

    unsigned interrupts; /* messages that units sent */
    uint64_t interrupt_address;
    uint32_t interrupt_data;
};

/* Reset the pretended memory, registers and clock and connect them. One machine at a time; end it to free its memory.
 */
void vtd_machine_start(struct vtd_machine *mc, uint64_t memory_base, uint64_t memory_size);
void vtd_machine_end(struct vtd_machine *mc);
struct vtd_model *vtd_machine_add(struct vtd_machine *mc, uint64_t register_base,
                                  const struct vtd_model_config *config);

void vtd_machine_observe(struct vtd_machine *mc, vtd_machine_observer *observer, void *context);

/* Store as firmware or a test does: every view of memory gets it at once. Outside of memory: the test ends. */
void vtd_machine_store64(struct vtd_machine *mc, uint64_t at, uint64_t value);
uint64_t vtd_machine_load64(struct vtd_machine *mc, uint64_t at);

/* A device behind a unit writes or reads 8 bytes. False: blocked, nothing was written, *value is untouched. */
bool vtd_machine_dma(struct vtd_machine *mc, unsigned unit, uint16_t sid, uint64_t address, bool write,
                     uint64_t *value);

#endif
