/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead audit: the auditor's lines of a console log, looked at once more (docs/audit.md). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/types.h"
#include "tools/bulkhead/command.h"
#include "tools/bulkhead/file.h"
#include "tools/bulkhead/json_file.h"

#define MARK "audit: "
#define VALUE_SIZE 64
#define LINE_SIZE 512

static const char help[] =
    "usage: bulkhead audit LOG [--json]\n"
    "\n"
    "Read what the isolation auditor wrote on the console at boot: its verdict, and where the configuration has\n"
    "audit = true in [system], what each guest reaches. That no two guests reach one byte, use one source id or one\n"
    "table is checked once more.\n"
    "\n"
    "  --json  print one JSON object: verdict, reaches, sources, problems\n"
    "\n"
    "Exit status: 0 the verdict is pass and all agrees, 1 it is not, 2 wrong usage or no audit in the file.";

struct reach {
    char guest[VALUE_SIZE], by[VALUE_SIZE], kind[VALUE_SIZE], rights[VALUE_SIZE];
    uint64_t address, memory, bytes;
};

struct source {
    char id[VALUE_SIZE], unit[VALUE_SIZE], guest[VALUE_SIZE], table[VALUE_SIZE];
};

struct audit_log {
    char verdict[VALUE_SIZE];
    char line[LINE_SIZE]; /* with the verdict */
    struct reach *reaches;
    struct source *sources;
    size_t reach_count, source_count, findings, problems;
    bool json;
    struct json_file out;
};

/* The value of " key=" in a line, "" when there is none; cut when it is too long. */
static void value_of(const char *line, const char *key, char out[VALUE_SIZE])
{
    size_t n = strlen(key);
    out[0] = 0;
    for (const char *at = strstr(line, key); at != NULL; at = strstr(at + 1, key)) {
        if (at != line && at[-1] == ' ' && at[n] == '=') {
            size_t length = strcspn(at + n + 1, " \r\n");
            snprintf(out, VALUE_SIZE, "%.*s", (int)(length < VALUE_SIZE ? length : VALUE_SIZE - 1), at + n + 1);
            return;
        }
    }
}

static uint64_t number_of(const char *line, const char *key)
{
    char text[VALUE_SIZE];
    value_of(line, key, text);
    return strtoull(text, NULL, 0);
}

static void take_reach(struct audit_log *log, const char *line)
{
    struct reach *r = &log->reaches[log->reach_count++];
    value_of(line, "guest", r->guest);
    value_of(line, "by", r->by);
    value_of(line, "kind", r->kind);
    value_of(line, "rights", r->rights);
    r->address = number_of(line, "address");
    r->memory = number_of(line, "memory");
    r->bytes = number_of(line, "bytes");
}

static void take_source(struct audit_log *log, const char *line)
{
    struct source *s = &log->sources[log->source_count++];
    value_of(line, "source", s->id);
    value_of(line, "unit", s->unit);
    value_of(line, "guest", s->guest);
    value_of(line, "table", s->table);
}

/* The first verdict for all guests is the boot's. */
static void take_line(struct audit_log *log, const char *line)
{
    const char *at = strstr(line, MARK);
    if (at == NULL || strchr(line, '|') != NULL) { /* a guest may print what it likes */
        return;
    }
    const char *what = at + strlen(MARK);
    if (strncmp(what, "reach ", 6) == 0) {
        take_reach(log, at);
    } else if (strncmp(what, "source=", 7) == 0) {
        take_source(log, at);
    } else if (strncmp(what, "finding=", 8) == 0) {
        log->findings++;
        if (!log->json) {
            printf("%s\n", what);
        }
    } else if (strncmp(what, "verdict=", 8) == 0 && (log->verdict[0] == 0 || strncmp(what, "verdict=fail", 12) == 0)) {
        value_of(at, "verdict", log->verdict);
        snprintf(log->line, sizeof(log->line), "%s", what);
    }
}

static size_t count_lines(const char *text)
{
    size_t lines = 1;
    for (; *text != 0; text++) {
        lines += *text == '\n';
    }
    return lines;
}

/* text: ends with a NUL, and is cut into lines. */
static bool read_log(struct audit_log *log, char *text)
{
    size_t lines = count_lines(text);
    log->reaches = calloc(lines, sizeof(*log->reaches));
    log->sources = calloc(lines, sizeof(*log->sources));
    if (log->reaches == NULL || log->sources == NULL) {
        return false;
    }
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        line[strcspn(line, "\r")] = 0;
        take_line(log, line);
    }
    return true;
}

static void problem(struct audit_log *log, const char *what, const char *where, const char *a, const char *b)
{
    log->problems++;
    if (log->json) {
        json_file_format(&log->out, NULL, "%s %s: %s and %s", what, where, a, b);
    } else {
        printf("problem: %s %s: %s and %s\n", what, where, a, b);
    }
}

static int by_memory(const void *a, const void *b)
{
    const struct reach *x = a, *y = b;
    return x->memory < y->memory ? -1 : x->memory > y->memory;
}

/* Sorted, two ranges of different guests overlap only if one starts before the furthest end of another guest's. Two
 * furthest ends are enough: the furthest, and the furthest of anybody but its owner. */
