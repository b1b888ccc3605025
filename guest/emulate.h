/* SPDX-License-Identifier: GPL-2.0-only
 * Executes one decoded instruction whose memory operand is emulated, and the string port instructions.
 * Pure: memory, devices and ports are reached through callbacks. */
#ifndef BULKHEAD_GUEST_EMULATE_H
#define BULKHEAD_GUEST_EMULATE_H

#include "guest/decode_address.h"

/* Iterations of a REP instruction executed at a stretch; then the guest may take interrupts and starts it again. */
#define EMULATE_BATCH 64

struct emulate_io {
    void *context;
    /* Linear addresses: the caller translates and tells RAM from device. A status other than OK ends the instruction
     * with nothing of the current iteration done, and is handed on (a page fault to inject, for instance).
     * width 1, 2, 4 or 8. A locked read-modify-write is one read and one write: hold the device's lock around it. */
    enum status (*read)(void *context, uint64_t linear, unsigned width, uint64_t *value);
    enum status (*write)(void *context, uint64_t linear, unsigned width, uint64_t value);
    /* Only INS and OUTS use these; may be NULL, then those are UNSUPPORTED. */
    uint64_t (*port_read)(void *context, uint16_t port, unsigned width);
    void (*port_write)(void *context, uint16_t port, unsigned width, uint64_t value);
};

/* True when emulate_run knows the instruction. */
bool emulate_can(const struct decode_insn *insn);

/* Execute. With OK, regs->rip is behind the instruction, unless a REP is unfinished: then rip stays and the counts are
 * those reached, so that running the guest again goes on with it. UNSUPPORTED: nothing was done. */
MUST_CHECK enum status emulate_run(const struct decode_insn *insn, struct decode_registers *regs,
                                   const struct emulate_io *io);

/* regs->rip behind the instruction, wrapped as the mode does. For instructions that the caller executes itself. */
void emulate_skip(const struct decode_insn *insn, struct decode_registers *regs);

/* Read or write a general register as an operand: width 4 clears the upper half, 1 and 2 keep the rest. */
uint64_t emulate_register(const struct decode_registers *regs, uint8_t number, unsigned width, bool high_byte);
void emulate_set_register(struct decode_registers *regs, uint8_t number, unsigned width, bool high_byte, uint64_t v);

#endif
