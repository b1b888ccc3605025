/* SPDX-License-Identifier: GPL-2.0-only
 * Load a kernel file into a pretended guest and print how it would be entered, as key=value.
 * usage: image_load KERNEL [MEMORY-MIB [INITRD]]   exit 0: loaded; 1: refused, why=...; 2: the file cannot be read
 * A last line acpi=FILE... is printed when ACPI_OUT names a folder: the guest's ACPI tables, one file each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/acpi_tables.h"
#include "guest/image.h"
#include "tests/fake/memory.h"

#define BACKING UINT64_C(0x100000000)

static struct image_blob read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        perror(path);
        exit(2);
    }
    size_t size = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = malloc(size == 0 ? 1 : size); /* exact, so that ASan sees the first byte too many */
    if (bytes == NULL || fread(bytes, 1, size, f) != size) {
        perror(path);
        exit(2);
    }
    (void)fclose(f);
    return (struct image_blob){.bytes = bytes, .size = size, .text = ""};
}

static uint64_t get(const struct guest_memory *memory, uint64_t at, unsigned bytes)
{
    uint64_t value = 0;
    if (guest_memory_read(memory, gpa(at), &value, bytes) != STATUS_OK) {
        printf("outside=0x%llx\n", (unsigned long long)at);
        exit(1);
    }
    return value;
}

static void save_table(const struct guest_memory *memory, uint64_t at, const char *folder)
{
    char path[512], signature[5] = {0};
    uint64_t size = get(memory, at + 4, 4);
    const void *bytes = guest_memory_at(memory, gpa(at), size);
    memcpy(signature, guest_memory_at(memory, gpa(at), 4), 4);
    (void)snprintf(path, sizeof(path), "%s/%s.aml", folder, signature);
    FILE *f = fopen(path, "wb");
    if (f == NULL || bytes == NULL || fwrite(bytes, 1, size, f) != size || fclose(f) != 0) {
        perror(path);
        exit(2);
    }
    printf("acpi=%s\n", path);
}

static void save_tables(const struct guest_memory *memory, uint64_t rsdp, const char *folder)
{
    uint64_t xsdt = get(memory, rsdp + 24, 8);
    save_table(memory, xsdt, folder);
    for (uint64_t at = 36; at < get(memory, xsdt + 4, 4); at += 8) {
        uint64_t table = get(memory, xsdt + at, 8);
        save_table(memory, table, folder);
        if (get(memory, table, 4) == 0x50434146) { /* FACP */
            save_table(memory, get(memory, table + 132, 8), folder);
            save_table(memory, get(memory, table + 140, 8), folder);
        }
    }
}

static uint64_t entry_bytes(const struct guest_memory *memory, const struct image_entry *entry)
{
    return get(memory, entry->rip, 8);
}

int main(int argc, char **argv)
{
    uint64_t mib = argc > 2 ? strtoull(argv[2], NULL, 0) : 512;
    struct guest_memory memory;
    struct image_entry entry;
    char why[256] = "";
    if (argc < 2 || mib == 0 || guest_memory_layout(mib * MIB, &memory) != STATUS_OK) {
        (void)fprintf(stderr, "usage: image_load KERNEL [MEMORY-MIB [INITRD]]\n");
        return 2;
    }
    fake_memory_reset(BACKING, mib * MIB);
    memory.slots[0].backing = hpa(BACKING);
    memory.slots[1].backing = hpa(BACKING + memory.slots[0].size);
    static struct image_request request; /* static: what it points to lives as long as the program */
    request = (struct image_request){.kernel = read_file(argv[1]), .cmdline = "console=ttyS0"};
    if (argc > 3) {
        request.initrd = read_file(argv[3]);
    }
    struct acpi_tables_request acpi = {2, guest_memory_top(&memory), guest_memory_top(&memory) + 64 * GIB};
    request.map[request.map_count++] = (struct image_range){0, GUEST_LOW_RAM_END, true};
    request.map[request.map_count++] = (struct image_range){MIB, memory.slots[0].size - MIB, true};
    if (acpi_tables_write(&memory, &acpi, &request.rsdp) != STATUS_OK) {
        printf("why=the ACPI tables do not fit\n");
        return 1;
    }
    enum status status = image_load(&memory, &request, &entry, why, sizeof(why));
    if (status != STATUS_OK) {
        printf("status=%s\nwhy=%s\n", status_text(status), why);
        return 1;
    }
    printf("kind=%s\nmode=%d\nrip=0x%llx\ncr3=0x%llx\nrax=0x%llx\nrbx=0x%llx\nrsi=0x%llx\ncode=%016llx\n",
           image_kind_text(entry.kind), entry.long_mode ? 64 : 32, (unsigned long long)entry.rip,
           (unsigned long long)entry.cr3, (unsigned long long)entry.rax, (unsigned long long)entry.rbx,
           (unsigned long long)entry.rsi, (unsigned long long)entry_bytes(&memory, &entry));
    if (getenv("ACPI_OUT") != NULL) {
        save_tables(&memory, request.rsdp.v, getenv("ACPI_OUT"));
    }
    return 0;
}
