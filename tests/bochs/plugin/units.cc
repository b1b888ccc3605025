/* SPDX-License-Identifier: GPL-2.0-only
 * Remapping units on Bochs' memory bus. */
#include "tests/bochs/plugin/units.hh"

#include <string.h>

#include "tests/bochs/plugin/bochs_api.hh"
#include "tests/bochs/plugin/edu.hh"
#include "tests/bochs/plugin/ending.hh"
#include "tests/bochs/plugin/interrupts.hh"
#include "tests/bochs/plugin/log.hh"
#include "tests/bochs/plugin/memory.hh"
#include "tests/bochs/plugin/options.hh"

/* Bochs tells handlers apart by blocks of this size only. */
#define BLOCK UINT64_C(0x10000)

struct unit {
    struct vtd_model model;
    unsigned reported; /* violations */
};

static struct {
    unsigned count;
    struct unit unit[PLATFORM_UNITS];
} units;

static bool read_memory(void *, uint64_t address, void *data, size_t bytes, enum vtd_model_path)
{
    return memory_read(address, data, bytes);
}

static bool write_memory(void *, uint64_t address, const void *data, size_t bytes)
{
    return memory_write(address, data, bytes);
}

static void own_interrupt(void *, uint64_t address, uint32_t data)
{
    interrupts_of_unit(address, data);
}

static const struct platform_unit *description(const struct unit *u)
{
    return &options_get()->units.unit[u - units.unit];
}

static struct unit *unit_at(uint64_t address)
{
    for (unsigned i = 0; i < units.count; i++) {
        uint64_t base = description(&units.unit[i])->base;
        if (address >= base && address - base < vtd_model_window(&units.unit[i].model)) {
            return &units.unit[i];
        }
    }
    return NULL;
}

void units_check()
{
    for (unsigned i = 0; i < units.count; i++) {
        struct unit *u = &units.unit[i];
        for (; u->reported < u->model.violations; u->reported++) {
            const char *text = u->reported < VTD_MODEL_VIOLATIONS ? u->model.violation[u->reported] : "and more";
            log_error("unit 0x%llx: %s", static_cast<unsigned long long>(description(u)->base), text);
        }
    }
}

static bool on_read(bx_phy_address address, unsigned bytes, void *data, void *)
{
    struct unit *u = unit_at(address);
    uint64_t value = ~UINT64_C(0);
    if (u != NULL) {
        value = vtd_model_mmio_read(&u->model, address - description(u)->base, bytes);
        units_check();
    }
    memcpy(data, &value, bytes < sizeof(value) ? bytes : sizeof(value));
    return true;
}

static bool on_write(bx_phy_address address, unsigned bytes, void *data, void *)
{
    struct unit *u = unit_at(address);
    uint64_t value = 0;
    if (u != NULL) {
        memcpy(&value, data, bytes < sizeof(value) ? bytes : sizeof(value));
        vtd_model_mmio_write(&u->model, address - description(u)->base, bytes, value);
        units_check();
    }
    return true;
}

static bool block_is_claimed(unsigned before, uint64_t block)
{
    for (unsigned i = 0; i < before; i++) {
        if ((description(&units.unit[i])->base & ~(BLOCK - 1)) == block) {
            return true;
        }
    }
    return false;
}

static void claim(unsigned i)
{
    uint64_t base = description(&units.unit[i])->base;
    uint64_t block = base & ~(BLOCK - 1);
    if (!block_is_claimed(i, block) &&
        !BX_MEM_C::registerMemoryHandlers(&units, on_read, on_write, NULL, block, block + BLOCK - 1)) {
        ending_refuse("unit 0x%llx: somebody else has this window", static_cast<unsigned long long>(base));
    }
}

void units_init()
{
    units.count = options_get()->units.units;
    units_reset();
    for (unsigned i = 0; i < units.count; i++) {
        const struct vtd_model_config *c = &units.unit[i].model.config;
        claim(i);
        log_line("unit 0x%llx cap=0x%llx ecap=0x%llx",
                 static_cast<unsigned long long>(description(&units.unit[i])->base),
                 static_cast<unsigned long long>(c->cap), static_cast<unsigned long long>(c->ecap));
    }
}

void units_reset()
{
    static const struct vtd_model_io io = {NULL, read_memory, write_memory, own_interrupt, NULL, edu_forget};
    for (unsigned i = 0; i < units.count; i++) {
        struct unit *u = &units.unit[i];
        vtd_model_reset(&u->model, &description(u)->config, &io);
        u->model.knobs.latency = description(u)->latency;
        u->reported = 0;
    }
}

struct vtd_model *units_of(uint16_t sid)
{
    int i = platform_options_unit_of(&options_get()->units, sid);
    return i < 0 ? NULL : &units.unit[i].model;
}
