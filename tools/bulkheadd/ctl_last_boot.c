/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead-ctl last-boot: how the boot before this one ended, and the end of its log. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/bulkheadd/ctl.h"

struct end {
    const char *word, *text;
};

static const char *end_text(const char *word)
{
    static const struct end ends[] = {
        {"panic", "The last boot ended by a panic of the hypervisor:"},
        {"unknown", "The last boot ended by a reset from outside: a hang, a watchdog, a button. Its last line:"},
        {"ordered", "The last boot ended by order: the hypervisor reset the machine itself. Its last line:"},
        {"damaged", "The last boot left a log that cannot be read:"},
        {"none", "Nothing is known of the last boot:"},
    };
    for (size_t i = 0; word != NULL && i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (strcmp(ends[i].word, word) == 0) {
            return ends[i].text;
        }
    }
    return "The last boot ended in a way that this bulkhead-ctl does not know:";
}

static void print_clean(const char *before, const char *string)
{
    struct text line = {0};
    text_put(&line, "%s", before);
    text_clean(&line, string != NULL ? string : "");
    puts(line.bytes);
    text_free(&line);
}

static void print_log(const struct jtree_node *answer)
{
    const struct jtree_node *line = jtree_items(answer, "log");
    if (line == NULL) {
        return;
    }
    puts("");
    for (; line != NULL; line = line->next) {
        if (jtree_is_true(line, "damaged")) {
            puts("(a line that is damaged)");
        } else {
            print_clean("", jtree_text(line, "text"));
        }
    }
    printf("\nlines kept %" PRIu64 ", older ones overwritten %" PRIu64 ", damaged %" PRIu64 "\n",
           jtree_number(answer, "total", 0), jtree_number(answer, "overwritten", 0),
           jtree_number(answer, "damaged", 0));
}

int ctl_last_boot(struct ctl *c, int argc, char **argv)
{
    struct jtree answer;
    if (!ctl_no_more(argc, argv, 1)) {
        return CTL_USAGE;
    }
    enum ctl_exit result = ctl_ask_list(c, "last-boot", "log", &answer, false);
    if (result != CTL_DONE) {
        return result;
    }
    if (c->json) {
        ctl_print_json(answer.root);
    } else {
        puts(end_text(jtree_text(answer.root, "end")));
        print_clean("  ", jtree_text(answer.root, "why"));
        print_log(answer.root);
    }
    jtree_free(&answer);
    return CTL_DONE;
}
