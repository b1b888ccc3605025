/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes as physical memory with ACPI tables: an RSDP in them, an XSDT at their start whose entries get right
 * checksums, and every table that is found through its parser;
 * the bytes as a DSDT, too, in which _S5 is looked for. */
#include <stdlib.h>
#include <string.h>

#include "drivers/acpi.h"
#include "drivers/acpi_rsdp.h"
#include "drivers/acpi_sleep.h"
#include "drivers/fadt.h"
#include "drivers/hpet.h"
#include "drivers/madt.h"
#include "drivers/mcfg.h"
#include "kernel/lib/cursor.h"
#include "tests/fake/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY (512 * KIB)
#define XSDT 0x1000
#define ROOM (64 * KIB)

static struct diag items[64];
static uint8_t space[1 << 20];

static void fix_sum(uint64_t at)
{
    uint8_t *t = fake_memory_at(at, ACPI_HEADER_BYTES);
    if (t == NULL) {
        return;
    }
    struct cursor c = cursor_make(t + 4, 4);
    uint32_t length = cursor_u32(&c);
    if (length < ACPI_HEADER_BYTES || fake_memory_at(at, length) == NULL) {
        return;
    }
    t[9] = 0;
    t[9] = (uint8_t)-acpi_sum(t, length);
}

/* The entries first: a table may lie over the XSDT, whose own checksum must be the last one made right. */
static void fix_tables(size_t size)
{
    uint8_t *root = fake_memory_at(XSDT, ROOM);
    memcpy(root, "XSDT", 4);
    for (size_t at = ACPI_HEADER_BYTES; at + 8 <= size && at < 256; at += 8) {
        struct cursor c = cursor_make(root + at, 8);
        fix_sum(cursor_u64(&c));
    }
    fix_sum(XSDT);
}

static void parse_table(const struct acpi_view *view, struct arena *arena, struct diag_list *diags)
{
    struct madt madt;
    struct mcfg mcfg;
    struct fadt fadt;
    struct hpet hpet;
    (void)!madt_parse(&madt, view, arena, diags);
    (void)!mcfg_parse(&mcfg, view, arena, diags);
    (void)!fadt_parse(&fadt, view, diags);
    (void)!hpet_parse(&hpet, view, diags);
}

static void open_and_parse(const uint8_t *rsdp, size_t length)
{
    struct acpi acpi;
    struct arena arena = arena_make(space, sizeof(space));
    struct diag_list diags = diag_list_make(items, ARRAY_LENGTH(items));
    if (acpi_open(&acpi, rsdp, length, &arena, &diags) != STATUS_OK) {
        return;
    }
    for (size_t i = 0; i < acpi.count && i < 16; i++) {
        parse_table(&acpi.tables[i], &arena, &diags);
    }
}

/* As the DSDT, whose AML is behind its header. */
static void find_sleep(const uint8_t *table, size_t size)
{
    struct acpi_sleep sleep;
    if (acpi_sleep_s5(table + ACPI_HEADER_BYTES, size - ACPI_HEADER_BYTES, &sleep) == STATUS_OK &&
        (sleep.type_a > 7 || sleep.type_b > 7)) {
        abort();
    }
}

/* The bytes directly as a table, on the heap, where the sanitizer sees every step outside. */
static void parse_as_table(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size);
    struct arena arena = arena_make(space, sizeof(space));
    struct diag_list diags = diag_list_make(items, ARRAY_LENGTH(items));
    memcpy(copy, data, size);
    struct acpi_view view = {hpa(XSDT), copy, size};
    parse_table(&view, &arena, &diags);
    find_sleep(copy, size);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready) {
        fake_memory_reset(0, MEMORY);
        ready = true;
    }
    if (size < ACPI_HEADER_BYTES || size > ROOM) {
        return 0;
    }
    parse_as_table(data, size);
    uint8_t *memory = fake_memory_at(XSDT, ROOM);
    memset(memory, 0, ROOM);
    memcpy(memory, data, size);
    fix_tables(size);
    uint8_t rsdp[ACPI_RSDP_V2_BYTES] = "RSD PTR ";
    rsdp[15] = 2;
    rsdp[20] = ACPI_RSDP_V2_BYTES;
    rsdp[25] = XSDT >> 8;
    rsdp[8] = (uint8_t)-acpi_sum(rsdp, ACPI_RSDP_V1_BYTES);
    rsdp[32] = (uint8_t)-acpi_sum(rsdp, ACPI_RSDP_V2_BYTES);
    open_and_parse(rsdp, sizeof(rsdp));
    open_and_parse(data, size);
    return 0;
}
