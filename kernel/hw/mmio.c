/* SPDX-License-Identifier: GPL-2.0-only
 * Single-access register reads and writes. In assembly, so that no compiler
 * widens, splits or drops one. */
#include "kernel/hw/mmio.h"

uint8_t mmio_read8(struct hpa at)
{
    uint8_t value;
    asm volatile("movb %1, %0" : "=q"(value) : "m"(*(volatile uint8_t *)at.v) : "memory");
    return value;
}

uint16_t mmio_read16(struct hpa at)
{
    uint16_t value;
    asm volatile("movw %1, %0" : "=r"(value) : "m"(*(volatile uint16_t *)at.v) : "memory");
    return value;
}

uint32_t mmio_read32(struct hpa at)
{
    uint32_t value;
    asm volatile("movl %1, %0" : "=r"(value) : "m"(*(volatile uint32_t *)at.v) : "memory");
    return value;
}

uint64_t mmio_read64(struct hpa at)
{
    uint64_t value;
    asm volatile("movq %1, %0" : "=r"(value) : "m"(*(volatile uint64_t *)at.v) : "memory");
    return value;
}

void mmio_write8(struct hpa at, uint8_t value)
{
    asm volatile("movb %1, %0" : "=m"(*(volatile uint8_t *)at.v) : "q"(value) : "memory");
}

void mmio_write16(struct hpa at, uint16_t value)
{
    asm volatile("movw %1, %0" : "=m"(*(volatile uint16_t *)at.v) : "r"(value) : "memory");
}

void mmio_write32(struct hpa at, uint32_t value)
{
    asm volatile("movl %1, %0" : "=m"(*(volatile uint32_t *)at.v) : "r"(value) : "memory");
}

void mmio_write64(struct hpa at, uint64_t value)
{
    asm volatile("movq %1, %0" : "=m"(*(volatile uint64_t *)at.v) : "r"(value) : "memory");
}
