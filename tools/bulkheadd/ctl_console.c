/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead-ctl console: a guest's console on this terminal, bytes as they are in both directions. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/bulkheadd/ctl.h"
#include "tools/bulkheadd/port.h"
#include "tools/bulkheadd/terminal.h"

#define PREFIX "org.bulkhead.console."
#define ESCAPE 0x1d   /* Ctrl-] */
#define QUIET_MS 1000 /* after standard input's end: that long without output ends it */
#define NAME_MAX_LENGTH 31

static bool is_guest_name(const char *name)
{
    size_t length = strlen(name);
    return length >= 1 && length <= NAME_MAX_LENGTH && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

/* "user, net": the consoles that are there. */
static void put_consoles(struct text *out, const char *folder)
{
    DIR *ports = opendir(folder);
    for (const struct dirent *e = ports != NULL ? readdir(ports) : NULL; e != NULL; e = readdir(ports)) {
        if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0) {
            text_put(out, "%s%s", out->length != 0 ? ", " : "", e->d_name + strlen(PREFIX));
        }
    }
    if (ports != NULL) {
        closedir(ports);
    }
}

static int refuse(const struct ctl *c, const char *guest, int error)
{
    struct text what = {0};
    struct text fix = {0};
    struct text there = {0};
    text_put(&what, "no console of guest %s: %s", guest, error == EBUSY ? "another program has it" : strerror(error));
    put_consoles(&there, c->ports);
    if (error == EBUSY) {
        text_put(&fix, "end the other bulkhead-ctl console");
    } else if (error == EACCES || error == EPERM) {
        text_put(&fix, "run it as root");
    } else if (there.length != 0) {
        text_put(&fix, "guests with a console: %s", there.bytes);
    } else {
        text_put(&fix, "this must be the guest of system.service, with virtio_console loaded: modprobe virtio_console");
    }
    ctl_error(what.bytes, fix.bytes);
    text_free(&what);
    text_free(&fix);
    text_free(&there);
    return CTL_REFUSED;
}

/* All of it, waiting for room. False: the other side went. */
static bool write_all(int fd, const char *bytes, size_t count)
{
    while (count != 0) {
        ssize_t done = write(fd, bytes, count);
        struct pollfd room = {.fd = fd, .events = POLLOUT};
        if (done < 0 && errno == EAGAIN) {
            poll(&room, 1, QUIET_MS);
        } else if (done < 0 && errno != EINTR) {
            return false;
        }
        bytes += done > 0 ? done : 0;
        count -= done > 0 ? (size_t)done : 0;
    }
    return true;
}

enum copied {
    COPIED,
    COPIED_END,    /* nothing more will come from there */
    COPIED_ESCAPE, /* the person asked for the end */
};

static enum copied copy(int from, int to, bool escapes)
{
    char bytes[4096];
    ssize_t count = read(from, bytes, sizeof(bytes));
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return COPIED;
    }
    if (count <= 0) {
        return COPIED_END;
    }
    const char *escape = escapes ? memchr(bytes, ESCAPE, (size_t)count) : NULL;
    size_t most = escape != NULL ? (size_t)(escape - bytes) : (size_t)count;
    if (!write_all(to, bytes, most)) {
        return to == STDOUT_FILENO ? COPIED_ESCAPE : COPIED_END; /* who read it has enough */
    }
    return escape != NULL ? COPIED_ESCAPE : COPIED;
}

/* CTL_DONE: asked to end; CTL_REFUSED: the port went. */
static enum ctl_exit serve(int port, const struct terminal *t)
{
    bool ended = false;
    for (;;) {
        struct pollfd fds[] = {{.fd = port, .events = POLLIN},
                               {.fd = ended ? -1 : STDIN_FILENO, .events = POLLIN},
                               {.fd = t->signals, .events = POLLIN}};
        int count = poll(fds, 3, ended ? QUIET_MS : -1);
        if ((count == 0 && ended) || fds[2].revents != 0) {
            return CTL_DONE;
        }
        enum copied shown = fds[0].revents != 0 ? copy(port, STDOUT_FILENO, false) : COPIED;
        if (shown != COPIED) {
            return shown == COPIED_END ? CTL_REFUSED : CTL_DONE;
        }
        enum copied typed = fds[1].revents != 0 ? copy(STDIN_FILENO, port, t->raw) : COPIED;
        if (typed == COPIED_ESCAPE) {
            return CTL_DONE;
        }
        ended = ended || typed == COPIED_END;
    }
}

int ctl_console(struct ctl *c, int argc, char **argv)
{
    char name[sizeof(PREFIX) + NAME_MAX_LENGTH];
    if (!ctl_no_more(argc, argv, 2)) {
        return CTL_USAGE;
    }
    if (argc < 2 || !is_guest_name(argv[1])) {
        return ctl_usage("console: which guest? bulkhead-ctl console user");
    }
    snprintf(name, sizeof(name), PREFIX "%s", argv[1]);
    int port = port_open_path(c->ports, name, O_RDWR | O_NONBLOCK);
    if (port < 0) {
        return refuse(c, argv[1], errno);
    }
    struct terminal t = terminal_open();
    if (t.raw) {
        fprintf(stderr, "console of guest %s; Ctrl-] ends it\r\n", argv[1]);
    }
    enum ctl_exit result = serve(port, &t);
    bool was_raw = t.raw;
    terminal_close(&t);
    close(port);
    if (result != CTL_DONE) {
        ctl_error("the hypervisor closed the console", "try again when the guest runs");
    } else if (was_raw) {
        fputc('\n', stderr);
    }
    return result;
}
