/* SPDX-License-Identifier: GPL-2.0-only
 * How a command is described, and what all of them use to answer. */
#ifndef BULKHEAD_SERVICE_CONTROL_COMMAND_H
#define BULKHEAD_SERVICE_CONTROL_COMMAND_H

#include "service/control.h"

#define CONTROL_ARGUMENTS_MAX 2
#define CONTROL_FIX_SIZE 240

/* A member that a command takes, besides "id" and "command". */
struct control_argument {
    const char *name; /* NULL: there is none */
    enum json_kind kind;
    bool optional;
    const char *example; /* as written behind the ':' */
};

struct control_command {
    const char *name;
    struct control_argument arguments[CONTROL_ARGUMENTS_MAX];
    /* Members are checked: those that are not optional are there, of their kind. Puts the answer's members, behind
     * "ok":true, or calls control_refuse(). */
    void (*run)(struct control *control, const struct control_command *command);
    const char *description;
};

/* Name is NULL behind the last. */
extern const struct control_command control_guest_commands[];
extern const struct control_command control_device_commands[];
extern const struct control_command control_network_commands[];
extern const struct control_command control_integrity_commands[];
extern const struct control_command control_machine_commands[];

/* The index-th of all commands, NULL behind the last. */
const struct control_command *control_command_at(size_t index);

/* Instead of an answer: code is a word that stays the same ("not-found"), fix what to do, then the error in words. */
void control_refuse(struct control *control, const char *code, const char *fix, const char *error, ...)
    __attribute__((format(printf, 4, 5)));

/* A string member's text; "" when it is not given. */
const char *control_text(const struct control *control, const char *name);

/* Lists that may be longer than an answer: member "from" says where to start. Opens the array `key` and returns that
 * index; false from control_list_next() when the answer is full. control_list_end() closes, and puts "total", and
 * "next" when there is more. A member "from" that is no index is refused: returns SIZE_MAX. */
size_t control_list_begin(struct control *control, const char *key);
bool control_list_next(const struct control *control);
/* The same for an entry that may have so many bytes more than other lists' (at most 1024) have. */
bool control_list_fits(const struct control *control, size_t bytes);
void control_list_end(struct control *control, size_t next, size_t total);

/* The guest that member "guest" names; NULL: refused, with a suggestion. */
struct vm_owned *control_guest_named(struct control *control);

#endif
