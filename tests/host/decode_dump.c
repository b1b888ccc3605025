/* SPDX-License-Identifier: GPL-2.0-only
 * Decodes lines of "MODE HEXBYTES" (mode 16, 32 or 64) from stdin, one line of fields each; for
 * tests/host/test_decode_objdump.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/decode.h"

static size_t parse_hex(const char *text, uint8_t *bytes, size_t capacity)
{
    size_t count = 0;
    unsigned byte;
    while (count < capacity && sscanf(text + 2 * count, "%2x", &byte) == 1) {
        bytes[count++] = (uint8_t)byte;
    }
    return count;
}

static void print_insn(const struct decode_insn *i)
{
    printf("ok length=%u op=%s width=%u reg_width=%u address=%u memory=%d register=%d reg=%u high=%d rm=%u to_reg=%d "
           "imm=%d immediate=%lld segment=%u base=%u index=%u scale=%u rip=%d disp=%lld rep=%d repne=%d lock=%d "
           "control=%u\n",
           i->length, decode_op_text(i->op), i->width, i->reg_width, i->address_width, i->has_memory, i->has_register,
           i->reg, i->high_byte, i->rm, i->to_register, i->has_immediate, (long long)i->immediate, i->segment, i->base,
           i->index, i->scale, i->rip_relative, (long long)i->displacement, i->rep, i->repne, i->lock, i->control);
}

int main(void)
{
    char line[128];
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char hex[64];
        int bits;
        uint8_t bytes[32];
        if (sscanf(line, "%d %63s", &bits, hex) != 2) {
            puts("error input");
            continue;
        }
        enum decode_mode mode = bits == 16 ? DECODE_16 : (bits == 32 ? DECODE_32 : DECODE_64);
        struct decode_insn insn;
        enum status s = decode_instruction(bytes, parse_hex(hex, bytes, sizeof(bytes)), mode, &insn);
        if (s == STATUS_OK) {
            print_insn(&insn);
        } else {
            printf("error %s\n", status_text(s));
        }
    }
    return EXIT_SUCCESS;
}
