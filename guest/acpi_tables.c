/* SPDX-License-Identifier: GPL-2.0-only
 * ACPI tables for guests (ACPI 6.5 5.2; PCI Firmware 3.3 4.1.2 for MCFG). */
#include "guest/acpi_tables.h"

#include "guest/image_place.h"
#include "guest/platform.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

/* Compiled by iasl from guest/dsdt.asl. */
extern unsigned char dsdt_aml_code[];

#define HEADER_SIZE 36u
#define RSDP_SIZE 36u
#define FADT_SIZE 276u
#define FACS_SIZE 64u
#define MADT_FIXED 44u
#define MCFG_SIZE 60u
#define TABLES_MAX 8u

/* FADT flags (5.2.9, table 5.10) and boot architecture flags (5.2.9.3). */
#define FADT_WBINVD BIT32(0)
#define FADT_PROC_C1 BIT32(2)
#define FADT_NO_SLEEP_BUTTON BIT32(5)
#define FADT_TIMER_32 BIT32(8)
#define FADT_RESET BIT32(10)
#define BOOT_LEGACY_DEVICES BIT32(0)
#define BOOT_NO_VGA BIT32(2)
#define BOOT_NO_ASPM BIT32(4)
#define GAS_IO 1

struct builder {
    const struct guest_memory *memory;
    uint64_t next;
    uint64_t tables[TABLES_MAX]; /* for the XSDT */
    unsigned count;
};

static uint8_t *place(struct builder *b, uint64_t bytes, uint64_t align, uint64_t *at)
{
    uint64_t start = align_up(b->next, align);
    if (bytes > GUEST_MP_START - GUEST_FIRMWARE_START || start + bytes > GUEST_MP_START) {
        return NULL;
    }
    uint8_t *to = guest_memory_at(b->memory, gpa(start), bytes);
    if (to != NULL) {
        memset(to, 0, bytes);
        b->next = start + bytes;
        *at = start;
    }
    return to;
}

static void finish(uint8_t *table, const char *signature, uint32_t bytes, uint8_t revision)
{
    memcpy(table, signature, 4);
    image_put(table + 4, bytes, 4);
    table[8] = revision;
    memcpy(table + 10, "BULKHD", 6);
    memcpy(table + 16, "BULKHEAD", 8);
    image_put(table + 24, 1, 4);
    memcpy(table + 28, "BLKH", 4);
    image_put(table + 32, 1, 4);
    table[9] = 0;
    table[9] = image_checksum(table, bytes);
}

static void put_register(uint8_t *at, uint64_t port, uint8_t bits)
{
    at[0] = GAS_IO;
    at[1] = bits;
    at[3] = bits == 8 ? 1 : bits == 16 ? 2 : 3; /* access size */
    image_put(at + 4, port, 8);
}

/* The window for 64-bit BARs as guest/dsdt.asl declares it: minimum, maximum, translation, length. */
static enum status patch_window(uint8_t *dsdt, uint64_t bytes, const struct acpi_tables_request *request)
{
    uint8_t declared[32] = {0};
    image_put(declared, UINT64_C(0x8000000000), 8);
    image_put(declared + 8, UINT64_C(0xffffffffff), 8);
    image_put(declared + 24, UINT64_C(0x8000000000), 8);
    for (uint64_t at = HEADER_SIZE; at + sizeof(declared) <= bytes; at++) {
        if (memcmp(dsdt + at, declared, sizeof(declared)) == 0) {
            image_put(dsdt + at, request->window_start, 8);
            image_put(dsdt + at + 8, request->window_end - 1, 8);
            image_put(dsdt + at + 24, request->window_end - request->window_start, 8);
            return STATUS_OK;
        }
    }
    return STATUS_BAD_FORMAT;
}

