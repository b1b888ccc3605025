/* SPDX-License-Identifier: GPL-2.0-only
 * Order of diagnostics. */
#include "plan/plan_order.h"

#include "kernel/lib/string.h"

struct place {
    uint64_t line, column;
};

/* The number that ends before `end`; *start is where it begins. False: none, or no ':' before it. */
static bool read_number(const char *text, size_t end, size_t *start, uint64_t *out)
{
    size_t at = end;
    while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9') {
        at--;
    }
    *start = at;
    *out = 0;
    for (size_t i = at; i < end; i++) {
        *out = *out * 10 + (uint64_t)(text[i] - '0');
    }
    return at != end && at != 0 && text[at - 1] == ':';
}

static struct place place_of(const struct diag *d)
{
    struct place p = {0, 0};
    size_t length = strnlen(d->where, sizeof(d->where));
    size_t start = 0;
    uint64_t line = 0, column = 0;
    if (read_number(d->where, length, &start, &column) && read_number(d->where, start - 1, &start, &line)) {
        p = (struct place){line, column};
    }
    return p;
}

static bool after(const struct diag *a, const struct diag *b)
{
    struct place first = place_of(a), second = place_of(b);
    return first.line != second.line ? first.line > second.line : first.column > second.column;
}

/* By insertion: few enough, and mostly in order already. */
void plan_order_diags(struct diag_list *list, size_t first)
{
    for (size_t i = first + 1; i < list->count; i++) {
        struct diag moving = list->items[i];
        size_t j = i;
        for (; j > first && after(&list->items[j - 1], &moving); j--) {
            list->items[j] = list->items[j - 1];
        }
        list->items[j] = moving;
    }
}
