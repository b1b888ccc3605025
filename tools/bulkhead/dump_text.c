/* SPDX-License-Identifier: GPL-2.0-only
 * The reader of "bulkhead-machine 1". */
#include "tools/bulkhead/dump_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/acpi.h"
#include "kernel/lib/bits.h"

#define WORDS_MAX 72
#define LINE_SIZE 512
#define TABLE_MAX MIB
#define MISSING_MAX 4096

struct parser {
    struct dump_text *out;
    unsigned line;
    char copy[LINE_SIZE]; /* of the line, cut into words */
    char rest[LINE_SIZE]; /* what follows the first word */
    char *words[WORDS_MAX];
    size_t count;
    uint8_t *rows; /* where rows of bytes go: of the table or function last named */
    size_t row_room;
    struct dump_function *function; /* the one last named, or NULL */
    bool ended;
    const char *error;
};

static bool fail(struct parser *p, const char *error)
{
    p->error = error;
    return false;
}

/* Room for one more; arrays grow by doubling. */
static void *grow(void *items, size_t count, size_t size)
{
    if (count != 0 && (count & (count - 1)) != 0) {
        return items;
    }
    return realloc(items, (count == 0 ? 1 : 2 * count) * size);
}

static bool number(struct parser *p, const char *text, uint64_t most, uint64_t *out)
{
    bool hex = text[0] == '0' && text[1] == 'x';
    const char *digits = text + (hex ? 2 : 0);
    size_t length = strspn(digits, hex ? "0123456789abcdef" : "0123456789");
    if (length == 0 || length > (hex ? 16 : 18) || digits[length] != 0) {
        return fail(p, "not a number");
    }
    *out = strtoull(digits, NULL, hex ? 16 : 10);
    return *out <= most ? true : fail(p, "a number out of range");
}

static bool number32(struct parser *p, const char *text, uint32_t *out)
{
    uint64_t wide = 0;
    if (!number(p, text, UINT32_MAX, &wide)) {
        return false;
    }
    *out = (uint32_t)wide;
    return true;
}

static bool address(struct parser *p, const char *text, struct dump_address *out)
{
    unsigned domain = 0, bus = 0, device = 0, function = 0;
    int end = 0;
    bool plain = text[strspn(text, "0123456789abcdef:.")] == 0;
    if (!plain || sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) != 4 || text[end] != 0 ||
        device > 0x1f || function > 7) {
        return fail(p, "not an address like 0000:3b:00.0");
    }
    *out = (struct dump_address){domain, (uint16_t)(bus << 8 | device << 3 | function)};
    return true;
}

/* Words "KEY VALUE" from the index on: the value of key, or NULL. */
static const char *value_of(const struct parser *p, size_t from, const char *key)
{
    for (size_t i = from; i + 1 < p->count; i += 2) {
        if (strcmp(p->words[i], key) == 0) {
            return p->words[i + 1];
        }
    }
    return NULL;
}

static bool field(struct parser *p, size_t from, const char *key, uint64_t most, uint64_t *out)
{
    const char *text = value_of(p, from, key);
    return text != NULL ? number(p, text, most, out) : fail(p, "a field is missing");
}

static bool parse_memory(struct parser *p)
{
    char *dash = p->count == 3 ? strchr(p->words[1], '-') : NULL;
    uint64_t first = 0, last = 0, size = 0;
    enum memory_kind kind = MEMORY_RAM;
    if (dash == NULL) {
        return fail(p, "not memory FIRST-LAST KIND");
    }
    *dash = 0;
    if (!number(p, p->words[1], UINT64_MAX, &first) || !number(p, dash + 1, UINT64_MAX, &last)) {
        return false;
    }
    while (kind < MEMORY_LOADER && strcmp(memory_kind_text(kind), p->words[2]) != 0) {
        kind++;
    }
    if (kind == MEMORY_LOADER) {
        return fail(p, "not a kind of memory");
    }
    bool sound = last >= first && !__builtin_add_overflow(last - first, 1, &size) &&
                 memory_map_add(&p->out->memory, first, size, kind) == STATUS_OK;
    p->out->memory_is_odd = p->out->memory_is_odd || !sound;
    return true;
}

