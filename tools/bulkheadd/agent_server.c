/* SPDX-License-Identifier: GPL-2.0-only
 * The agent's Unix socket: JSON lines both ways, several clients, none of which can hold up the rest. */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/bulkheadd/agent.h"

#define REQUEST_MOST 4096u

static bool complain(const char *what, const char *path)
{
    fprintf(stderr, "bulkheadd: %s %s: %s\n", what, path, strerror(errno));
    return false;
}

/* A group's number from /etc/group alone: a static program has no other source. */
static bool find_group(const char *name, gid_t *out)
{
    char *end = NULL;
    unsigned long number = strtoul(name, &end, 10);
    FILE *file = *end == 0 ? NULL : fopen("/etc/group", "re");
    bool found = *end == 0 && *name != 0;
    *out = (gid_t)number;
    for (struct group *g = file != NULL ? fgetgrent(file) : NULL; g != NULL && !found; g = fgetgrent(file)) {
        found = strcmp(g->gr_name, name) == 0;
        *out = g->gr_gid;
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static bool set_owner(const struct agent_options *o)
{
    gid_t group = 0;
    if (o->socket_group == NULL) {
        return true;
    }
    if (!find_group(o->socket_group, &group)) {
        fprintf(stderr, "bulkheadd: no group \"%s\" in /etc/group; add it: groupadd --system %s\n", o->socket_group,
                o->socket_group);
        return false;
    }
    if (chown(o->socket, (uid_t)-1, group) != 0 || chmod(o->socket, 0660) != 0) {
        return complain("cannot give the group its socket", o->socket);
    }
    return true;
}

/* Does a program answer there? Then its socket is not ours to take. */
static bool is_served(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool served = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0;
    close(fd);
    return served;
}

bool agent_listen(struct agent *a)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const char *path = a->options.socket;
    if (strlen(path) >= sizeof(at.sun_path)) {
        fprintf(stderr, "bulkheadd: %s: longer than a socket's path can be (%zu bytes)\n", path,
                sizeof(at.sun_path) - 1);
        return false;
    }
    text_fit(at.sun_path, sizeof(at.sun_path), path);
    if (is_served(&at)) {
        fprintf(stderr, "bulkheadd: %s is served already: another bulkheadd runs; stop it first\n", path);
        return false;
    }
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0177); /* root's alone from its first moment on */
    bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0;
    umask(before);
    if (!bound || listen(fd, AGENT_CLIENTS_MAX) != 0) {
        complain("cannot listen at", path);
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    a->listener = fd;
    return set_owner(&a->options);
}

void agent_accept(struct agent *a)
{
    int fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < AGENT_CLIENTS_MAX; i++) {
        if (a->clients[i].fd < 0) {
            a->clients[i] = (struct agent_client){.fd = fd, .serial = a->next_serial++};
            return;
        }
    }
    static const char full[] = "{\"ok\":false,\"error\":\"bulkheadd serves as many programs as it can\","
                               "\"fix\":\"end some bulkhead-ctl\"}\n";
    (void)!write(fd, full, sizeof(full) - 1);
    close(fd);
}

void agent_client_close(struct agent_client *client)
{
    if (client->fd >= 0) {
        close(client->fd);
        line_reader_free(&client->in);
        text_free(&client->out);
        *client = (struct agent_client){.fd = -1};
    }
}

void agent_client_write(struct agent_client *client)
{
    while (client->out.length != 0) {
        ssize_t count = send(client->fd, client->out.bytes, client->out.length, MSG_NOSIGNAL);
        if (count < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                agent_client_close(client);
            }
            return;
        }
        text_drop(&client->out, (size_t)count);
    }
    if (client->dropped != 0) {
        text_put(&client->out,
                 "{\"event\":{\"source-program\":\"bulkheadd\",\"severity\":\"warning\",\"type\":\"dropped\","
                 "\"count\":%" PRIu64 "}}\n",
                 client->dropped);
        client->dropped = 0;
    }
}

