/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead-ctl guests, devices, networks, faults: the hypervisor's answer as a table. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/bulkheadd/ctl.h"
#include "tools/bulkheadd/lists.h"

static void print_table(const struct ctl *c, const struct list *list, const struct jtree_node *answer)
{
    const struct jtree_node *rows = jtree_items(answer, list->rows);
    uint64_t faults = jtree_number(answer, "faults", UINT64_MAX);
    struct text table = {0};
    if (rows == NULL) {
        printf("%s\n", list->none);
    } else {
        table_write(&table, rows, list->columns, list->count, c->colour);
        fputs(table.bytes, stdout);
    }
    if (faults != UINT64_MAX) {
        printf("\n%" PRIu64 " of all units; the last records: bulkhead-ctl events --type fault\n", faults);
    }
    text_free(&table);
}

int ctl_list(struct ctl *c, int argc, char **argv)
{
    struct jtree answer;
    const struct list *list = list_find(argv[0]);
    if (!ctl_no_more(argc, argv, 1)) {
        return CTL_USAGE;
    }
    enum ctl_exit result = ctl_ask_list(c, list->command, list->rows, &answer, false);
    if (result != CTL_DONE) {
        return result;
    }
    if (c->json) {
        ctl_print_json(answer.root);
    } else {
        print_table(c, list, answer.root);
    }
    jtree_free(&answer);
    return CTL_DONE;
}