static bool parse_cpu(struct parser *p)
{
    struct dump_text *out = p->out;
    uint64_t values[4] = {0};
    if (p->count < 2 || !number(p, p->words[1], UINT32_MAX, &values[0]) ||
        !field(p, 2, "apic", UINT32_MAX, &values[1]) || !field(p, 2, "package", UINT32_MAX, &values[2]) ||
        !field(p, 2, "core", UINT32_MAX, &values[3])) {
        return fail(p, "not cpu N apic N package N core N");
    }
    struct dump_cpu *cpus = out->cpu_count < DUMP_TEXT_CPUS_MAX ? grow(out->cpus, out->cpu_count, sizeof(*cpus)) : NULL;
    if (cpus == NULL) {
        return fail(p, "too many CPUs");
    }
    out->cpus = cpus;
    cpus[out->cpu_count++] =
        (struct dump_cpu){(uint32_t)values[0], (uint32_t)values[1], (uint32_t)values[2], (uint32_t)values[3]};
    return true;
}

static bool parse_unit(struct parser *p)
{
    struct dump_text *out = p->out;
    struct dump_unit unit = {0};
    if (p->count < 2 || !number(p, p->words[1], UINT64_MAX, &unit.address) ||
        !field(p, 2, "cap", UINT64_MAX, &unit.cap) || !field(p, 2, "ecap", UINT64_MAX, &unit.ecap)) {
        return fail(p, "not unit ADDRESS version V cap N ecap N");
    }
    struct dump_unit *units =
        out->unit_count < DUMP_TEXT_UNITS_MAX ? grow(out->units, out->unit_count, sizeof(*units)) : NULL;
    if (units == NULL) {
        return fail(p, "too many units");
    }
    out->units = units;
    units[out->unit_count++] = unit;
    return true;
}

