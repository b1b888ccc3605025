/* SPDX-License-Identifier: GPL-2.0-only
 * Random registers, memory and requests never crash the model, and questions never change it.
 *
 * Input: one byte chooses the unit, then records of 11 bytes: operation, selector (2 bytes), value (8 bytes). */
#include <stdlib.h>
#include <string.h>

#include "tests/model/vtd_model.h"

#define MEMORY 0x10000 /* bytes, at 0 */
#define RECORD 11

struct world {
    struct vtd_model model;
    uint8_t memory[MEMORY];
};

static bool read_memory(void *context, uint64_t address, void *data, size_t bytes, enum vtd_model_path path)
{
    struct world *w = context;
    (void)path;
    if (address > MEMORY - bytes) {
        return false;
    }
    memcpy(data, w->memory + address, bytes);
    return true;
}

static bool write_memory(void *context, uint64_t address, const void *data, size_t bytes)
{
    struct world *w = context;
    if (address > MEMORY - bytes) {
        return false;
    }
    memcpy(w->memory + address, data, bytes);
    return true;
}

/* Without a trace means without a trace. */
static void check_quiet(struct world *w, uint16_t sid, uint64_t address)
{
    static struct world before;
    uint64_t host = 0;
    memcpy(&before.model, &w->model, sizeof(before.model));
    vtd_model_may(&w->model, sid, address, true, &host);
    vtd_model_may_now(&w->model, sid, address, false, &host);
    if (memcmp(&before.model, &w->model, sizeof(before.model)) != 0) {
        abort();
    }
}

static void request(struct world *w, uint16_t sid, uint64_t value)
{
    uint64_t host = 0;
    check_quiet(w, sid, value);
    vtd_model_translate(&w->model, sid, value, (value & 1) != 0, &host);
    struct vtd_model_message out;
    vtd_model_interrupt(&w->model, sid, 0xfee00000u | (value & 0xfffff), (uint32_t)(value >> 32), &out);
}

static void step(struct world *w, const uint8_t *record)
{
    static const unsigned widths[] = {4, 8, 4, 8, 1, 2, 3, 16};
    uint16_t selector;
    uint64_t value;
    memcpy(&selector, record + 1, 2);
    memcpy(&value, record + 3, 8);
    unsigned width = widths[record[0] >> 5];
    switch (record[0] % 4) {
    case 0:
        vtd_model_mmio_write(&w->model, selector % 0x2000, width, value);
        break;
    case 1:
        vtd_model_mmio_read(&w->model, selector % 0x2000, width);
        break;
    case 2:
        memcpy(w->memory + selector % (MEMORY - 8) / 8 * 8, &value, 8);
        break;
    default:
        request(w, selector, value);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct vtd_model_config (*const presets[])(void) = {vtd_model_qemu, vtd_model_server, vtd_model_minimal};
    struct vtd_model_io io = {.context = &w, .read = read_memory, .write = write_memory};
    if (size == 0) {
        return 0;
    }
    struct vtd_model_config c = presets[data[0] % ARRAY_LENGTH(presets)]();
    memset(w.memory, 0, sizeof(w.memory));
    vtd_model_reset(&w.model, &c, &io);
    w.model.knobs.latency = data[0] >> 6;
    for (size_t at = 1; at + RECORD <= size; at += RECORD) {
        step(&w, data + at);
    }
    return 0;
}
