/* SPDX-License-Identifier: GPL-2.0-only
 * termios. */
#include "tools/bulkheadd/terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct terminal terminal_open(void)
{
    struct terminal t = {.signals = -1};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN); /* it would leave the terminal raw */
    t.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (tcgetattr(STDIN_FILENO, &t.before) == 0) {
        struct termios raw = t.before;
        cfmakeraw(&raw);
        t.raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    }
    return t;
}

void terminal_close(struct terminal *t)
{
    if (t->raw) {
        tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
        t->raw = false;
    }
    if (t->signals >= 0) {
        close(t->signals);
        t->signals = -1;
    }
}

void terminal_size(size_t *columns, size_t *lines)
{
    struct winsize size = {0};
    bool said = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 && size.ws_row != 0;
    *columns = said ? size.ws_col : 80;
    *lines = said ? size.ws_row : 24;
}