static bool parse_table(struct parser *p)
{
    struct dump_text *out = p->out;
    uint64_t length = 0;
    if (p->count != 3 || strlen(p->words[1]) != 4 || !number(p, p->words[2], TABLE_MAX, &length) || length == 0) {
        return fail(p, "not acpi SIGNATURE BYTES");
    }
    bool room = out->table_count < DUMP_TEXT_TABLES_MAX;
    struct dump_table *tables = room ? grow(out->tables, out->table_count, sizeof(*tables)) : NULL;
    uint8_t *bytes = tables != NULL ? calloc(1, length) : NULL;
    out->tables = tables != NULL ? tables : out->tables;
    if (bytes == NULL) {
        return fail(p, "too many tables");
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
static bool parse_mp_table(struct parser *p)
{
    struct dump_text *out = p->out;
    uint64_t length = 0;
    if (p->count != 2 || out->knows_mp || !number(p, p->words[1], UINT16_MAX, &length)) {
        return fail(p, "not mp-table BYTES, or a second one");
    }
    out->knows_mp = true;
    out->mp_table = length != 0 ? calloc(1, length) : NULL;
    out->mp_length = out->mp_table != NULL ? length : 0;
    p->function = NULL;
    p->rows = out->mp_table;
    p->row_room = out->mp_length;
    return true;
}

static bool parse_mtrr(struct parser *p)
{
    struct dump_text *out = p->out;
    struct dump_mtrr m = {0};
    const char *type = value_of(p, 2, "type");
    if (p->count != 6 || type == NULL || !number(p, p->words[1], BIT64(52) - 1, &m.base) ||
        !field(p, 2, "bytes", BIT64(52), &m.bytes)) {
        return fail(p, "not mtrr BASE bytes N type NAME");
    }
    while (m.type <= MTRR_WRITE_BACK && strcmp(mtrr_type_text(m.type), type) != 0) {
        m.type++;
    }
    bool sound = m.bytes >= PAGE_SIZE && (m.bytes & (m.bytes - 1)) == 0 && is_aligned(m.base, m.bytes);
    if (m.type > MTRR_WRITE_BACK || !sound || out->mtrr_count == ARRAY_LENGTH(out->mtrrs)) {
        return fail(p, "an MTRR that cannot be");
    }
    out->mtrrs[out->mtrr_count++] = m;
    return true;
}

static bool parse_function(struct parser *p)
{
    struct dump_text *out = p->out;
    struct dump_address at;
    uint64_t length = 0;
    if (p->count != 3 || !address(p, p->words[1], &at) || !number(p, p->words[2], 4096, &length) ||
        (length != 64 && length != 256 && length != 4096)) {
        return fail(p, "not pci ADDRESS 64, 256 or 4096");
    }
    bool room = out->function_count < DUMP_TEXT_FUNCTIONS_MAX;
    struct dump_function *all = room ? grow(out->functions, out->function_count, sizeof(*all)) : NULL;
    uint8_t *bytes = all != NULL ? calloc(1, length) : NULL;
    out->functions = all != NULL ? all : out->functions;
    if (bytes == NULL) {
        return fail(p, "too many functions");
    }
    p->function = &all[out->function_count++];
    *p->function = (struct dump_function){.at = at, .config = bytes, .length = length};
    p->rows = bytes;
    p->row_room = length;
    return true;
}

static bool parse_missing(struct parser *p)
{
    struct dump_text *out = p->out;
    char **missing = out->missing_count < MISSING_MAX ? grow(out->missing, out->missing_count, sizeof(*missing)) : NULL;
    if (missing == NULL) {
        return fail(p, "too much is missing");
    }
    out->missing = missing;
    missing[out->missing_count] = strdup(p->rest);
    return missing[out->missing_count] != NULL ? (out->missing_count++, true) : fail(p, "no memory");
}

/* What is said about the function last named. */
static bool parse_detail(struct parser *p)
{
    struct dump_function *f = p->function;
    const char *key = p->words[0];
    uint64_t n = 0;
    if (f == NULL || p->count < 2) {
        return true;
    }
    const char *value = p->words[1];
    if (strcmp(key, "bar") == 0) {
        return p->count == 3 && number(p, value, PCI_BARS - 1, &n) && number(p, p->words[2], UINT64_MAX, &f->sizes[n])
                   ? true
                   : fail(p, "not bar N BYTES");
    }
    if (strcmp(key, "vf-bar") == 0) {
        bool sound = p->count == 3 && number(p, value, PCI_BARS - 1, &n);
        return sound && number(p, p->words[2], UINT64_MAX, &f->vf_sizes[n]) ? true : fail(p, "not vf-bar N BYTES");
    }
    if (strcmp(key, "rom") == 0) {
        return number(p, value, UINT64_MAX, &f->sizes[PCI_BARS]);
    }
    if (strcmp(key, "group") == 0) {
        f->grouped = true;
        return number32(p, value, &f->group);
    }
    if (strcmp(key, "irq") == 0) {
        return number32(p, value, &f->irq);
    }
    if (strcmp(key, "physfn") == 0) {
        f->is_vf = true;
        return address(p, value, &f->pf);
    }
    if (strcmp(key, "behind") == 0) {
        f->is_behind = true;
        return address(p, value, &f->behind);
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

/* " 040: 01 02 ...": bytes from that offset on. */
static bool parse_row(struct parser *p)
{
    char *end = NULL;
    unsigned long at = strtoul(p->words[0], &end, 16);
    bool sound = strlen(p->words[0]) <= 8 && hex_digit(p->words[0][0]) >= 0 && strcmp(end, ":") == 0;
    if (!sound || p->rows == NULL || at > p->row_room || p->count - 1 > p->row_room - at) {
        return fail(p, "bytes that belong nowhere");
    }
    for (size_t i = 1; i < p->count; i++) {
        const char *w = p->words[i];
        int high = hex_digit(w[0]);
        int low = high >= 0 ? hex_digit(w[1]) : -1;
        if (low < 0 || w[2] != 0) {
            return fail(p, "not a byte");
        }
        p->rows[at + i - 1] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool parse_head(struct parser *p)
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
        bool sound = number(p, p->words[1], 31, &n);
        out->thread_bits = (unsigned)n;
        return sound;
    }
    out->has_vmx = out->has_vmx || strcmp(key, "cpu-vmx") == 0;
    if (strcmp(key, "cpu-signature") == 0 && p->count == 2) {
        return number32(p, p->words[1], &out->cpu_signature);
    }
    if (strcmp(key, "vendor") == 0 || strcmp(key, "product") == 0) {
        char *to = key[0] == 'v' ? out->vendor : out->product;
        snprintf(to, DUMP_TEXT_LINE_MAX + 1, "%.*s", DUMP_TEXT_LINE_MAX, p->rest);
    }
    p->ended = p->ended || strcmp(key, "end") == 0;
    return true;
}

/* One line without its end. */
static bool parse_line(struct parser *p, const char *line, size_t length)
{
    if (length >= LINE_SIZE || memchr(line, 0, length) != NULL) {
        return fail(p, "too long a line, or a NUL in it");
    }
    memcpy(p->copy, line, length);
    p->copy[length] = 0;
    for (char *c = p->copy; *c != 0; c++) {
        *c = (*c >= ' ' && *c <= '~') ? *c : '?';
    }
    bool indented = p->copy[0] == ' ';
    const char *first = p->copy + strspn(p->copy, " ");
    const char *rest = first + strcspn(first, " ");
    snprintf(p->rest, sizeof(p->rest), "%s", rest + (*rest == ' '));
    char *state = NULL;
    p->count = 0;
    for (char *word = strtok_r(p->copy, " ", &state); word != NULL; word = strtok_r(NULL, " ", &state)) {
        if (p->count == WORDS_MAX) {
            return fail(p, "too many words");
        }
        p->words[p->count++] = word;
    }
    if (p->count == 0 || p->words[0][0] == '#') {
        return true;
    }
    if (!indented) {
        return parse_head(p);
    }
    return p->words[0][strlen(p->words[0]) - 1] == ':' ? parse_row(p) : parse_detail(p);
}

static int by_address(const void *a, const void *b)
{
    const struct dump_address *x = &((const struct dump_function *)a)->at;
    const struct dump_address *y = &((const struct dump_function *)b)->at;
    if (x->domain != y->domain) {
        return x->domain < y->domain ? -1 : 1;
    }
    return x->rid < y->rid ? -1 : x->rid > y->rid;
}

static bool sort_functions(struct dump_text *out)
{
    if (out->function_count == 0) {
        return true;
    }
    qsort(out->functions, out->function_count, sizeof(*out->functions), by_address);
    for (size_t i = 1; i < out->function_count; i++) {
        if (by_address(&out->functions[i - 1], &out->functions[i]) == 0) {
            return false;
        }
    }
    return true;
}

static bool parse_all(struct parser *p, const char *text, size_t length)
{
    static const char magic[] = "bulkhead-machine 1\n";
    if (length < strlen(magic) || memcmp(text, magic, strlen(magic)) != 0) {
        p->line = 1;
        return fail(p, "not a dump of this version: it does not start with \"bulkhead-machine 1\"");
    }
    for (size_t at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t line = end != NULL ? (size_t)(end - text) - at : length - at;
        p->line++;
        if (p->line > 1 && !parse_line(p, text + at, line)) {
            return false;
        }
        at += line + 1;
    }
    if (!p->ended) {
        return fail(p, "cut short: the last line is not \"end\"");
    }
    return sort_functions(p->out) ? true : fail(p, "two functions have one address");
}

bool dump_text_parse(const char *text, size_t length, struct dump_text *out, char *why)
{
    static struct parser p; /* large for a stack; one dump at a time */
    p = (struct parser){.out = out};
    *out = (struct dump_text){0};
    if (parse_all(&p, text, length)) {
        return true;
    }
    snprintf(why, DUMP_TEXT_WHY_SIZE, "line %u: %s", p.line, p.error);
    dump_text_free(out);
    return false;
}

void dump_text_free(struct dump_text *dump)
{
    for (size_t i = 0; i < dump->table_count; i++) {
        free(dump->tables[i].bytes);
    }
    for (size_t i = 0; i < dump->function_count; i++) {
        free(dump->functions[i].config);
    }
    for (size_t i = 0; i < dump->missing_count; i++) {
        free(dump->missing[i]);
    }
    free(dump->mp_table);
    free(dump->tables);
    free(dump->functions);
    free(dump->missing);
    free(dump->units);
    free(dump->cpus);
    *dump = (struct dump_text){0};
}

char *dump_address_text(struct dump_address at, char *out, size_t size)
{
    snprintf(out, size, "%04x:%02x:%02x.%x", at.domain, at.rid >> 8, at.rid >> 3 & 0x1f, at.rid & 7u);
    return out;
}
