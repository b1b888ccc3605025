/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead dmar: a DMAR table through the hypervisor's own parser. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bulkhead/command.h"
#include "tools/bulkhead/dmar_print.h"
#include "tools/bulkhead/file.h"

#define DIAGNOSTICS_MAX 4096

static const char help[] =
    "usage: bulkhead dmar FILE.aml [--json]\n"
    "\n"
    "Decode a DMAR table as the hypervisor would, and say what is wrong with it.\n"
    "FILE.aml is the binary table, for example /sys/firmware/acpi/tables/DMAR.\n"
    "\n"
    "  --json  print one JSON object: header, every structure and device scope, diagnostics\n"
    "\n"
    "Exit status: 0 accepted (warnings allowed), 1 the table has errors (what could be decoded is printed),\n"
    "2 wrong usage or unreadable file.";

/* "dir/name.aml" -> "name", in out. */
static void table_name(const char *path, char *out, size_t size)
{
    static const char suffix[] = ".aml";
    snprintf(out, size, "%s", file_base_name(path));
    size_t n = strlen(out);
    if (n > strlen(suffix) && strcmp(out + n - strlen(suffix), suffix) == 0) {
        out[n - strlen(suffix)] = 0;
    }
}

static int decode(const char *path, bool json)
{
    char name[256];
    uint8_t *bytes = NULL;
    struct dmar_file file = {.name = name};
    if (!file_read(path, &bytes, &file.length)) {
        return COMMAND_USAGE;
    }
    table_name(path, name, sizeof(name));
    file.bytes = bytes;
    struct diag *items = calloc(DIAGNOSTICS_MAX, sizeof(*items));
    size_t arena_bytes = dmar_arena_bytes(file.length);
    void *space = malloc(arena_bytes);
    if (items == NULL || space == NULL) {
        free(items);
        free(space);
        free(bytes);
        return command_usage_error("%s: no memory", path);
    }
    struct arena arena = arena_make(space, arena_bytes);
    file.diags = diag_list_make(items, DIAGNOSTICS_MAX);
    enum status status = dmar_parse(&file.dmar, bytes, file.length, &arena, &file.diags);
    if (json) {
        dmar_print_json(&file, stdout);
    } else {
        dmar_print_text(&file, stdout);
    }
    if (file.diags.dropped != 0) {
        fprintf(stderr, "bulkhead: %s: %zu more diagnostics are not shown\n", path, file.diags.dropped);
    }
    free(space);
    free(items);
    free(bytes);
    return status == STATUS_OK ? COMMAND_ACCEPTED : COMMAND_REFUSED;
}

int command_dmar(int argc, char **argv)
{
    const char *path = NULL;
    bool json = false;
    const struct command_option options[] = {{"--json", &json, NULL}};
    enum command_exit early = COMMAND_ACCEPTED;
    if (!command_parse(argc, argv, help, options, ARRAY_LENGTH(options), &path, &early)) {
        return (int)early;
    }
    return path != NULL ? decode(path, json) : command_usage_error("dmar: no file given; see bulkhead dmar --help");
}
