/* SPDX-License-Identifier: GPL-2.0-only
 * Commands of the service guest: one JSON object a line, an answer of one line each (docs/control.md).
 *
 *     {"id":7,"command":"restart","guest":"user"}
 *     {"id":7,"ok":true,"guest":"user","state":"stopping"}
 *     {"id":8,"ok":false,"code":"not-found","error":"no guest 'usr'","fix":"write \"guest\":\"user\""}
 *
 * Who may send is decided by who has the channel; here every line is obeyed. */
#ifndef BULKHEAD_SERVICE_CONTROL_H
#define BULKHEAD_SERVICE_CONTROL_H

#include "guest/net_link.h"
#include "guest/vm_create.h"
#include "kernel/lib/json.h"
#include "kernel/lib/json_read.h"

#define CONTROL_LINE_MAX JSON_READ_BYTES /* of a command, without its newline */
#define CONTROL_ANSWER_MAX (32 * KIB)    /* of an answer, with newline and NUL; longer lists come in parts */
#define CONTROL_ID_MAX 64                /* bytes of a member "id" as it was written */

/* What is to become of the machine, once the answer that promised it is out. */
enum control_machine {
    CONTROL_MACHINE_ON,
    CONTROL_MACHINE_REBOOT,
    CONTROL_MACHINE_OFF,
};

/* Records of blocked requests of a device (segment:bus:device.function). */
struct control_faults {
    uint64_t (*count)(struct sbdf source, bool *lower_bound);
};

/* What commands act on; all of it lives on. */
struct control_parts {
    const char *version;
    const char *config_sha256; /* 64 hex digits; NULL: not known */
    struct vm_owned *const *guests;
    size_t guest_count;
    const struct vm_owned *self; /* the service guest */
    struct net_link *networks;   /* between guests */
    size_t network_count;
    const struct control_faults *faults; /* NULL: nobody counts them */
    uint64_t (*fault_total)(void);       /* records of all units; NULL likewise */
};

struct control {
    struct control_parts parts;
    struct json_read read; /* the command */
    struct json json;      /* the answer */
    enum control_machine machine;
    size_t answer_length;
    char answer[CONTROL_ANSWER_MAX];
};

void control_init(struct control *control, const struct control_parts *parts);

/* Carry out one line, its newline not counted; control->answer is then what to say, with newline and NUL, and
 * control->machine what to do after that was said. The line must stay as it is meanwhile. Any CPU, with the service
 * guest's lock held; never takes another guest's. */
void control_line(struct control *control, const char *line, size_t length);

/* The answer to a line that was longer than CONTROL_LINE_MAX and not kept. */
void control_line_too_long(struct control *control);

#endif