void agent_client_send(struct agent_client *client, const struct text *line)
{
    if (client->out.length + line->length > 2 * AGENT_CLIENT_OUT) {
        agent_client_close(client); /* asks and asks, and reads no answer */
        return;
    }
    text_bytes(&client->out, line->bytes, line->length);
    agent_client_write(client);
}

void agent_client_event(struct agent_client *client, const char *line)
{
    size_t length = strlen(line);
    if (client->dropped != 0 || client->out.length + length > AGENT_CLIENT_OUT) {
        client->dropped++;
        return;
    }
    text_put(&client->out, "{\"event\":%s}\n", line);
    agent_client_write(client);
}

void agent_client_refuse(struct agent_client *client, const char *id, const char *why, const char *fix)
{
    struct text line = {0};
    text_put(&line, "{");
    if (id[0] != 0) {
        text_put(&line, "\"id\":%s,", id);
    }
    text_put(&line, "\"ok\":false,\"error\":");
    text_json(&line, why);
    text_put(&line, ",\"fix\":");
    text_json(&line, fix);
    text_put(&line, "}\n");
    agent_client_send(client, &line);
    text_free(&line);
}

/* The client's id as JSON; "" where it gave none. False: longer than we keep. */
static bool take_id(const struct jtree_node *request, char id[AGENT_ID_SIZE])
{
    const struct jtree_node *given = jtree_get(request, "id");
    struct text json = {0};
    id[0] = 0;
    if (given == NULL) {
        return true;
    }
    jtree_write(&json, given);
    bool good = json.length < AGENT_ID_SIZE;
    text_fit(id, good ? AGENT_ID_SIZE : 1, json.bytes);
    text_free(&json);
    return good;
}

static void take_request(struct agent *a, size_t index, const struct jtree_node *request)
{
    struct agent_client *client = &a->clients[index];
    struct agent_request ask = {.asker = AGENT_ASKER_CLIENT, .client = index, .serial = client->serial};
    struct text members = {0};
    const char *why = NULL;
    const char *fix = NULL;
    if (!take_id(request, ask.client_id)) {
        agent_client_refuse(client, "", "the id is too long", "use a number");
    } else if (jtree_text(request, "command") == NULL) {
        agent_client_refuse(client, ask.client_id, "a request is an object with a command",
                            "send {\"command\":\"help\"}");
    } else if (!agent_own_command(a, client, ask.client_id, request)) {
        jtree_write_members(&members, request, "id");
        if (!agent_ask(a, &ask, text_string(&members), &why, &fix)) {
            agent_client_refuse(client, ask.client_id, why, fix);
        }
    }
    text_free(&members);
}

static void take_line(struct agent *a, size_t index, const char *line, size_t length)
{
    struct jtree tree;
    const char *why = "longer than 4096 bytes";
    if (length > REQUEST_MOST || !jtree_parse(&tree, line, length, &why)) {
        struct text error = {0};
        text_put(&error, "a request that is no JSON: %s", why);
        agent_client_refuse(&a->clients[index], "", text_string(&error), "send one JSON object a line");
        text_free(&error);
        return;
    }
    take_request(a, index, tree.root);
    jtree_free(&tree);
}

void agent_client_read(struct agent *a, size_t index)
{
    struct agent_client *client = &a->clients[index];
    uint64_t serial = client->serial;
    size_t room = 0;
    size_t length = 0;
    char *to = line_reader_room(&client->in, &room);
    ssize_t count = read(client->fd, to, room);
    if (count <= 0) {
        if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
            agent_client_close(client);
        }
        return;
    }
    line_reader_filled(&client->in, (size_t)count);
    for (char *line = line_reader_take(&client->in, &length); line != NULL;) {
        take_line(a, index, line, length);
        bool same = client->fd >= 0 && client->serial == serial; /* an answer may have closed it */
        line = same ? line_reader_take(&client->in, &length) : NULL;
    }
}
