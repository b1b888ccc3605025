/* SPDX-License-Identifier: GPL-2.0-only
 * PM1a registers, byte by byte: every one has its own rule for writing. */
#include "guest/pm1.h"

#include "kernel/lib/bits.h"

#define EVENTS (PM1_GLOBAL | PM1_POWER_BUTTON | PM1_SLEEP_BUTTON | PM1_RTC)
#define CONTROL_KEPT (MASK32(12, 10) | MASK32(2, 1))

void pm1_init(struct pm1 *p, uint8_t off_type)
{
    *p = (struct pm1){.control = PM1_CONTROL_SCI, .off_type = off_type & 7};
}

static uint8_t read_byte(const struct pm1 *p, unsigned offset)
{
    const uint16_t words[PM1_SIZE / 2] = {p->status, p->enable, p->control};
    return (uint8_t)(words[offset / 2] >> (8 * (offset % 2)));
}

uint32_t pm1_read(const struct pm1 *p, unsigned offset, unsigned width)
{
    if (offset + width > PM1_SIZE) {
        return MASK32(8 * width - 1, 0);
    }
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint32_t)read_byte(p, offset + i) << (8 * i);
    }
    return value;
}

/* mask: which bits of the word the write reaches. */
static void write_control(struct pm1 *p, uint16_t mask, uint16_t value)
{
    uint16_t merged = (uint16_t)((p->control & ~mask) | (value & mask));
    p->control = (uint16_t)((merged & CONTROL_KEPT) | PM1_CONTROL_SCI);
    bool sleep = (value & mask & PM1_CONTROL_SLEEP) != 0;
    if (sleep && bits_get(merged, 12, 10) == p->off_type) {
        p->off = true;
    }
}

static void write_word(struct pm1 *p, unsigned offset, uint16_t mask, uint16_t value)
{
    switch (offset) {
    case PM1_STATUS: /* write one to clear */
        p->status &= (uint16_t) ~(value & mask);
        break;
    case PM1_ENABLE:
        __atomic_store_n(&p->enable, (uint16_t)(((p->enable & ~mask) | (value & mask)) & EVENTS), __ATOMIC_RELAXED);
        break;
    default:
        write_control(p, mask, value);
    }
}

void pm1_write(struct pm1 *p, unsigned offset, unsigned width, uint32_t value)
{
    if (offset + width > PM1_SIZE) {
        return;
    }
    for (unsigned word = 0; word < PM1_SIZE; word += 2) {
        uint16_t mask = 0;
        uint16_t data = 0;
        for (unsigned i = 0; i < width; i++) {
            if ((offset + i) / 2 == word / 2) {
                unsigned shift = 8 * ((offset + i) % 2);
                mask |= (uint16_t)(0xffU << shift);
                data |= (uint16_t)((value >> (8 * i) & 0xff) << shift);
            }
        }
        if (mask != 0) {
            write_word(p, word, mask, data);
        }
    }
}

bool pm1_hears_power_button(const struct pm1 *p)
{
    return (__atomic_load_n(&p->enable, __ATOMIC_RELAXED) & PM1_POWER_BUTTON) != 0;
}

void pm1_press_power_button(struct pm1 *p)
{
    p->status |= PM1_POWER_BUTTON;
}

bool pm1_sci(const struct pm1 *p)
{
    return (p->status & p->enable) != 0;
}

bool pm1_is_off(const struct pm1 *p)
{
    return p->off;
}
