/* SPDX-License-Identifier: GPL-2.0-only
 * The second half of the decoder: from opcode and ModRM to the operation and its operands. */
#ifndef BULKHEAD_GUEST_DECODE_NAME_H
#define BULKHEAD_GUEST_DECODE_NAME_H

#include "guest/decode.h"

/* Fill in op, width, reg_width, has_register, to_register and the high-byte flags from what is already decoded.
 * modrm: 0 when there is none. rex: the REX prefix, 0 for none. UNSUPPORTED for what is no instruction. */
MUST_CHECK enum status decode_name_set(struct decode_insn *insn, uint8_t modrm, uint8_t rex);

#endif
