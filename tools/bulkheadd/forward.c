/* SPDX-License-Identifier: GPL-2.0-only
 * Events to standard output, journal and syslog. None of them may hold up the program: standard output has a bounded
 * queue, datagrams are sent or lost. */
#include "tools/bulkheadd/forward.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "tools/bulkheadd/event_text.h"
#include "tools/bulkheadd/state.h"

#define OUT_MOST ((size_t)1 << 20)

struct forward forward_make(void)
{
    return (struct forward){.fd = -1};
}

void forward_journal_entry(struct text *out, const struct jtree_node *event, const char *line)
{
    static const struct {
        const char *member, *field;
    } fields[] = {
        {"guest", "GUEST"}, {"device", "DEVICE"}, {"source", "SOURCE"}, {"network", "NETWORK"}, {"reason", "REASON"}};
    text_put(out, "MESSAGE=");
    event_text(out, event);
    text_put(out, "\nPRIORITY=%d\nSYSLOG_IDENTIFIER=bulkheadd\nBULKHEAD_TYPE=", severity_syslog(state_severity(event)));
    text_clean(out, jtree_text(event, "type"));
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const char *value = jtree_text(event, fields[i].member);
        if (value != NULL) {
            text_put(out, "\nBULKHEAD_%s=", fields[i].field);
            text_clean(out, value);
        }
    }
    uint64_t seq = jtree_number(event, "seq", UINT64_MAX);
    if (seq != UINT64_MAX) {
        text_put(out, "\nBULKHEAD_SEQ=%" PRIu64, seq);
    }
    text_put(out, "\nBULKHEAD_JSON=%s\n", line);
}

void forward_syslog_entry(struct text *out, const struct jtree_node *event)
{
    text_put(out, "<%d>bulkheadd: ", LOG_DAEMON | severity_syslog(state_severity(event)));
    event_text(out, event);
}

static void send_to(struct forward *f, const char *path, const struct text *datagram)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (f->fd < 0) {
        f->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    }
    text_fit(to.sun_path, sizeof(to.sun_path), path);
    ssize_t sent = sendto(f->fd, datagram->bytes, datagram->length, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to));
    f->lost += sent < 0;
}

void forward_event(struct forward *f, const struct jtree_node *event, const char *line)
{
    struct text datagram = {0};
    size_t length = strlen(line) + 1;
    if (f->to_stdout && f->out.length + length > OUT_MOST) {
        f->lost++;
    } else if (f->to_stdout) {
        text_put(&f->out, "%s\n", line);
        forward_flush(f);
    }
    if (f->journal != NULL) {
        forward_journal_entry(&datagram, event, line);
        send_to(f, f->journal, &datagram);
        datagram.length = 0;
    }
    if (f->syslog != NULL) {
        forward_syslog_entry(&datagram, event);
        send_to(f, f->syslog, &datagram);
    }
    text_free(&datagram);
}

/* Asked by poll before every piece: making standard output non-blocking would do so for all who share it. A pipe that
 * is ready takes PIPE_BUF bytes without waiting. */
void forward_flush(struct forward *f)
{
    while (f->out.length != 0) {
        struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
        if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) {
            return;
        }
        size_t piece = f->out.length < 4096 ? f->out.length : 4096;
        ssize_t count = write(STDOUT_FILENO, f->out.bytes, piece);
        if (count < 0 && errno != EINTR && errno != EAGAIN) {
            f->to_stdout = false; /* closed: nobody reads it any more */
            f->out.length = 0;
        } else if (count > 0) {
            text_drop(&f->out, (size_t)count);
        }
    }
}

void forward_free(struct forward *f)
{
    if (f->fd >= 0) {
        close(f->fd);
    }
    text_free(&f->out);
}
