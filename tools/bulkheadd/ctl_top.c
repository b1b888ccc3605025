/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead-ctl top: guests, rates, networks and faults, drawn anew every second. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/bulkheadd/clock.h"
#include "tools/bulkheadd/ctl.h"
#include "tools/bulkheadd/terminal.h"
#include "tools/bulkheadd/top_screen.h"

#define SECOND_MS 1000
#define BEGIN "\033[?1049h\033[?25l" /* the other screen, no cursor */
#define END "\033[?25h\033[?1049l"
#define HOME "\033[H"

struct top {
    struct ctl *c;
    struct jtree agent, guests, networks, faults;
    struct top_sample before;
};

/* The root of the answer; NULL: refused. *result as ctl_ask, once it is CTL_NO_AGENT nothing more is asked. */
static const struct jtree_node *ask(struct ctl *c, const char *command, const char *rows, struct jtree *answer,
                                    enum ctl_exit *result)
{
    if (*result == CTL_NO_AGENT) {
        return NULL;
    }
    enum ctl_exit got = ctl_ask_list(c, command, rows, answer, true);
    *result = got == CTL_NO_AGENT ? CTL_NO_AGENT : CTL_DONE;
    return got == CTL_DONE ? answer->root : NULL;
}

static enum ctl_exit draw(struct top *t)
{
    enum ctl_exit result = CTL_DONE;
    struct text screen = {0};
    size_t columns = 0;
    size_t lines = 0;
    struct top_answers answers = {.agent = ask(t->c, "agent", "rules", &t->agent, &result)};
    answers.guests = ask(t->c, "guests", "guests", &t->guests, &result);
    answers.networks = ask(t->c, "networks", "networks", &t->networks, &result);
    answers.faults = ask(t->c, "faults", "devices", &t->faults, &result);
    answers.error = answers.guests == NULL ? "the hypervisor does not answer: bulkhead-ctl status says more" : NULL;
    struct top_sample now = top_sample_make(&answers, clock_ms());
    terminal_size(&columns, &lines);
    if (result == CTL_DONE) {
        text_put(&screen, HOME);
        top_screen_write(&screen, &answers, &t->before, &now, columns, lines, t->c->colour);
        fwrite(screen.bytes, 1, screen.length, stdout);
        fflush(stdout);
    }
    t->before = answers.guests != NULL ? now : t->before;
    text_free(&screen);
    jtree_free(&t->agent);
    jtree_free(&t->guests);
    jtree_free(&t->networks);
    jtree_free(&t->faults);
    return result;
}

/* Wait for the next second; true: the person has seen enough. */
static bool wait_for_end(const struct terminal *terminal)
{
    uint64_t until = clock_ms() + SECOND_MS;
    for (;;) {
        struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = terminal->signals, .events = POLLIN}};
        if (poll(fds, 2, clock_wait(clock_ms(), until)) <= 0) {
            return false;
        }
        char key = 'q'; /* also when standard input ended */
        if (fds[0].revents != 0) {
            (void)!read(STDIN_FILENO, &key, 1);
        }
        if (fds[1].revents != 0 || strchr("qQ\003", key) != NULL) {
            return true;
        }
    }
}

int ctl_top(struct ctl *c, int argc, char **argv)
{
    struct top t = {.c = c};
    if (!ctl_no_more(argc, argv, 1)) {
        return CTL_USAGE;
    }
    if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)) {
        return ctl_usage("top: needs a terminal; bulkhead-ctl guests prints one table");
    }
    enum ctl_exit result = ctl_ask_command(c, "agent", &t.agent); /* an error is said before the screen changes */
    if (result != CTL_DONE) {
        return result;
    }
    jtree_free(&t.agent);
    struct terminal terminal = terminal_open();
    fputs(BEGIN, stdout);
    do {
        result = draw(&t);
    } while (result == CTL_DONE && !wait_for_end(&terminal));
    fputs(END, stdout);
    fflush(stdout);
    terminal_close(&terminal);
    return result;
}
