/* SPDX-License-Identifier: GPL-2.0-only
 * From a line to an answer: which command, with what members, and what is wrong with it. */
#include "service/control.h"

#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "plan/config_keys.h"
#include "service/control_command.h"

#define LIST_ENTRY_MAX 1024 /* no entry of a list is longer, members behind the list included */
#define FIX_HELP "{\"command\":\"help\"} lists all commands"

static const struct control_command *const tables[] = {
    control_machine_commands, control_guest_commands,     control_device_commands,
    control_network_commands, control_integrity_commands,
};

const struct control_command *control_command_at(size_t index)
{
    for (size_t t = 0; t < ARRAY_LENGTH(tables); t++) {
        for (const struct control_command *c = tables[t]; c->name != NULL; c++) {
            if (index-- == 0) {
                return c;
            }
        }
    }
    return NULL;
}

static void begin_answer(struct control *control, bool ok)
{
    const struct json_member *id = json_read_find(&control->read, "id");
    control->json = json_make(control->answer, CONTROL_ANSWER_MAX - 1); /* the newline's place */
    json_object(&control->json, NULL);
    if (id != NULL && id->raw_length <= CONTROL_ID_MAX) {
        json_raw(&control->json, "id", id->raw, id->raw_length);
    }
    json_bool(&control->json, "ok", ok);
}

void control_refuse(struct control *control, const char *code, const char *fix, const char *error, ...)
{
    char text[DIAG_TEXT_SIZE];
    va_list args;
    va_start(args, error);
    format_text_v(text, sizeof(text), error, args);
    va_end(args);
    begin_answer(control, false);
    json_text(&control->json, "code", code);
    json_text(&control->json, "error", text);
    json_text(&control->json, "fix", fix);
}

const char *control_text(const struct control *control, const char *name)
{
    const struct json_member *m = json_read_find(&control->read, name);
    return m == NULL ? "" : m->text;
}

static const struct control_command *find_command(const char *name)
{
    const struct control_command *c = NULL;
    for (size_t i = 0; (c = control_command_at(i)) != NULL && strcmp(c->name, name) != 0; i++) {
    }
    return c;
}

static void refuse_command(struct control *control, const char *name)
{
    char fix[CONTROL_FIX_SIZE] = FIX_HELP;
    const struct control_command *c;
    for (size_t i = 0; (c = control_command_at(i)) != NULL; i++) {
        if (config_keys_near(c->name, name)) {
            format_text(fix, sizeof(fix), "write \"command\":\"%s\"; " FIX_HELP, c->name);
            break;
        }
    }
    control_refuse(control, "unknown-command", fix, "no command '%.40s'", name);
}

static const struct control_argument *find_argument(const struct control_command *command, const char *name)
{
    for (size_t i = 0; i < CONTROL_ARGUMENTS_MAX && command->arguments[i].name != NULL; i++) {
        if (strcmp(command->arguments[i].name, name) == 0) {
            return &command->arguments[i];
        }
    }
    return NULL;
}

/* The command as it should be written, with those members that it must have. */
static const char *usage(const struct control_command *command, char text[CONTROL_FIX_SIZE])
{
    struct format_line line = {.out = text, .size = CONTROL_FIX_SIZE};
    format_line_put(&line, "write {\"command\":\"%s\"", command->name);
    for (size_t i = 0; i < CONTROL_ARGUMENTS_MAX && command->arguments[i].name != NULL; i++) {
        const struct control_argument *a = &command->arguments[i];
        if (!a->optional) {
            format_line_put(&line, ",\"%s\":%s", a->name, a->example);
        }
    }
    format_line_put(&line, "}");
    return text;
}

static void refuse_member(struct control *control, const struct control_command *command, const char *name)
{
    char fix[CONTROL_FIX_SIZE];
    usage(command, fix);
    for (size_t i = 0; i < CONTROL_ARGUMENTS_MAX && command->arguments[i].name != NULL; i++) {
        if (config_keys_near(command->arguments[i].name, name)) {
            format_text(fix, sizeof(fix), "write \"%s\":%s", command->arguments[i].name, command->arguments[i].example);
        }
    }
    control_refuse(control, "unknown-member", fix, "command '%s' has no member '%.40s'", command->name, name);
}

