/* SPDX-License-Identifier: GPL-2.0-only
 * Lines of a dump. */
#include "tools/bulkhead/dump_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/acpi.h"
#include "kernel/lib/bits.h"

#define TABLE_MAX MIB
#define MISSING_MAX 4096

static bool parse_memory(struct dump_reader *p)
{
    char *dash = p->count == 3 ? strchr(p->words[1], '-') : NULL;
    uint64_t first = 0, last = 0, size = 0;
    enum memory_kind kind = MEMORY_RAM;
    if (dash == NULL) {
        return dump_reader_fail(p, "not memory FIRST-LAST KIND");
    }
    *dash = 0;
    if (!dump_reader_number(p, p->words[1], UINT64_MAX, &first) ||
        !dump_reader_number(p, dash + 1, UINT64_MAX, &last)) {
        return false;
    }
    while (kind < MEMORY_LOADER && strcmp(memory_kind_text(kind), p->words[2]) != 0) {
        kind++;
    }
    if (kind == MEMORY_LOADER) {
        return dump_reader_fail(p, "not a kind of memory");
    }
    bool sound = last >= first && !__builtin_add_overflow(last - first, 1, &size) &&
                 memory_map_add(&p->out->memory, first, size, kind) == STATUS_OK;
    p->out->memory_is_odd = p->out->memory_is_odd || !sound;
    return true;
}

static bool parse_cpu(struct dump_reader *p)
{
    struct dump_text *out = p->out;
    uint64_t values[4] = {0};
    if (p->count < 2 || !dump_reader_number(p, p->words[1], UINT32_MAX, &values[0]) ||
        !dump_reader_field(p, 2, "apic", UINT32_MAX, &values[1]) ||
        !dump_reader_field(p, 2, "package", UINT32_MAX, &values[2]) ||
        !dump_reader_field(p, 2, "core", UINT32_MAX, &values[3])) {
        return dump_reader_fail(p, "not cpu N apic N package N core N");
    }
    struct dump_cpu *cpus =
        out->cpu_count < DUMP_TEXT_CPUS_MAX ? dump_reader_grow(out->cpus, out->cpu_count, sizeof(*cpus)) : NULL;
    if (cpus == NULL) {
        return dump_reader_fail(p, "too many CPUs");
    }
    out->cpus = cpus;
    cpus[out->cpu_count++] =
        (struct dump_cpu){(uint32_t)values[0], (uint32_t)values[1], (uint32_t)values[2], (uint32_t)values[3]};
    return true;
}

static bool parse_unit(struct dump_reader *p)
{
    struct dump_text *out = p->out;
    struct dump_unit unit = {0};
    if (p->count < 2 || !dump_reader_number(p, p->words[1], UINT64_MAX, &unit.address) ||
        !dump_reader_field(p, 2, "cap", UINT64_MAX, &unit.cap) ||
        !dump_reader_field(p, 2, "ecap", UINT64_MAX, &unit.ecap)) {
        return dump_reader_fail(p, "not unit ADDRESS version V cap N ecap N");
    }
    struct dump_unit *units =
        out->unit_count < DUMP_TEXT_UNITS_MAX ? dump_reader_grow(out->units, out->unit_count, sizeof(*units)) : NULL;
    if (units == NULL) {
        return dump_reader_fail(p, "too many units");
    }
    out->units = units;
    units[out->unit_count++] = unit;
    return true;
}

static bool parse_table(struct dump_reader *p)
{
    struct dump_text *out = p->out;
    uint64_t length = 0;
    if (p->count != 3 || strlen(p->words[1]) != 4 || !dump_reader_number(p, p->words[2], TABLE_MAX, &length) ||
        length == 0) {
        return dump_reader_fail(p, "not acpi SIGNATURE BYTES");
    }
    bool room = out->table_count < DUMP_TEXT_TABLES_MAX;
    struct dump_table *tables = room ? dump_reader_grow(out->tables, out->table_count, sizeof(*tables)) : NULL;
    uint8_t *bytes = tables != NULL ? calloc(1, length) : NULL;
    out->tables = tables != NULL ? tables : out->tables;
    if (bytes == NULL) {
        return dump_reader_fail(p, "too many tables");
    }
    struct dump_table *table = &tables[out->table_count++];
    *table = (struct dump_table){.bytes = bytes, .length = length};
    memcpy(table->signature, p->words[1], 4);
    p->function = NULL;
    p->rows = bytes;
    p->row_room = length;
    return true;
}

