/* SPDX-License-Identifier: GPL-2.0-only
 * Driving edu. */
#include "tests/selftest/edu.h"

#include "kernel/core/mmio_map.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"

enum {
    EDU_STATUS_RAISED = 0x24,
    EDU_RAISE = 0x60,
    EDU_ACKNOWLEDGE = 0x64,
    EDU_DMA_SOURCE = 0x80,
    EDU_DMA_TARGET = 0x88,
    EDU_DMA_COUNT = 0x90,
    EDU_DMA_COMMAND = 0x98,
    EDU_DMA_REPEAT = 0xa0, /* these three are no registers of QEMU's */
    EDU_DMA_STRIDE = 0xa8,
    EDU_DMA_BURST = 0xb0,
};
#define EDU_BUFFER 0x40000
#define EDU_DMA_RUN 1u
#define EDU_DMA_TO_MEMORY 2u
#define EDU_PATIENCE_US 5000000
#define EDU_FLOOD_PATIENCE_US 100 /* for each access */
#define EDU_FLOOD_BYTES 64

enum status edu_open(struct edu *edu, const struct pci_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (f->vendor == EDU_VENDOR && f->device == EDU_DEVICE) {
            *edu = (struct edu){.function = f, .registers = hpa(f->bars[0].address)};
            return mmio_map(edu->registers, f->bars[0].size);
        }
    }
    return STATUS_NOT_FOUND;
}

static enum status wait_until_done(const struct edu *edu, uint64_t patience_us)
{
    struct deadline deadline = deadline_in_us(patience_us);
    while ((mmio_read64(hpa_add(edu->registers, EDU_DMA_COMMAND)) & EDU_DMA_RUN) != 0) {
        if (deadline_passed(deadline)) {
            return STATUS_TIMEOUT;
        }
        cpu_pause();
    }
    return STATUS_OK;
}

static enum status copy(const struct edu *edu, uint64_t from, uint64_t to, unsigned bytes, uint32_t direction)
{
    mmio_write64(hpa_add(edu->registers, EDU_DMA_SOURCE), from);
    mmio_write64(hpa_add(edu->registers, EDU_DMA_TARGET), to);
    mmio_write64(hpa_add(edu->registers, EDU_DMA_COUNT), bytes);
    mmio_write64(hpa_add(edu->registers, EDU_DMA_COMMAND), EDU_DMA_RUN | direction);
    return wait_until_done(edu, EDU_PATIENCE_US);
}

enum status edu_read_memory(const struct edu *edu, uint64_t address, unsigned bytes)
{
    return copy(edu, address, EDU_BUFFER, bytes, 0);
}

enum status edu_write_memory(const struct edu *edu, uint64_t address, unsigned bytes)
{
    return copy(edu, EDU_BUFFER, address, bytes, EDU_DMA_TO_MEMORY);
}

enum status edu_flood(const struct edu *edu, uint64_t address, uint64_t times, uint64_t burst)
{
    if (mmio_read64(hpa_add(edu->registers, EDU_DMA_REPEAT)) == UINT64_MAX) {
        return STATUS_UNSUPPORTED;
    }
    mmio_write64(hpa_add(edu->registers, EDU_DMA_SOURCE), EDU_BUFFER);
    mmio_write64(hpa_add(edu->registers, EDU_DMA_TARGET), address);
    mmio_write64(hpa_add(edu->registers, EDU_DMA_COUNT), EDU_FLOOD_BYTES);
    mmio_write64(hpa_add(edu->registers, EDU_DMA_REPEAT), times);
    mmio_write64(hpa_add(edu->registers, EDU_DMA_STRIDE), PAGE_SIZE);
    mmio_write64(hpa_add(edu->registers, EDU_DMA_BURST), burst);
    mmio_write64(hpa_add(edu->registers, EDU_DMA_COMMAND), EDU_DMA_RUN | EDU_DMA_TO_MEMORY);
    return wait_until_done(edu, EDU_PATIENCE_US + times * EDU_FLOOD_PATIENCE_US);
}

void edu_raise(const struct edu *edu, uint32_t bits)
{
    mmio_write32(hpa_add(edu->registers, EDU_RAISE), bits);
}

void edu_acknowledge(const struct edu *edu)
{
    mmio_write32(hpa_add(edu->registers, EDU_ACKNOWLEDGE), mmio_read32(hpa_add(edu->registers, EDU_STATUS_RAISED)));
}
