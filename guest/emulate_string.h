/* SPDX-License-Identifier: GPL-2.0-only
 * The string instructions of emulate.h: MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS, with and without REP. */
#ifndef BULKHEAD_GUEST_EMULATE_STRING_H
#define BULKHEAD_GUEST_EMULATE_STRING_H

#include "guest/emulate.h"

/* True when op is one of them. */
bool emulate_string_is(enum decode_op op);

/* At most EMULATE_BATCH iterations. *complete tells whether the instruction is finished; rip is the caller's. */
MUST_CHECK enum status emulate_string_run(const struct decode_insn *insn, struct decode_registers *regs,
                                          const struct emulate_io *io, bool *complete);

#endif
