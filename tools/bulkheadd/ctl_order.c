/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead-ctl start, stop ... poweroff: one command, one target, one answer. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/bulkheadd/ctl.h"
#include "tools/bulkheadd/orders.h"

/* The whole machine goes with all its guests: a person is asked, a script is not. */
static bool confirmed(const struct order *order, bool yes)
{
    char answer[16] = "";
    if (!order->asks || yes || !isatty(STDIN_FILENO)) {
        return true;
    }
    printf("%s the whole machine with all its guests? (yes/no) ", order->command);
    fflush(stdout);
    bool good = fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0;
    if (!good) {
        ctl_error("not confirmed, nothing done", "answer yes, or give --yes");
    }
    return good;
}

/* What follows the command: its target, and --yes. */
static bool take_arguments(const struct order *order, int argc, char **argv, const char **target, bool *yes)
{
    int at = 1;
    *target = NULL;
    *yes = false;
    for (; at < argc; at++) {
        if (order->asks && strcmp(argv[at], "--yes") == 0) {
            *yes = true;
        } else if (order->member != NULL && *target == NULL && argv[at][0] != '-') {
            *target = argv[at];
        } else {
            return ctl_no_more(argc, argv, at);
        }
    }
    if (order->member != NULL && *target == NULL) {
        ctl_usage("%s: which %s? bulkhead-ctl %s %s", argv[0], order->member, argv[0], order->example);
        return false;
    }
    return true;
}

static void say_done(const struct ctl *c, const struct order *order, const char *target,
                     const struct jtree_node *answer)
{
    const char *note = jtree_text(answer, "note");
    struct text line = {0};
    if (c->json) {
        ctl_print_json(answer);
        return;
    }
    text_put(&line, "%s%s%s: %s", order->command, target != NULL ? " " : "", target != NULL ? target : "", order->done);
    if (note != NULL) {
        text_put(&line, "; ");
        text_clean(&line, note);
    }
    puts(line.bytes);
    text_free(&line);
}

int ctl_order(struct ctl *c, int argc, char **argv)
{
    const struct order *order = order_find(argv[0]);
    const char *target = NULL;
    bool yes = false;
    struct text members = {0};
    struct jtree answer;
    if (!take_arguments(order, argc, argv, &target, &yes)) {
        return CTL_USAGE;
    }
    if (!confirmed(order, yes)) {
        return CTL_REFUSED;
    }
    text_put(&members, ",\"command\":\"%s\"", order->command);
    if (target != NULL) {
        text_put(&members, ",\"%s\":", order->member);
        text_json(&members, target);
    }
    enum ctl_exit result = ctl_ask(c, members.bytes, &answer, false);
    if (result == CTL_DONE) {
        say_done(c, order, target, answer.root);
        jtree_free(&answer);
    }
    text_free(&members);
    return result;
}