static enum status write_dsdt(struct builder *b, const struct acpi_tables_request *request, uint64_t *at)
{
    uint32_t bytes = 0;
    for (unsigned i = 0; i < 4; i++) {
        bytes |= (uint32_t)dsdt_aml_code[4 + i] << (8 * i);
    }
    uint8_t *dsdt = place(b, bytes, 16, at);
    if (dsdt == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(dsdt, dsdt_aml_code, bytes);
    enum status status = patch_window(dsdt, bytes, request);
    dsdt[9] = 0;
    dsdt[9] = image_checksum(dsdt, bytes);
    return status;
}

static enum status write_facs(struct builder *b, uint64_t *at)
{
    uint8_t *facs = place(b, FACS_SIZE, 64, at);
    if (facs == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(facs, "FACS", 4);
    image_put(facs + 4, FACS_SIZE, 4);
    facs[32] = 2;
    return STATUS_OK;
}

static enum status write_fadt(struct builder *b, uint64_t dsdt, uint64_t facs)
{
    uint64_t at = 0;
    uint8_t *t = place(b, FADT_SIZE, 16, &at);
    if (t == NULL) {
        return STATUS_NO_MEMORY;
    }
    image_put(t + 36, facs, 4);
    image_put(t + 40, dsdt, 4);
    image_put(t + 46, PLATFORM_SCI_IRQ, 2);
    image_put(t + 56, PLATFORM_PM1_EVENT_PORT, 4);
    image_put(t + 64, PLATFORM_PM1_CONTROL_PORT, 4);
    image_put(t + 76, PLATFORM_PM_TIMER_PORT, 4);
    t[88] = 4;                    /* PM1 event block, bytes */
    t[89] = 2;                    /* PM1 control block */
    t[91] = 4;                    /* PM timer */
    image_put(t + 96, 0x0fff, 2); /* C2 latency: not supported */
    image_put(t + 98, 0x0fff, 2); /* C3 latency: not supported */
    t[108] = 0x32;                /* century byte in CMOS */
    image_put(t + 109, BOOT_LEGACY_DEVICES | BOOT_NO_VGA | BOOT_NO_ASPM, 2);
    image_put(t + 112, FADT_WBINVD | FADT_PROC_C1 | FADT_NO_SLEEP_BUTTON | FADT_TIMER_32 | FADT_RESET, 4);
    put_register(t + 116, PLATFORM_RESET_PORT, 8);
    t[128] = PLATFORM_RESET_VALUE;
    t[131] = 5; /* minor version */
    image_put(t + 132, facs, 8);
    image_put(t + 140, dsdt, 8);
    put_register(t + 148, PLATFORM_PM1_EVENT_PORT, 32);
    put_register(t + 172, PLATFORM_PM1_CONTROL_PORT, 16);
    put_register(t + 208, PLATFORM_PM_TIMER_PORT, 32);
    finish(t, "FACP", FADT_SIZE, 6);
    b->tables[b->count++] = at;
    return STATUS_OK;
}

static uint8_t *put_override(uint8_t *at, uint8_t irq, uint32_t gsi, uint16_t flags)
{
    at[0] = 2;
    at[1] = 10;
    at[3] = irq;
    image_put(at + 4, gsi, 4);
    image_put(at + 8, flags, 2);
    return at + 10;
}

static enum status write_madt(struct builder *b, unsigned cpus)
{
    uint64_t at = 0;
    uint32_t bytes = MADT_FIXED + cpus * 8 + 12 + 10 + 10 + 6;
    uint8_t *t = place(b, bytes, 16, &at);
    if (t == NULL) {
        return STATUS_NO_MEMORY;
    }
    image_put(t + 36, GUEST_LAPIC_START, 4);
    image_put(t + 40, 1, 4); /* 8259s are there too */
    uint8_t *e = t + MADT_FIXED;
    for (unsigned i = 0; i < cpus; i++, e += 8) {
        e[1] = 8;
        e[2] = (uint8_t)i;
        e[3] = (uint8_t)i;
        image_put(e + 4, 1, 4);
    }
    e[0] = 1; /* I/O APIC, id after the last CPU's */
    e[1] = 12;
    e[2] = (uint8_t)cpus;
    image_put(e + 4, GUEST_IOAPIC_START, 4);
    e = put_override(e + 12, PLATFORM_PIT_IRQ, PLATFORM_PIT_GSI, 0);
    e = put_override(e, PLATFORM_SCI_IRQ, PLATFORM_SCI_IRQ, 0xd); /* level, active high */
    e[0] = 4;                                                     /* NMI on LINT1 of every CPU */
    e[1] = 6;
    e[2] = 0xff;
    e[5] = 1;
    finish(t, "APIC", bytes, 4);
    b->tables[b->count++] = at;
    return STATUS_OK;
}

static enum status write_mcfg(struct builder *b)
{
    uint64_t at = 0;
    uint8_t *t = place(b, MCFG_SIZE, 16, &at);
    if (t == NULL) {
        return STATUS_NO_MEMORY;
    }
    image_put(t + 44, GUEST_ECAM_START, 8); /* segment 0, bus 0 to bus 0 */
    finish(t, "MCFG", MCFG_SIZE, 1);
    b->tables[b->count++] = at;
    return STATUS_OK;
}

static enum status write_root(struct builder *b, uint8_t *rsdp)
{
    uint64_t at = 0;
    uint32_t bytes = HEADER_SIZE + 8 * b->count;
    uint8_t *t = place(b, bytes, 16, &at);
    if (t == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (unsigned i = 0; i < b->count; i++) {
        image_put(t + HEADER_SIZE + 8 * i, b->tables[i], 8);
    }
    finish(t, "XSDT", bytes, 1);
    memcpy(rsdp, "RSD PTR ", 8);
    memcpy(rsdp + 9, "BULKHD", 6);
    rsdp[15] = 2;
    image_put(rsdp + 20, RSDP_SIZE, 4);
    image_put(rsdp + 24, at, 8);
    rsdp[8] = image_checksum(rsdp, 20);
    rsdp[32] = image_checksum(rsdp, RSDP_SIZE);
    return STATUS_OK;
}

enum status acpi_tables_write(const struct guest_memory *memory, const struct acpi_tables_request *request,
                              struct gpa *rsdp)
{
    struct builder b = {.memory = memory, .next = GUEST_FIRMWARE_START};
    uint64_t at = 0, dsdt = 0, facs = 0;
    uint8_t *pointer = place(&b, RSDP_SIZE, 16, &at);
    if (pointer == NULL) {
        return STATUS_OUT_OF_RANGE;
    }
    enum status status = write_dsdt(&b, request, &dsdt);
    status = status == STATUS_OK ? write_facs(&b, &facs) : status;
    status = status == STATUS_OK ? write_fadt(&b, dsdt, facs) : status;
    status = status == STATUS_OK ? write_madt(&b, request->cpu_count) : status;
    status = status == STATUS_OK ? write_mcfg(&b) : status;
    status = status == STATUS_OK ? write_root(&b, pointer) : status;
    *rsdp = gpa(at);
    return status;
}
