/* SPDX-License-Identifier: GPL-2.0-only
 * Firmware's MP table, from /dev/mem: Linux shows it nowhere else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/mp_table.h"
#include "tools/bulkhead/dump_parts.h"

#define MEMORY "/dev/mem"
#define PAGE ((size_t)4096)
#define LOW_PAGES ((size_t)256) /* the first MiB: Linux lets nobody see RAM beyond it */
#define EBDA_POINTER 0x40e

/* What of /dev/mem was read, and the first thing that could not be. */
struct memory {
    const struct host_tree *tree;
    uint8_t *low;
    bool is_read[LOW_PAGES];
    int error;
};

static bool read_page(struct memory *m, size_t page)
{
    if (!m->is_read[page]) {
        m->is_read[page] = host_tree_read_at(m->tree, MEMORY, page * PAGE, m->low + page * PAGE, PAGE);
        m->error = m->is_read[page] || m->error != 0 ? m->error : errno;
    }
    return m->is_read[page];
}

static const void *view(void *context, uint64_t at, size_t bytes)
{
    struct memory *m = context;
    if (bytes == 0 || at >= LOW_PAGES * PAGE || bytes > LOW_PAGES * PAGE - at) {
        m->error = m->error != 0 ? m->error : EPERM;
        return NULL;
    }
    for (size_t page = (size_t)at / PAGE; page <= ((size_t)at + bytes - 1) / PAGE; page++) {
        if (!read_page(m, page)) {
            return NULL;
        }
    }
    return m->low + at;
}

/* An EBDA begins with its size, which is not 0: zeros are what a Linux with CONFIG_STRICT_DEVMEM shows of RAM. */
static bool is_hidden(struct memory *m)
{
    const uint8_t *word = view(m, EBDA_POINTER, 2);
    uint64_t ebda = word != NULL ? (uint64_t)(word[0] | word[1] << 8) << 4 : 0;
    const uint8_t *first = ebda != 0 ? view(m, ebda, 1) : NULL;
    return first != NULL && *first == 0;
}

static void say_missing(struct dump_part *part, struct memory *m)
{
    if (m->error != 0) {
        dump_missing(part, "MP table", MEMORY ": %s", strerror(m->error));
    } else if (is_hidden(m)) {
        dump_missing(part, "MP table", "this Linux hides the area where it may be (CONFIG_STRICT_DEVMEM)");
    } else {
        fputs("mp-table 0\n", part->out);
    }
}

void dump_mp_table(struct dump_part *part)
{
    struct memory m = {.tree = part->tree, .low = calloc(LOW_PAGES, PAGE)};
    const struct mp_table_memory memory = {view, &m};
    const uint8_t *bytes = NULL;
    size_t length = 0;
    if (m.low == NULL) {
        dump_missing(part, "MP table", "no memory");
    } else if (mp_table_locate(&memory, &bytes, &length) == STATUS_OK) {
        fprintf(part->out, "mp-table %zu\n", length);
        dump_bytes(part, bytes, length);
    } else {
        say_missing(part, &m);
    }
    free(m.low);
}