static bool check_members(struct control *control, const struct control_command *command)
{
    for (size_t i = 0; i < control->read.count; i++) {
        const struct json_member *m = &control->read.members[i];
        bool common = strcmp(m->key, "id") == 0 || strcmp(m->key, "command") == 0;
        const struct control_argument *a = find_argument(command, m->key);
        if (!common && a == NULL) {
            refuse_member(control, command, m->key);
            return false;
        }
        if (!common && a->kind != m->kind) {
            char fix[CONTROL_FIX_SIZE];
            format_text(fix, sizeof(fix), "write \"%s\":%s", a->name, a->example);
            control_refuse(control, "bad-value", fix, "member '%s' is of the wrong kind", a->name);
            return false;
        }
    }
    return true;
}

static bool check_missing(struct control *control, const struct control_command *command)
{
    for (size_t i = 0; i < CONTROL_ARGUMENTS_MAX && command->arguments[i].name != NULL; i++) {
        const struct control_argument *a = &command->arguments[i];
        char fix[CONTROL_FIX_SIZE];
        if (!a->optional && json_read_find(&control->read, a->name) == NULL) {
            control_refuse(control, "missing-member", usage(command, fix), "command '%s' needs the member '%s'",
                           command->name, a->name);
            return false;
        }
    }
    return true;
}

static void run(struct control *control)
{
    const struct json_member *id = json_read_find(&control->read, "id");
    const struct json_member *name = json_read_find(&control->read, "command");
    if (id != NULL && id->raw_length > CONTROL_ID_MAX) {
        control_refuse(control, "bad-value", "write a number, or a string of at most 62 bytes",
                       "member 'id' is too long");
        return;
    }
    if (name == NULL || name->kind != JSON_STRING) {
        control_refuse(control, "missing-member", "write \"command\":\"NAME\"; " FIX_HELP,
                       "there is no member 'command' with a string");
        return;
    }
    const struct control_command *command = find_command(name->text);
    if (command == NULL) {
        refuse_command(control, name->text);
    } else if (check_members(control, command) && check_missing(control, command)) {
        begin_answer(control, true);
        command->run(control, command);
    }
}

static void end_answer(struct control *control)
{
    while (control->json.depth + control->json.skipped != 0) {
        json_close(&control->json);
    }
    control->answer_length = control->json.length;
    control->answer[control->answer_length++] = '\n';
    control->answer[control->answer_length] = 0;
}

void control_init(struct control *control, const struct control_parts *parts)
{
    control->parts = *parts;
    control->machine = CONTROL_MACHINE_ON;
    control->answer_length = 0;
}

void control_line(struct control *control, const char *line, size_t length)
{
    if (json_read(&control->read, line, length) != STATUS_OK) {
        control_refuse(control, "not-json", "write one JSON object a line, such as {\"command\":\"help\"}",
                       "not a control line: %s, at byte %zu", control->read.why, control->read.at);
    } else {
        run(control);
    }
    end_answer(control);
}

void control_line_too_long(struct control *control)
{
    control->read.count = 0;
    control_refuse(control, "too-long", "write shorter lines", "the line has more than %u bytes", CONTROL_LINE_MAX);
    end_answer(control);
}

size_t control_list_begin(struct control *control, const char *key)
{
    const struct json_member *from = json_read_find(&control->read, "from");
    size_t index = 0;
    for (size_t i = 0; from != NULL && i < from->raw_length; i++) {
        char c = from->raw[i];
        if (c < '0' || c > '9' || index > UINT32_MAX) {
            control_refuse(control, "bad-value", "write the number that \"next\" of the answer before had",
                           "member 'from' is no index");
            return SIZE_MAX;
        }
        index = index * 10 + (size_t)(c - '0');
    }
    json_array(&control->json, key);
    return index;
}

bool control_list_fits(const struct control *control, size_t bytes)
{
    return control->json.length + LIST_ENTRY_MAX + bytes < control->json.size;
}

bool control_list_next(const struct control *control)
{
    return control_list_fits(control, 0);
}

void control_list_end(struct control *control, size_t next, size_t total)
{
    json_close(&control->json);
    json_number(&control->json, "total", total);
    if (next < total) {
        json_number(&control->json, "next", next);
    }
}