/* "mp-table 0" says that there is none. */
static bool parse_mp_table(struct dump_reader *p)
{
    struct dump_text *out = p->out;
    uint64_t length = 0;
    if (p->count != 2 || out->knows_mp || !dump_reader_number(p, p->words[1], UINT16_MAX, &length)) {
        return dump_reader_fail(p, "not mp-table BYTES, or a second one");
    }
    out->knows_mp = true;
    out->mp_table = length != 0 ? calloc(1, length) : NULL;
    out->mp_length = out->mp_table != NULL ? length : 0;
    p->function = NULL;
    p->rows = out->mp_table;
    p->row_room = out->mp_length;
    return true;
}

static bool parse_mtrr(struct dump_reader *p)
{
    struct dump_text *out = p->out;
    struct dump_mtrr m = {0};
    const char *type = dump_reader_value(p, 2, "type");
    if (p->count != 6 || type == NULL || !dump_reader_number(p, p->words[1], BIT64(52) - 1, &m.base) ||
        !dump_reader_field(p, 2, "bytes", BIT64(52), &m.bytes)) {
        return dump_reader_fail(p, "not mtrr BASE bytes N type NAME");
    }
    while (m.type <= MTRR_WRITE_BACK && strcmp(mtrr_type_text(m.type), type) != 0) {
        m.type++;
    }
    bool sound = m.bytes >= PAGE_SIZE && (m.bytes & (m.bytes - 1)) == 0 && is_aligned(m.base, m.bytes);
    if (m.type > MTRR_WRITE_BACK || !sound || out->mtrr_count == ARRAY_LENGTH(out->mtrrs)) {
        return dump_reader_fail(p, "an MTRR that cannot be");
    }
    out->mtrrs[out->mtrr_count++] = m;
    return true;
}

static bool parse_function(struct dump_reader *p)
{
    struct dump_text *out = p->out;
    struct dump_address at;
    uint64_t length = 0;
    if (p->count != 3 || !dump_reader_address(p, p->words[1], &at) ||
        !dump_reader_number(p, p->words[2], 4096, &length) || (length != 64 && length != 256 && length != 4096)) {
        return dump_reader_fail(p, "not pci ADDRESS 64, 256 or 4096");
    }
    bool room = out->function_count < DUMP_TEXT_FUNCTIONS_MAX;
    struct dump_function *all = room ? dump_reader_grow(out->functions, out->function_count, sizeof(*all)) : NULL;
    uint8_t *bytes = all != NULL ? calloc(1, length) : NULL;
    out->functions = all != NULL ? all : out->functions;
    if (bytes == NULL) {
        return dump_reader_fail(p, "too many functions");
    }
    p->function = &all[out->function_count++];
    *p->function = (struct dump_function){.at = at, .config = bytes, .length = length};
    p->rows = bytes;
    p->row_room = length;
    return true;
}

static bool parse_missing(struct dump_reader *p)
{
    struct dump_text *out = p->out;
    char **missing =
        out->missing_count < MISSING_MAX ? dump_reader_grow(out->missing, out->missing_count, sizeof(*missing)) : NULL;
    if (missing == NULL) {
        return dump_reader_fail(p, "too much is missing");
    }
    out->missing = missing;
    missing[out->missing_count] = strdup(p->rest);
    return missing[out->missing_count] != NULL ? (out->missing_count++, true) : dump_reader_fail(p, "no memory");
}

