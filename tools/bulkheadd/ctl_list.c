/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead-ctl guests, devices, faults: the hypervisor's answer as a table. */
#include <stdio.h>

#include "tools/bulkheadd/ctl.h"
#include "tools/bulkheadd/lists.h"

int ctl_list(struct ctl *c, int argc, char **argv)
{
    struct jtree answer;
    const struct list *list = list_find(argv[0]);
    if (!ctl_no_more(argc, argv, 1)) {
        return CTL_USAGE;
    }
    enum ctl_exit result = ctl_ask_command(c, list->command, &answer);
    if (result != CTL_DONE) {
        return result;
    }
    const struct jtree_node *rows = jtree_items(answer.root, list->command);
    if (c->json) {
        ctl_print_json(answer.root);
    } else if (rows == NULL) {
        printf("%s\n", list->none);
    } else {
        struct text table = {0};
        table_write(&table, rows, list->columns, list->count, c->colour);
        fputs(table.bytes, stdout);
        text_free(&table);
    }
    jtree_free(&answer);
    return CTL_DONE;
}
