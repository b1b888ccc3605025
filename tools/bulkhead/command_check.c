/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead check: is that file a configuration? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bulkhead/command.h"
#include "tools/bulkhead/config_file.h"
#include "tools/bulkhead/json_file.h"

#define DIAGNOSTICS_MAX 1024

static const char help[] =
    "usage: bulkhead check FILE [--json]\n"
    "\n"
    "Read a configuration as the hypervisor would, and say everything that is wrong with its text, each with the "
    "place\n"
    "and what to write instead. Whether a machine can do what it asks for is what bulkhead plan says.\n"
    "\n"
    "  --json  print one JSON object: accepted, diagnostics\n"
    "\n"
    "Exit status: 0 accepted, 1 refused, 2 wrong usage or unreadable file.";

static void print_json(const struct config_file *file, const struct diag_list *diags)
{
    struct json_file j = json_file_make(stdout);
    json_file_open_object(&j, NULL);
    json_file_text(&j, "file", file->name);
    json_file_bool(&j, "accepted", file->status == STATUS_OK);
    json_file_diagnostics(&j, diags);
    json_file_close_object(&j);
}

static void print_text(const struct config_file *file, const struct diag_list *diags)
{
    struct diag_source source = config_file_source(file);
    diag_show(diags, &source, stdout);
    if (file->status == STATUS_OK) {
        printf("%s: accepted, guests=%zu\n", file->name, file->config.guest_count);
    } else {
        printf("%s: refused, errors=%zu\n", file->name, diags->errors);
    }
}

static int check(const char *path, bool json)
{
    struct diag *items = calloc(DIAGNOSTICS_MAX, sizeof(*items));
    struct diag_list diags = diag_list_make(items, items != NULL ? DIAGNOSTICS_MAX : 0);
    struct config_file *file = NULL;
    int result = COMMAND_USAGE;
    if (config_file_read(path, &file, &diags)) {
        if (json) {
            print_json(file, &diags);
        } else {
            print_text(file, &diags);
        }
        result = file->status == STATUS_OK ? COMMAND_ACCEPTED : COMMAND_REFUSED;
    }
    config_file_free(file);
    free(items);
    return result;
}

int command_check(int argc, char **argv)
{
    const char *path = NULL;
    bool json = false;
    const struct command_option options[] = {{"--json", &json, NULL}};
    enum command_exit early = COMMAND_ACCEPTED;
    if (!command_parse(argc, argv, help, options, ARRAY_LENGTH(options), &path, &early)) {
        return (int)early;
    }
    return path != NULL ? check(path, json) : command_usage_error("check: no file given; see bulkhead check --help");
}
