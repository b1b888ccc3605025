/* SPDX-License-Identifier: GPL-2.0-only
 * Ports of virtio-console. A port whose other end is closed reads as ended and polls as hung up at once, so that one is
 * closed and tried again later instead of being polled. */
#include "tools/bulkheadd/port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_FIRST 100u
#define WAIT_MOST 5000u
#define SYSFS "/sys/class/virtio-ports"

struct port port_make(const char *folder, const char *name)
{
    return (struct port){.folder = folder, .name = name, .fd = -1, .wait = WAIT_FIRST, .why = "not opened yet"};
}

/* Does SYSFS/entry/name hold this name? */
static bool sysfs_names(const char *entry, const char *name)
{
    char path[512];
    char found[256] = "";
    snprintf(path, sizeof(path), SYSFS "/%s/name", entry);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool is_it = fgets(found, sizeof(found), file) != NULL;
    found[strcspn(found, "\n")] = 0;
    fclose(file);
    return is_it && strcmp(found, name) == 0;
}

static int open_by_sysfs(const char *name, int flags)
{
    char path[512];
    int fd = -1;
    DIR *folder = opendir(SYSFS);
    if (folder == NULL) {
        errno = ENOENT;
        return -1;
    }
    bool found = false;
    for (const struct dirent *e = readdir(folder); e != NULL && !found; e = readdir(folder)) {
        found = e->d_name[0] != '.' && sysfs_names(e->d_name, name);
        snprintf(path, sizeof(path), "/dev/%s", e->d_name);
    }
    closedir(folder);
    errno = ENOENT;
    if (found) {
        fd = open(path, flags);
    }
    return fd;
}

int port_open_path(const char *folder, const char *name, int flags)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && errno == ENOENT && strcmp(folder, PORT_FOLDER) == 0) {
        fd = open_by_sysfs(name, flags | O_CLOEXEC | O_NOCTTY);
    }
    return fd;
}

static void try_later(struct port *p, uint64_t now, const char *why)
{
    snprintf(p->why, sizeof(p->why), "%s/%s: %s", p->folder, p->name, why);
    p->retry_at = now + p->wait;
    p->wait = p->wait * 2 < WAIT_MOST ? p->wait * 2 : WAIT_MOST;
}

/* Linux opens a port that nobody has at its other end too, and says so when it is polled (POLLIN with it: a read would
 * not wait). */
static bool is_hung_up(int fd)
{
    struct pollfd other = {.fd = fd, .events = POLLIN};
    return poll(&other, 1, 0) == 1 && (other.revents & POLLHUP) != 0;
}

bool port_try(struct port *p, uint64_t now)
{
    if (p->fd >= 0 || now < p->retry_at) {
        return false;
    }
    p->fd = port_open_path(p->folder, p->name, O_RDWR | O_NONBLOCK);
    if (p->fd < 0) {
        try_later(p, now, strerror(errno));
        return false;
    }
    if (is_hung_up(p->fd)) {
        port_close(p, now, "nobody is at its other end");
        return false;
    }
    line_reader_reset(&p->in);
    p->opened++;
    return true;
}

void port_close(struct port *p, uint64_t now, const char *why)
{
    if (p->fd >= 0) {
        close(p->fd);
        p->fd = -1;
        p->out.length = 0;
        try_later(p, now, why);
    }
}

bool port_fill(struct port *p, uint64_t now)
{
    size_t room = 0;
    char *to = line_reader_room(&p->in, &room);
    ssize_t count = read(p->fd, to, room);
    if (count > 0) {
        line_reader_filled(&p->in, (size_t)count);
        p->wait = WAIT_FIRST; /* it works: the next loss starts afresh */
        return true;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    port_close(p, now, count == 0 ? "the hypervisor closed its end" : strerror(errno));
    return false;
}

bool port_flush(struct port *p, uint64_t now)
{
    while (p->out.length != 0) {
        ssize_t count = write(p->fd, p->out.bytes, p->out.length);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            return true;
        }
        if (count < 0) {
            port_close(p, now, strerror(errno));
            return false;
        }
        text_drop(&p->out, (size_t)count);
    }
    return true;
}

bool port_send(struct port *p, const struct text *line)
{
    if (p->fd < 0 || p->out.length + line->length > PORT_OUT_MOST) {
        return false;
    }
    text_bytes(&p->out, line->bytes, line->length);
    return true;
}

void port_free(struct port *p)
{
    if (p->fd >= 0) {
        close(p->fd);
        p->fd = -1;
    }
    line_reader_free(&p->in);
    text_free(&p->out);
}
