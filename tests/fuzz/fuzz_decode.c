/* SPDX-License-Identifier: GPL-2.0-only
 * Arbitrary bytes into the decoder and the emulator: nothing is read past the end, lengths stay within 15, and what was
 * decoded from many bytes decodes the same from exactly its own. */
#include <stdlib.h>
#include <string.h>

#include "guest/decode.h"
#include "guest/emulate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status io_read(void *context, uint64_t linear, unsigned width, uint64_t *value)
{
    (void)context;
    *value = linear * width;
    return (linear & 0xff) == 0xfe ? STATUS_OUT_OF_RANGE : STATUS_OK;
}

static enum status io_write(void *context, uint64_t linear, unsigned width, uint64_t value)
{
    (void)context;
    if (width < 8 && value >> (8 * width) != 0) {
        abort();
    }
    return (linear & 0xff) == 0xfd ? STATUS_OUT_OF_RANGE : STATUS_OK;
}

static uint64_t port_read(void *context, uint16_t port, unsigned width)
{
    (void)context;
    (void)width;
    return port;
}

static void port_write(void *context, uint16_t port, unsigned width, uint64_t value)
{
    (void)context;
    (void)port;
    (void)value;
    if (width > 4) {
        abort();
    }
}

static void emulate(const struct decode_insn *insn)
{
    const struct emulate_io io = {NULL, io_read, io_write, port_read, port_write};
    uint64_t gprs[16];
    struct decode_registers regs = {.gpr = gprs, .rip = 0xfffffff0, .rflags = 2};
    for (unsigned i = 0; i < 16; i++) {
        regs.gpr[i] = UINT64_C(0x8070605040302010) * (i + 1);
    }
    uint64_t rip = regs.rip;
    enum status s = emulate_run(insn, &regs, &io);
    if (s != STATUS_OK && regs.rip != rip) {
        abort();
    }
    if ((s == STATUS_UNSUPPORTED) == emulate_can(insn)) {
        abort();
    }
}

static void check(const uint8_t *data, size_t size, enum decode_mode mode)
{
    struct decode_insn insn, again;
    uint8_t *copy = malloc(size + 1); /* its own block, so that ASan sees the first byte too many */
    memcpy(copy, data, size);
    uint8_t *exact = realloc(copy, size == 0 ? 1 : size);
    enum status s = decode_instruction(exact, size, mode, &insn);
    free(exact);
    if (s != STATUS_OK) {
        return;
    }
    if (insn.length == 0 || insn.length > DECODE_MAX_LENGTH || insn.length > size || insn.op >= DECODE_OPS) {
        abort();
    }
    if (decode_instruction(data, insn.length, mode, &again) != STATUS_OK || memcmp(&insn, &again, sizeof(insn)) != 0) {
        abort();
    }
    if (decode_instruction(data, insn.length - 1U, mode, &again) != STATUS_OUT_OF_RANGE) {
        abort();
    }
    emulate(&insn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size, DECODE_16);
    check(data, size, DECODE_32);
    check(data, size, DECODE_64);
    return 0;
}
