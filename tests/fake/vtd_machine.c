/* SPDX-License-Identifier: GPL-2.0-only
 * Glue between the model of a remapping unit and the pretended hardware. */
#include "tests/fake/vtd_machine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/fake/memory.h"
#include "tests/fake/mmio.h"
#include "tests/fake/time.h"

#define LINE 64
#define GARBAGE 0xa5 /* looks present, with reserved bits set */

static uint8_t *copy_of_memory(uint64_t bytes)
{
    uint8_t *p = malloc(bytes);
    if (p == NULL) {
        abort();
    }
    memset(p, GARBAGE, bytes);
    return p;
}

static bool snoops(const struct vtd_machine_unit *u)
{
    return (u->model.config.ecap & 1) != 0;
}

static const uint8_t *view(struct vtd_machine_unit *u, uint64_t at, size_t bytes, enum vtd_model_path path)
{
    struct vtd_machine *mc = u->machine;
    const uint8_t *real = fake_memory_at(at, bytes);
    if (real == NULL || mc->live || path == VTD_MODEL_QUEUE || path == VTD_MODEL_DESCRIPTOR) {
        return real;
    }
    if (u->drained != NULL) {
        return u->drained + (at - mc->memory_base);
    }
    return path == VTD_MODEL_TABLE_SNOOPED ? real : mc->flushed + (at - mc->memory_base);
}

static bool read_memory(void *context, uint64_t address, void *data, size_t bytes, enum vtd_model_path path)
{
    const uint8_t *from = view(context, address, bytes, path);
    if (from == NULL) {
        return false;
    }
    memcpy(data, from, bytes);
    return true;
}

static void store_everywhere(struct vtd_machine *mc, uint64_t address, const void *data, size_t bytes)
{
    memcpy(fake_memory_at(address, bytes), data, bytes);
    memcpy(mc->flushed + (address - mc->memory_base), data, bytes);
    for (unsigned i = 0; i < mc->count; i++) {
        if (mc->units[i].drained != NULL) {
            memcpy(mc->units[i].drained + (address - mc->memory_base), data, bytes);
        }
    }
}

static bool write_memory(void *context, uint64_t address, const void *data, size_t bytes)
{
    struct vtd_machine_unit *u = context;
    if (fake_memory_at(address, bytes) == NULL) {
        return false;
    }
    store_everywhere(u->machine, address, data, bytes);
    return true;
}

static void drain(void *context)
{
    struct vtd_machine_unit *u = context;
    struct vtd_machine *mc = u->machine;
    if (u->drained != NULL) {
        const uint8_t *from = snoops(u) ? fake_memory_at(mc->memory_base, mc->memory_size) : mc->flushed;
        memcpy(u->drained, from, mc->memory_size);
    }
}

static void take_interrupt(void *context, uint64_t address, uint32_t data)
{
    struct vtd_machine_unit *u = context;
    u->machine->interrupts++;
    u->machine->interrupt_address = address;
    u->machine->interrupt_data = data;
}

static bool any_blind(const struct vtd_machine *mc)
{
    for (unsigned i = 0; i < mc->count; i++) {
        if (!snoops(&mc->units[i]) || mc->units[i].drained != NULL) {
            return true;
        }
    }
    return false;
}

static void observe(struct vtd_machine *mc)
{
    if (mc->observer == NULL) {
        return;
    }
    mc->observations++;
    mc->observer(mc->observer_context, mc);
    if (any_blind(mc)) {
        mc->live = true;
        mc->observer(mc->observer_context, mc);
        mc->live = false;
    }
}

static void flush(void *context, uint64_t at, uint64_t bytes)
{
    struct vtd_machine *mc = context;
    uint64_t end = at + bytes;
    for (uint64_t line = at & ~(uint64_t)(LINE - 1); line < end; line += LINE) {
        memcpy(mc->flushed + (line - mc->memory_base), fake_memory_at(line, LINE), LINE);
        observe(mc);
    }
}

static void look(void *context)
{
    struct vtd_machine *mc = context;
    for (unsigned i = 0; i < mc->count; i++) {
        vtd_model_tick(&mc->units[i].model);
    }
}

static uint64_t read_register(void *context, uint64_t offset, unsigned width)
{
    struct vtd_machine_unit *u = context;
    return vtd_model_mmio_read(&u->model, offset, width);
}

static void write_register(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    struct vtd_machine_unit *u = context;
    vtd_model_mmio_write(&u->model, offset, width, value);
    u->machine->register_writes++;
    observe(u->machine);
}

void vtd_machine_start(struct vtd_machine *mc, uint64_t memory_base, uint64_t memory_size)
{
    memset(mc, 0, sizeof(*mc));
    mc->memory_base = memory_base;
    mc->memory_size = memory_size;
    mc->flushed = copy_of_memory(memory_size);
    fake_memory_reset(memory_base, memory_size);
    fake_mmio_reset();
    fake_time_reset();
    fake_memory_on_flush(flush, mc);
    fake_time_on_look(look, mc);
}

void vtd_machine_end(struct vtd_machine *mc)
{
    for (unsigned i = 0; i < mc->count; i++) {
        free(mc->units[i].drained);
    }
    free(mc->flushed);
    fake_mmio_reset();
    fake_time_reset();
    fake_memory_on_flush(NULL, NULL);
    memset(mc, 0, sizeof(*mc));
}

struct vtd_model *vtd_machine_add(struct vtd_machine *mc, uint64_t register_base, const struct vtd_model_config *config)
{
    if (mc->count == VTD_MACHINE_UNITS) {
        abort();
    }
    struct vtd_machine_unit *u = &mc->units[mc->count++];
    struct vtd_model_io io = {u, read_memory, write_memory, take_interrupt, drain, NULL};
    u->machine = mc;
    u->base = register_base;
    vtd_model_reset(&u->model, config, &io);
    if ((config->cap & 1U << 4) != 0 || config->hidden_buffer) {
        u->drained = copy_of_memory(mc->memory_size);
    }
    fake_mmio_add(register_base, vtd_model_window(&u->model), read_register, write_register, u);
    return &u->model;
}

void vtd_machine_observe(struct vtd_machine *mc, vtd_machine_observer *observer, void *context)
{
    mc->observer = observer;
    mc->observer_context = context;
}

void vtd_machine_store64(struct vtd_machine *mc, uint64_t at, uint64_t value)
{
    if (fake_memory_at(at, 8) == NULL) {
        abort();
    }
    store_everywhere(mc, at, &value, 8);
}

uint64_t vtd_machine_load64(struct vtd_machine *mc, uint64_t at)
{
    (void)mc;
    uint64_t v = 0;
    const void *p = fake_memory_at(at, 8);
    if (p == NULL) {
        abort();
    }
    memcpy(&v, p, 8);
    return v;
}

bool vtd_machine_dma(struct vtd_machine *mc, unsigned unit, uint16_t sid, uint64_t address, bool write, uint64_t *value)
{
    uint64_t host = 0;
    if (vtd_model_translate(&mc->units[unit].model, sid, address, write, &host) != VTD_MODEL_PASSED ||
        fake_memory_at(host, 8) == NULL) {
        return false;
    }
    if (write) {
        store_everywhere(mc, host, value, 8);
    } else {
        *value = vtd_machine_load64(mc, host);
    }
    return true;
}