/* What is said about the function last named. */
bool dump_lines_detail(struct dump_reader *p)
{
    struct dump_function *f = p->function;
    const char *key = p->words[0];
    uint64_t n = 0;
    if (f == NULL || p->count < 2) {
        return true;
    }
    const char *value = p->words[1];
    if (strcmp(key, "bar") == 0) {
        return p->count == 3 && dump_reader_number(p, value, PCI_BARS - 1, &n) &&
                       dump_reader_number(p, p->words[2], UINT64_MAX, &f->sizes[n])
                   ? true
                   : dump_reader_fail(p, "not bar N BYTES");
    }
    if (strcmp(key, "vf-bar") == 0) {
        bool sound = p->count == 3 && dump_reader_number(p, value, PCI_BARS - 1, &n);
        return sound && dump_reader_number(p, p->words[2], UINT64_MAX, &f->vf_sizes[n])
                   ? true
                   : dump_reader_fail(p, "not vf-bar N BYTES");
    }
    if (strcmp(key, "rom") == 0) {
        return dump_reader_number(p, value, UINT64_MAX, &f->sizes[PCI_BARS]);
    }
    if (strcmp(key, "group") == 0) {
        f->grouped = true;
        return dump_reader_number32(p, value, &f->group);
    }
    if (strcmp(key, "irq") == 0) {
        return dump_reader_number32(p, value, &f->irq);
    }
    if (strcmp(key, "physfn") == 0) {
        f->is_vf = true;
        return dump_reader_address(p, value, &f->pf);
    }
    if (strcmp(key, "behind") == 0) {
        f->is_behind = true;
        return dump_reader_address(p, value, &f->behind);
    }
    if (strcmp(key, "driver") == 0) {
        snprintf(f->driver, sizeof(f->driver), "%.*s", DUMP_TEXT_NAME_MAX, value);
    }
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool dump_lines_row(struct dump_reader *p)
{
    char *end = NULL;
    unsigned long at = strtoul(p->words[0], &end, 16);
    bool sound = strlen(p->words[0]) <= 8 && hex_digit(p->words[0][0]) >= 0 && strcmp(end, ":") == 0;
    if (!sound || p->rows == NULL || at > p->row_room || p->count - 1 > p->row_room - at) {
        return dump_reader_fail(p, "bytes that belong nowhere");
    }
    for (size_t i = 1; i < p->count; i++) {
        const char *w = p->words[i];
        int high = hex_digit(w[0]);
        int low = high >= 0 ? hex_digit(w[1]) : -1;
        if (low < 0 || w[2] != 0) {
            return dump_reader_fail(p, "not a byte");
        }
        p->rows[at + i - 1] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool dump_lines_head(struct dump_reader *p)
{
    struct dump_text *out = p->out;
    const char *key = p->words[0];
    uint64_t n = 0;
    if (strcmp(key, "memory") == 0) {
        return parse_memory(p);
    }
    if (strcmp(key, "acpi") == 0) {
        return parse_table(p);
    }
    if (strcmp(key, "pci") == 0) {
        return parse_function(p);
    }
    if (strcmp(key, "cpu") == 0) {
        return parse_cpu(p);
    }
    if (strcmp(key, "unit") == 0) {
        return parse_unit(p);
    }
    if (strcmp(key, "mp-table") == 0) {
        return parse_mp_table(p);
    }
    if (strcmp(key, "mtrr") == 0) {
        return parse_mtrr(p);
    }
    if (strcmp(key, "missing") == 0) {
        return parse_missing(p);
    }
    if (strcmp(key, "thread-bits") == 0 && p->count == 2) {
        bool sound = dump_reader_number(p, p->words[1], 31, &n);
        out->thread_bits = (unsigned)n;
        return sound;
    }
    out->has_vmx = out->has_vmx || strcmp(key, "cpu-vmx") == 0;
    if (strcmp(key, "cpu-signature") == 0 && p->count == 2) {
        return dump_reader_number32(p, p->words[1], &out->cpu_signature);
    }
    if (strcmp(key, "vendor") == 0 || strcmp(key, "product") == 0) {
        char *to = key[0] == 'v' ? out->vendor : out->product;
        snprintf(to, DUMP_TEXT_LINE_MAX + 1, "%.*s", DUMP_TEXT_LINE_MAX, p->rest);
    }
    p->ended = p->ended || strcmp(key, "end") == 0;
    return true;
}
