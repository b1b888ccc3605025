/* SPDX-License-Identifier: GPL-2.0-only
 * Running dot: the graph goes into its standard input. */
#include "tools/bulkhead/graphviz.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/bulkhead/command.h"

#define EXIT_NOT_FOUND 127

static _Noreturn void become_dot(const int ends[2])
{
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    close(ends[1]);
    execlp("dot", "dot", "-Tsvg", (char *)NULL);
    _exit(EXIT_NOT_FOUND);
}

/* Whatever dot does not read is lost; its exit status tells. */
static void feed(int to, const char *text, size_t length)
{
    while (length != 0) {
        ssize_t written = write(to, text, length);
        if (written < 0 && errno != EINTR) {
            return;
        }
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
}

bool graphviz_svg(const char *text, size_t length)
{
    int ends[2];
    int status = 0;
    fflush(stdout);
    if (pipe(ends) != 0) {
        command_usage_error("dot: %s", strerror(errno));
        return false;
    }
    signal(SIGPIPE, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        become_dot(ends);
    }
    close(ends[0]);
    if (child > 0) {
        feed(ends[1], text, length);
    }
    close(ends[1]);
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        command_usage_error("dot could not be run");
        return false;
    }
    if (WEXITSTATUS(status) == EXIT_NOT_FOUND) {
        command_usage_error("Graphviz's dot is not installed (Debian: graphviz); --dot prints what it would draw");
        return false;
    }
    if (WEXITSTATUS(status) != 0) {
        command_usage_error("dot failed with status %d", WEXITSTATUS(status));
        return false;
    }
    return true;
}
