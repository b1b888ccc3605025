/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes as lspci's text: parsed, grouped, compared with the groups it claims that Linux has. */
#include <stdlib.h>

#include "kernel/core/panic.h"
#include "tools/bulkhead/groups_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX (64 * KIB)

static void check(const struct lspci *l, const struct groups *groups, const struct groups_comparison *c)
{
    char text[128];
    bulkhead_assert(groups->first[groups->count] == l->facts.count);
    for (uint32_t i = 0; i < l->facts.count; i++) {
        struct sbdf sources[GROUP_SOURCES_MAX];
        uint8_t first = 0;
        uint8_t last = 0;
        bulkhead_assert(groups->of[i].group < groups->count);
        bulkhead_assert((groups->of[i].reason == GROUP_ALONE) == (groups->of[i].via == PCI_NO_INDEX));
        group_reason_say(&l->facts, groups, i, text, sizeof(text));
        bulkhead_assert(group_sources(&l->facts, i, sources) >= 1);
        bulkhead_assert(!group_interrupt_buses(&l->facts, i, &first, &last) || first <= last);
    }
    for (size_t i = 0; i < c->count; i++) {
        bulkhead_assert(c->items[i].a < c->items[i].b && c->items[i].b < l->facts.count);
        groups_difference_say(l, groups, &c->items[i], text, sizeof(text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct diag items[64];
    struct diag_list diags = diag_list_make(items, ARRAY_LENGTH(items));
    struct lspci l;
    struct groups groups;
    struct groups as_linux;
    struct groups_comparison comparison;
    size_t length = size < TEXT_MAX ? size : TEXT_MAX;
    size_t most = lspci_arena_bytes(length) + (length + KIB) * 64;
    void *space = malloc(most);
    struct arena arena = arena_make(space, space != NULL ? most : 0);
    if (lspci_parse((const char *)data, length, NULL, &arena, &l, &diags) == STATUS_OK &&
        groups_make(&l.facts, &arena, &groups) == STATUS_OK &&
        groups_make_as_linux(&l.facts, &arena, &as_linux) == STATUS_OK &&
        groups_compare(&l, &groups, &as_linux, &arena, &comparison) == STATUS_OK) {
        check(&l, &groups, &comparison);
    }
    free(space);
    return 0;
}
