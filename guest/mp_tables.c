/* SPDX-License-Identifier: GPL-2.0-only
 * MP table for guests. */
#include "guest/mp_tables.h"

#include "guest/image_place.h"
#include "guest/pci_function.h"
#include "guest/platform.h"
#include "kernel/lib/string.h"

#define POINTER_BYTES 16u
#define HEADER_BYTES 44u
#define CPU_BYTES 20u
#define ENTRY_BYTES 8u
#define REVISION 4 /* 1.4 */
#define TABLE_MAX (GUEST_FIRMWARE_CODE - GUEST_MP_START - POINTER_BYTES)

/* Entry types, 4.3. */
enum { ENTRY_CPU, ENTRY_BUS, ENTRY_IOAPIC, ENTRY_INTERRUPT, ENTRY_LOCAL };
/* Interrupt types, table 4-11. */
enum { TYPE_INT = 0, TYPE_NMI = 1, TYPE_EXTINT = 3 };
enum { BUS_PCI = 0, BUS_ISA = 1 };

#define LEVEL_HIGH 0xd /* flags of an interrupt: level, active high; 0 is the bus's own way */
#define ISA_IRQS 16u
#define APIC_VERSION 0x14
#define IOAPIC_TABLE_VERSION 0x20
#define CPU_ENABLED 1
#define CPU_BOOTSTRAP 2
#define EVERY_LAPIC 0xff

struct table {
    uint8_t *start, *next;
    unsigned entries;
    uint8_t ioapic;
};

static uint8_t *entry(struct table *t, uint8_t type, unsigned bytes)
{
    uint8_t *at = t->next;
    at[0] = type;
    t->next += bytes;
    t->entries++;
    return at;
}

static void put_cpus(struct table *t, unsigned count, uint32_t signature, uint32_t features)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t *e = entry(t, ENTRY_CPU, CPU_BYTES);
        e[1] = (uint8_t)i;
        e[2] = APIC_VERSION;
        e[3] = i == 0 ? CPU_ENABLED | CPU_BOOTSTRAP : CPU_ENABLED;
        image_put(e + 4, signature, 4);
        image_put(e + 8, features, 4);
    }
}

static void put_bus(struct table *t, uint8_t id, const char *name)
{
    uint8_t *e = entry(t, ENTRY_BUS, ENTRY_BYTES);
    e[1] = id;
    memcpy(e + 2, name, 6);
}

static void put_ioapic(struct table *t)
{
    uint8_t *e = entry(t, ENTRY_IOAPIC, ENTRY_BYTES);
    e[1] = t->ioapic;
    e[2] = IOAPIC_TABLE_VERSION;
    e[3] = 1; /* usable */
    image_put(e + 4, GUEST_IOAPIC_START, 4);
}

static void put_interrupt(struct table *t, uint8_t type, unsigned bus, unsigned irq, unsigned pin, uint16_t flags)
{
    uint8_t *e = entry(t, ENTRY_INTERRUPT, ENTRY_BYTES);
    e[1] = type;
    image_put(e + 2, flags, 2);
    e[4] = (uint8_t)bus;
    e[5] = (uint8_t)irq;
    e[6] = t->ioapic;
    e[7] = (uint8_t)pin;
}

/* ISA interrupts go to the pin of their number, but the timer's to pin 2, as the MADT's overrides say. */
static void put_isa(struct table *t)
{
    for (unsigned irq = 0; irq < ISA_IRQS; irq++) {
        if (irq != PLATFORM_PIT_GSI) { /* the second 8259 */
            unsigned pin = irq == PLATFORM_PIT_IRQ ? PLATFORM_PIT_GSI : irq;
            put_interrupt(t, TYPE_INT, BUS_ISA, irq, pin, irq == PLATFORM_SCI_IRQ ? LEVEL_HIGH : 0);
        }
    }
}

/* INTA# of every device number; of PCI, the irq byte is the device and the pin (4.3.4). */
static void put_pci(struct table *t)
{
    for (unsigned device = 1; device <= GUEST_PCI_DEVICES; device++) {
        put_interrupt(t, TYPE_INT, BUS_PCI, device << 2, guest_pci_gsi(device), 0);
    }
}

static void put_local(struct table *t, uint8_t type, unsigned lint)
{
    uint8_t *e = entry(t, ENTRY_LOCAL, ENTRY_BYTES);
    e[1] = type;
    e[4] = BUS_ISA;
    e[6] = EVERY_LAPIC;
    e[7] = (uint8_t)lint;
}

static void finish(struct table *t)
{
    size_t bytes = (size_t)(t->next - t->start);
    memcpy(t->start, "PCMP", 4);
    image_put(t->start + 4, bytes, 2);
    t->start[6] = REVISION;
    memcpy(t->start + 8, "BULKHEADBULKHEAD    ", 20);
    image_put(t->start + 34, t->entries, 2);
    image_put(t->start + 36, GUEST_LAPIC_START, 4);
    t->start[7] = image_checksum(t->start, bytes);
}

enum status mp_tables_write(const struct guest_memory *memory, unsigned cpu_count, uint32_t signature,
                            uint32_t features)
{
    uint8_t *pointer = guest_memory_at(memory, gpa(GUEST_MP_START), POINTER_BYTES + TABLE_MAX);
    if (pointer == NULL) {
        return STATUS_OUT_OF_RANGE;
    }
    memset(pointer, 0, POINTER_BYTES + TABLE_MAX);
    struct table t = {.start = pointer + POINTER_BYTES, .ioapic = (uint8_t)cpu_count};
    t.next = t.start + HEADER_BYTES;
    put_cpus(&t, cpu_count, signature, features);
    put_bus(&t, BUS_PCI, "PCI   ");
    put_bus(&t, BUS_ISA, "ISA   ");
    put_ioapic(&t);
    put_isa(&t);
    put_pci(&t);
    put_local(&t, TYPE_EXTINT, 0);
    put_local(&t, TYPE_NMI, 1);
    finish(&t);
    memcpy(pointer, "_MP_", 4);
    image_put(pointer + 4, GUEST_MP_START + POINTER_BYTES, 4);
    pointer[8] = 1; /* of 16 bytes */
    pointer[9] = REVISION;
    pointer[10] = image_checksum(pointer, POINTER_BYTES);
    return STATUS_OK;
}
