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

/* What follows the command. */
struct arguments {
    const char *target, *extra; /* NULL: not given */
    bool yes;
};

static bool take_arguments(const struct order *order, int argc, char **argv, struct arguments *out)
{
    *out = (struct arguments){0};
    for (int at = 1; at < argc; at++) {
        bool is_extra =
            order->extra != NULL && strncmp(argv[at], "--", 2) == 0 && strcmp(argv[at] + 2, order->extra) == 0;
        if (order->asks && strcmp(argv[at], "--yes") == 0) {
            out->yes = true;
        } else if (is_extra && at + 1 < argc) {
            out->extra = argv[++at];
        } else if (order->member != NULL && out->target == NULL && argv[at][0] != '-') {
            out->target = argv[at];
        } else {
            return ctl_no_more(argc, argv, at);
        }
    }
    bool enough = order->member == NULL || out->target != NULL || out->extra != NULL;
    if (!enough) {
        ctl_usage("%s: which %s? bulkhead-ctl %s %s", argv[0], order->member, argv[0], order->example);
    }
    return enough;
}

static void say_done(const struct ctl *c, const struct order *order, const char *target,
                     const struct jtree_node *answer)
{
    struct text line = {0};
    if (c->json) {
        ctl_print_json(answer);
        return;
    }
    text_put(&line, "%s%s%s: %s", order->command, target != NULL ? " " : "", target != NULL ? target : "", order->done);
    puts(line.bytes);
    text_free(&line);
}

static void put_member(struct text *out, const char *key, const char *value)
{
    if (value != NULL) {
        text_put(out, ",\"%s\":", key);
        text_json(out, value);
    }
}

int ctl_order(struct ctl *c, int argc, char **argv)
{
    const struct order *order = order_find(argv[0]);
    struct arguments given;
    struct text members = {0};
    struct jtree answer;
    if (!take_arguments(order, argc, argv, &given)) {
        return CTL_USAGE;
    }
    if (!confirmed(order, given.yes)) {
        return CTL_REFUSED;
    }
    text_put(&members, ",\"command\":\"%s\"", order->command);
    put_member(&members, order->member, given.target);
    put_member(&members, order->extra, given.extra);
    enum ctl_exit result = ctl_ask(c, members.bytes, &answer, false);
    if (result == CTL_DONE) {
        say_done(c, order, given.target, answer.root);
        jtree_free(&answer);
    }
    text_free(&members);
    return result;
}
