/* SPDX-License-Identifier: GPL-2.0-only
 * The opcode maps, sixteen opcodes a line. */
#include "guest/decode_table.h"

/* clang-format off */
static const char one_byte[] =
    "mmmmbziimmmmbzix" /* 00: ADD, OR; 0F is the escape */
    "mmmmbziimmmmbzii" /* 10: ADC, SBB */
    "mmmmbzximmmmbzxi" /* 20: AND, SUB */
    "mmmmbzximmmmbzxi" /* 30: XOR, CMP */
    "iiiiiiiiiiiiiiii" /* 40: INC, DEC; REX in 64-bit mode */
    "................" /* 50: PUSH, POP */
    "iiVmxxxxzZbM...." /* 60 */
    "bbbbbbbbbbbbbbbb" /* 70: Jcc */
    "MZJMmmmmmmmmmmmm" /* 80: group 1, TEST, XCHG, MOV */
    "..........p....." /* 90 */
    "oooo....bz......" /* A0: MOV moffs, strings */
    "bbbbbbbbvvvvvvvv" /* B0: MOV immediate */
    "MMw.VVMZe.w..bi." /* C0: shifts, RET, MOV immediate, INT */
    "mmmmjjx.mmmmmmmm" /* D0: shifts, x87 */
    "bbbbbbbbrrpb...." /* E0: LOOP, IN, OUT, CALL, JMP */
    "x.xx..gG......mm";/* F0: groups 3, 4 and 5 */

static const char two_byte[] =
    "mmmmx.....x.xm.x" /* 00: groups 6 and 7, CLTS, INVD, WBINVD, UD2, prefetch, FEMMS */
    "mmmmmmmmmmmmmmmm" /* 10: SSE moves, hints */
    "ccccxxxxmmmmmmmm" /* 20: MOV CR and DR */
    "......x.xxxxxxxx" /* 30: WRMSR, RDTSC, RDMSR, RDPMC; 38 and 3A are escapes */
    "mmmmmmmmmmmmmmmm" /* 40: CMOVcc */
    "mmmmmmmmmmmmmmmm" /* 50 */
    "mmmmmmmmmmmmmmmm" /* 60 */
    "MMMMmmm.mmxxmmmm" /* 70 */
    "rrrrrrrrrrrrrrrr" /* 80: Jcc */
    "mmmmmmmmmmmmmmmm" /* 90: SETcc */
    "...mMmxx...mMmmm" /* A0: CPUID, BT, SHLD, RSM, BTS, SHRD */
    "mmmmmmmmmmMmmmmm" /* B0: CMPXCHG, BTR, MOVZX, group 8, BTC, MOVSX */
    "mmMmMMMm........" /* C0: XADD, MOVNTI, group 9, BSWAP */
    "mmmmmmmmmmmmmmmm" /* D0 */
    "mmmmmmmmmmmmmmmm" /* E0 */
    "mmmmmmmmmmmmmmmx";/* F0 */
/* clang-format on */

_Static_assert(sizeof(one_byte) == 257 && sizeof(two_byte) == 257, "one letter an opcode");

char decode_table_shape(uint8_t map, uint8_t opcode)
{
    switch (map) {
    case 0:
        return one_byte[opcode];
    case 0x0f:
        return two_byte[opcode];
    case 0x38:
        return 'm';
    case 0x3a:
        return 'M';
    default:
        return DECODE_TABLE_INVALID;
    }
}
