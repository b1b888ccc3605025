/* SPDX-License-Identifier: GPL-2.0-only
 * Delivery of interrupt messages (SDM 3A 11.11; VT-d 4.1 chapter 5). */
#include "tests/bochs/plugin/interrupts.hh"

#include "tests/bochs/plugin/bochs_api.hh"
#include "tests/bochs/plugin/log.hh"
#include "tests/bochs/plugin/units.hh"

extern "C" {
#include "kernel/lib/bits.h"
}

#define LOST_SHOWN 8

enum { DELIVERY_FIXED = 0, DELIVERY_LOWEST = 1, DELIVERY_EXTINT = 7 };

static struct {
    unsigned lost;
} interrupts;

static struct vtd_model_message plain(uint32_t address, uint32_t data)
{
    struct vtd_model_message m = {};
    m.vector = static_cast<uint8_t>(data);
    m.delivery = static_cast<uint8_t>(bits_get(data, 10, 8));
    m.level = bits_get(data, 15, 15) != 0;
    m.dest = static_cast<uint32_t>(bits_get(address, 19, 12));
    m.redirect = bits_get(address, 3, 3) != 0;
    m.logical = bits_get(address, 2, 2) != 0;
    return m;
}

/* One local APIC is meant by a physical destination: there is nothing to arbitrate, and Bochs would drop it. */
static void deliver(const struct vtd_model_message *m)
{
    bool one = m->delivery == DELIVERY_LOWEST && !m->logical;
    uint8_t delivery = one ? static_cast<uint8_t>(DELIVERY_FIXED) : m->delivery;
    uint8_t vector = delivery == DELIVERY_EXTINT ? bx_pc_system.IAC() : m->vector;
    if (!apic_bus_deliver_interrupt(vector, m->dest, delivery, m->logical, m->level, m->level) &&
        interrupts.lost++ < LOST_SHOWN) {
        log_line("message for nobody: vector=0x%x dest=0x%x logical=%d delivery=%u", vector, m->dest, m->logical,
                 delivery);
    }
}

bool interrupts_request(uint16_t sid, uint32_t address, uint32_t data, struct vtd_model_message *out)
{
    struct vtd_model *unit = units_of(sid);
    *out = plain(address, data);
    if (unit != NULL) {
        bool passed = vtd_model_interrupt(unit, sid, address, data, out);
        units_check();
        if (!passed) {
            return false;
        }
    }
    if (!out->posted) {
        deliver(out);
    }
    return true;
}

void interrupts_of_unit(uint64_t address, uint32_t data)
{
    struct vtd_model_message m = plain(static_cast<uint32_t>(address), data);
    if (bits_get(address, 31, 20) != 0xfee) {
        log_error("a unit's event goes to 0x%llx, which is no interrupt", static_cast<unsigned long long>(address));
        return;
    }
    m.dest |= static_cast<uint32_t>(address >> 32) & ~UINT32_C(0xff);
    deliver(&m);
}