static void check_reaches(struct audit_log *log)
{
    const struct reach *far = NULL, *other = NULL;
    qsort(log->reaches, log->reach_count, sizeof(*log->reaches), by_memory);
    for (size_t i = 0; i < log->reach_count; i++) {
        const struct reach *r = &log->reaches[i];
        const struct reach *clash = far != NULL && strcmp(far->guest, r->guest) != 0 ? far : other;
        if (clash != NULL && clash->memory + clash->bytes > r->memory) {
            char where[VALUE_SIZE];
            snprintf(where, sizeof(where), "0x%llx", (unsigned long long)r->memory);
            problem(log, "two guests reach", where, clash->guest, r->guest);
        }
        if (far == NULL || r->memory + r->bytes > far->memory + far->bytes) {
            other = far != NULL && strcmp(far->guest, r->guest) != 0 ? far : other;
            far = r;
        } else if (strcmp(far->guest, r->guest) != 0 &&
                   (other == NULL || r->memory + r->bytes > other->memory + other->bytes)) {
            other = r;
        }
    }
}

static void check_sources(struct audit_log *log)
{
    for (size_t i = 0; i < log->source_count; i++) {
        for (size_t k = i + 1; k < log->source_count; k++) {
            const struct source *a = &log->sources[i], *b = &log->sources[k];
            if (strcmp(a->id, b->id) == 0 && strcmp(a->unit, b->unit) == 0) {
                problem(log, "two guests have source id", a->id, a->guest, b->guest);
            }
            if (strcmp(a->table, b->table) == 0 && strcmp(a->guest, b->guest) != 0) {
                problem(log, "two guests have table", a->table, a->guest, b->guest);
            }
        }
    }
}

static void print_reaches(struct audit_log *log)
{
    for (size_t i = 0; i < log->reach_count; i++) {
        const struct reach *r = &log->reaches[i];
        if (log->json) {
            json_file_open_object(&log->out, NULL);
            json_file_text(&log->out, "guest", r->guest);
            json_file_text(&log->out, "by", r->by);
            json_file_text(&log->out, "kind", r->kind);
            json_file_text(&log->out, "rights", r->rights);
            json_file_format(&log->out, "memory", "0x%llx", (unsigned long long)r->memory);
            json_file_format(&log->out, "address", "0x%llx", (unsigned long long)r->address);
            json_file_format(&log->out, "bytes", "0x%llx", (unsigned long long)r->bytes);
            json_file_close_object(&log->out);
        } else {
            printf("%-16s %-6s %-9s %-3s memory 0x%012llx-0x%012llx at 0x%llx\n", r->guest, r->by, r->kind, r->rights,
                   (unsigned long long)r->memory, (unsigned long long)(r->memory + r->bytes - 1),
                   (unsigned long long)r->address);
        }
    }
}

static void print_sources(struct audit_log *log)
{
    for (size_t i = 0; i < log->source_count; i++) {
        const struct source *s = &log->sources[i];
        if (log->json) {
            json_file_open_object(&log->out, NULL);
            json_file_text(&log->out, "source", s->id);
            json_file_text(&log->out, "unit", s->unit);
            json_file_text(&log->out, "guest", s->guest);
            json_file_text(&log->out, "table", s->table);
            json_file_close_object(&log->out);
        } else {
            printf("%-16s source %s unit %s table %s\n", s->guest, s->id, s->unit, s->table);
        }
    }
}

static void print_json(struct audit_log *log)
{
    log->out = json_file_make(stdout);
    json_file_open_object(&log->out, NULL);
    json_file_text(&log->out, "verdict", log->verdict);
    json_file_number(&log->out, "findings", log->findings);
    json_file_open_list(&log->out, "problems");
    check_reaches(log);
    check_sources(log);
    json_file_close_list(&log->out);
    json_file_open_list(&log->out, "reaches");
    print_reaches(log);
    json_file_close_list(&log->out);
    json_file_open_list(&log->out, "sources");
    print_sources(log);
    json_file_close_list(&log->out);
    json_file_close_object(&log->out);
}

static void print_text(struct audit_log *log)
{
    check_reaches(log);
    check_sources(log);
    print_reaches(log);
    print_sources(log);
    printf("%s\n", log->line);
}

int command_audit(int argc, char **argv)
{
    struct audit_log log = {.json = false};
    const struct command_option options[] = {{"--json", &log.json, NULL}};
    const char *path = NULL;
    enum command_exit result = COMMAND_USAGE;
    if (!command_parse(argc, argv, help, options, ARRAY_LENGTH(options), &path, &result)) {
        return (int)result;
    }
    uint8_t *bytes = NULL;
    size_t length = 0;
    if (path == NULL) {
        return command_usage_error("audit: no log given; see bulkhead audit --help");
    }
    if (!file_read(path, &bytes, &length)) {
        return COMMAND_USAGE;
    }
    char *text = strndup((const char *)bytes, length);
    free(bytes);
    if (text == NULL || !read_log(&log, text) || log.verdict[0] == 0) {
        result = (enum command_exit)command_usage_error("%s: no line of the isolation audit in it", path);
    } else {
        if (log.json) {
            print_json(&log);
        } else {
            print_text(&log);
        }
        bool good = strcmp(log.verdict, "pass") == 0 && log.problems == 0 && log.findings == 0;
        result = good ? COMMAND_ACCEPTED : COMMAND_REFUSED;
    }
    free(log.reaches);
    free(log.sources);
    free(text);
    return (int)result;
}
