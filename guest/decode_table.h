/* SPDX-License-Identifier: GPL-2.0-only
 * What follows an opcode: ModRM, immediates, or nothing (SDM 2D tables ). */
#ifndef BULKHEAD_GUEST_DECODE_TABLE_H
#define BULKHEAD_GUEST_DECODE_TABLE_H

#include "kernel/lib/types.h"

/* One letter an opcode:
 *  .  nothing            b  8-bit immediate       w  16-bit immediate      z  16- or 32-bit immediate
 *  v  immediate of the full operand size          r  relative branch, like z but 32 bits in 64-bit mode
 *  m  ModRM              M  ModRM and b           Z  ModRM and z           c  ModRM that always names registers
 *  o  absolute address   p  far pointer           e  w and b (ENTER)
 *  g  group 3: ModRM, and b when its reg is 0 or 1                          G  the same with z
 *  i, j, p, J  not in 64-bit mode; otherwise nothing, b, far pointer, M
 *  V  ModRM with a memory operand outside 64-bit mode, else VEX or EVEX
 *  x  unknown, invalid, or a prefix */
#define DECODE_TABLE_INVALID 'x'

/* map: 0 for one-byte opcodes, else 0x0F, 0x38 (after 0F 38) or 0x3A (after 0F 3A). */
char decode_table_shape(uint8_t map, uint8_t opcode);

#endif
