/* SPDX-License-Identifier: GPL-2.0-only
 * A unit driven by hand. */
#include "tests/fake/vtd_raw.h"

#include <stdlib.h>

#include "kernel/hw/mmio.h"

#define PATIENCE 1000

struct vtd_model *vtd_raw_start(struct vtd_machine *mc, const struct vtd_model_config *config)
{
    vtd_machine_start(mc, RAW_MEMORY, RAW_MEMORY_SIZE);
    for (uint64_t at = RAW_MEMORY; at < RAW_PAGES; at += 8) {
        vtd_machine_store64(mc, at, 0);
    }
    return vtd_machine_add(mc, RAW_REGISTERS, config);
}

uint64_t vtd_raw_read(struct vtd_machine *mc, unsigned offset, unsigned width)
{
    struct hpa at = hpa(mc->units[0].base + offset);
    return width == 8 ? mmio_read64(at) : mmio_read32(at);
}

void vtd_raw_write(struct vtd_machine *mc, unsigned offset, unsigned width, uint64_t value)
{
    struct hpa at = hpa(mc->units[0].base + offset);
    if (width == 8) {
        mmio_write64(at, value);
    } else {
        mmio_write32(at, (uint32_t)value);
    }
}

/* TE, QIE, IRE, CFI: what of GSTS may be written back to GCMD here. */
#define KEEP 0x86800000u

void vtd_raw_on(struct vtd_machine *mc, uint32_t bit)
{
    uint32_t status = (uint32_t)vtd_raw_read(mc, RAW_GSTS, 4);
    vtd_raw_write(mc, RAW_GCMD, 4, (status & KEEP) | bit);
    for (unsigned i = 0; i < PATIENCE && (vtd_raw_read(mc, RAW_GSTS, 4) & bit) == 0; i++) {
    }
}

void vtd_raw_off(struct vtd_machine *mc, uint32_t bit)
{
    uint32_t status = (uint32_t)vtd_raw_read(mc, RAW_GSTS, 4);
    vtd_raw_write(mc, RAW_GCMD, 4, status & KEEP & ~bit);
    for (unsigned i = 0; i < PATIENCE && (vtd_raw_read(mc, RAW_GSTS, 4) & bit) != 0; i++) {
    }
}

void vtd_raw_leaf(struct vtd_machine *mc, uint64_t address, uint64_t entry)
{
    vtd_machine_store64(mc, RAW_BOTTOM + (address >> 12 & 0x1ff) * 8, entry);
}

void vtd_raw_tables(struct vtd_machine *mc)
{
    bool four = (mc->units[0].model.config.cap >> 10 & 1) != 0; /* SAGAW bit 2 */
    vtd_machine_store64(mc, RAW_ROOT, RAW_CONTEXTS | 1);
    vtd_machine_store64(mc, RAW_CONTEXTS + RAW_DEVICE * 16, (four ? RAW_UPPER : RAW_TOP) | 1);
    vtd_machine_store64(mc, RAW_CONTEXTS + RAW_DEVICE * 16 + 8, (four ? 2 : 1) | RAW_DOMAIN << 8);
    vtd_machine_store64(mc, RAW_UPPER, RAW_TOP | 3);
    vtd_machine_store64(mc, RAW_TOP, RAW_MIDDLE | 3);
    vtd_machine_store64(mc, RAW_MIDDLE, RAW_BOTTOM | 3);
    vtd_raw_leaf(mc, 0x2000, RAW_PAGES | 3);
}

void vtd_raw_queue(struct vtd_machine *mc)
{
    vtd_raw_write(mc, RAW_IQT, 8, 0);
    vtd_raw_write(mc, RAW_IQA, 8, RAW_QUEUE);
    vtd_raw_on(mc, 1u << 26);
}

bool vtd_raw_submit(struct vtd_machine *mc, uint64_t low, uint64_t high)
{
    uint64_t tail = vtd_raw_read(mc, RAW_IQT, 8);
    vtd_machine_store64(mc, RAW_QUEUE + tail, low);
    vtd_machine_store64(mc, RAW_QUEUE + tail + 8, high);
    tail = (tail + 16) % 4096;
    vtd_raw_write(mc, RAW_IQT, 8, tail);
    for (unsigned i = 0; i < PATIENCE; i++) {
        if (vtd_raw_read(mc, RAW_IQH, 8) == tail) {
            return true;
        }
    }
    return false;
}

static void by_register(struct vtd_machine *mc)
{
    unsigned iotlb = (unsigned)(mc->units[0].model.config.ecap >> 8 & 0x3ff) * 16 + 8;
    vtd_raw_write(mc, RAW_CCMD, 8, UINT64_C(0xa000000000000000)); /* ICC, CIRG = 1 */
    for (unsigned i = 0; i < PATIENCE && vtd_raw_read(mc, RAW_CCMD, 8) >> 63 != 0; i++) {
    }
    vtd_raw_write(mc, iotlb, 8, UINT64_C(0x9000000000000000)); /* IVT, IIRG = 1 */
    for (unsigned i = 0; i < PATIENCE && vtd_raw_read(mc, iotlb, 8) >> 63 != 0; i++) {
    }
}

void vtd_raw_invalidate(struct vtd_machine *mc)
{
    if ((vtd_raw_read(mc, RAW_GSTS, 4) & 1u << 26) == 0) {
        by_register(mc);
    } else if (!vtd_raw_submit(mc, 0x11, 0) || !vtd_raw_submit(mc, 0x12, 0)) {
        abort(); /* a healthy unit was asked for */
    }
}

void vtd_raw_translate(struct vtd_machine *mc)
{
    vtd_raw_tables(mc);
    if ((mc->units[0].model.config.ecap & 2) != 0) {
        vtd_raw_queue(mc);
    }
    vtd_raw_write(mc, RAW_RTADDR, 8, RAW_ROOT);
    vtd_raw_on(mc, 1u << 30);
    vtd_raw_invalidate(mc);
    vtd_raw_on(mc, 1u << 31);
}

void vtd_raw_interrupts(struct vtd_machine *mc, bool extended)
{
    vtd_raw_write(mc, RAW_IRTA, 8, RAW_INTERRUPTS | (extended ? 1u << 11 : 0) | 7);
    vtd_raw_on(mc, 1u << 24);
    if (vtd_raw_submit(mc, 0x4, 0)) {
        vtd_raw_on(mc, 1u << 25);
    }
}

void vtd_raw_irte(struct vtd_machine *mc, unsigned index, uint64_t low, uint64_t high)
{
    vtd_machine_store64(mc, RAW_INTERRUPTS + index * 16 + 8, high);
    vtd_machine_store64(mc, RAW_INTERRUPTS + index * 16, low);
}
