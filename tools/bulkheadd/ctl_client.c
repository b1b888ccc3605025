/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead-ctl's end of the agent's socket. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/bulkheadd/clock.h"
#include "tools/bulkheadd/ctl.h"

#define ANSWER_MS 40000 /* the agent gives up on the hypervisor before that */

int ctl_usage(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("bulkhead-ctl: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    return CTL_USAGE;
}

void ctl_error(const char *what, const char *fix)
{
    struct text clean = {0};
    text_put(&clean, "bulkhead-ctl: ");
    text_clean(&clean, what);
    if (fix != NULL && fix[0] != 0) {
        text_put(&clean, "\n  fix: ");
        text_clean(&clean, fix);
    }
    fprintf(stderr, "%s\n", clean.bytes);
    text_free(&clean);
}

bool ctl_no_more(int argc, char **argv, int taken)
{
    if (argc > taken) {
        ctl_usage("%s: one argument too many, \"%s\"; see bulkhead-ctl --help", argv[0], argv[taken]);
    }
    return argc <= taken;
}

static bool no_agent(const struct ctl *c, int error)
{
    char what[256];
    const char *fix = "start it: systemctl start bulkheadd, or bulkheadd as root; another socket: --socket PATH";
    snprintf(what, sizeof(what), "bulkheadd does not serve %s: %s", c->socket, strerror(error));
    if (error == EACCES || error == EPERM) {
        fix = "run bulkhead-ctl as root, or as a member of the group of bulkheadd's option --socket-group";
    }
    ctl_error(what, fix);
    return false;
}

static bool connect_once(struct ctl *c)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (c->fd >= 0) {
        return true;
    }
    if (strlen(c->socket) >= sizeof(at.sun_path)) {
        return no_agent(c, ENAMETOOLONG);
    }
    text_fit(at.sun_path, sizeof(at.sun_path), c->socket);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
        int error = errno;
        ctl_end(c);
        return no_agent(c, error);
    }
    return true;
}

void ctl_end(struct ctl *c)
{
    if (c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
    line_reader_free(&c->in);
}

const char *ctl_line(struct ctl *c, int ms, size_t *length)
{
    uint64_t until = ms < 0 ? CLOCK_NEVER : clock_ms() + (uint64_t)ms;
    for (;;) {
        char *line = line_reader_take(&c->in, length);
        if (line != NULL) {
            return line;
        }
        struct pollfd ready = {.fd = c->fd, .events = POLLIN};
        size_t room = 0;
        char *to = line_reader_room(&c->in, &room);
        int count = poll(&ready, 1, clock_wait(clock_ms(), until));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        ssize_t got = count > 0 ? read(c->fd, to, room) : 0;
        if (got <= 0) {
            return NULL;
        }
        line_reader_filled(&c->in, (size_t)got);
    }
}

static bool send_all(struct ctl *c, const struct text *line)
{
    size_t sent = 0;
    while (sent < line->length) {
        ssize_t count = send(c->fd, line->bytes + sent, line->length - sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR) {
            return false;
        }
        sent += count > 0 ? (size_t)count : 0;
    }
    return true;
}

void ctl_print_json(const struct jtree_node *answer)
{
    struct text line = {0};
    jtree_write_members(&line, answer, "id");
    printf("{%s}\n", line.length != 0 ? line.bytes + 1 : "");
    text_free(&line);
}

/* Events in between (of a follower) are no answers. */
static bool take_answer(struct ctl *c, uint64_t id, struct jtree *answer)
{
    size_t length = 0;
    const char *why = NULL;
    for (const char *line = ctl_line(c, ANSWER_MS, &length); line != NULL; line = ctl_line(c, ANSWER_MS, &length)) {
        if (jtree_parse(answer, line, length, &why)) {
            uint64_t is = jtree_number(answer->root, "id", 0);
            if (is == id || (is == 0 && jtree_get(answer->root, "ok") != NULL)) {
                return true;
            }
            jtree_free(answer);
        }
    }
    return false;
}

static void refuse(const struct ctl *c, const struct jtree_node *answer)
{
    const char *what = jtree_text(answer, "error");
    if (c->json) {
        ctl_print_json(answer);
    } else {
        ctl_error(what != NULL ? what : "refused without a reason", jtree_text(answer, "fix"));
    }
}

enum ctl_exit ctl_ask(struct ctl *c, const char *members, struct jtree *answer, bool quiet)
{
    struct text line = {0};
    if (!connect_once(c)) {
        return CTL_NO_AGENT;
    }
    uint64_t id = c->next_id++;
    text_put(&line, "{\"id\":%" PRIu64 "%s}\n", id, members);
    bool answered = send_all(c, &line) && take_answer(c, id, answer);
    text_free(&line);
    if (!answered) {
        ctl_error("bulkheadd went, or does not answer", "look at: systemctl status bulkheadd");
        return CTL_NO_AGENT;
    }
    if (jtree_is_true(answer->root, "ok")) {
        return CTL_DONE;
    }
    if (!quiet) {
        refuse(c, answer->root);
    }
    jtree_free(answer);
    return CTL_REFUSED;
}

enum ctl_exit ctl_ask_command(struct ctl *c, const char *command, struct jtree *answer)
{
    struct text members = {0};
    text_put(&members, ",\"command\":\"%s\"", command);
    enum ctl_exit result = ctl_ask(c, members.bytes, answer, false);
    text_free(&members);
    return result;
}
