/* SPDX-License-Identifier: GPL-2.0-only
 * Configuration files on the host. */
#include "tools/bulkhead/config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/console_option.h"
#include "kernel/launch.h"
#include "plan/features.h"
#include "plan/plan_order.h"
#include "tools/bulkhead/command.h"
#include "tools/bulkhead/file.h"

static void refuse(const struct config_file *file, enum launch_diag code, struct config_position at, const char *fix,
                   const char *what, struct diag_list *diags)
{
    char where[CONFIG_WHERE_SIZE];
    diag_add(diags, (uint16_t)code, DIAG_ERROR, config_where(file->name, at, where), fix, "%s", what);
}

/* What kernel/launch_plan.c asks of the [system] table, in its words. */
static void check_system(const struct config_file *file, struct diag_list *diags)
{
    const struct config_system *s = &file->config.system;
    struct console_option option;
    if (s->console.at.line != 0 && console_option_parse(s->console.text, &option) != STATUS_OK) {
        refuse(file, LAUNCH_DIAG_CONSOLE, s->console.at, "write console = \"com1,115200\" or \"0x3f8,115200\"",
               "this names no serial port and speed", diags);
    }
    (void)features_without(&s->without, file->name, diags);
}

bool config_file_read(const char *path, struct config_file **out, struct diag_list *diags)
{
    struct config_file *file = calloc(1, sizeof(*file));
    if (file == NULL) {
        command_usage_error("%s: no memory", path);
        return false;
    }
    if (!file_read(path, &file->text, &file->length)) {
        free(file);
        return false;
    }
    snprintf(file->name, sizeof(file->name), "%s", file_base_name(path));
    file->status = config_parse((char *)file->text, file->length, file->name, &file->config, diags);
    file->parsed = file->status == STATUS_OK;
    if (file->parsed) {
        check_system(file, diags);
        plan_order_diags(diags, 0);
        file->status = diags->errors == 0 ? STATUS_OK : STATUS_BAD_FORMAT;
    }
    *out = file;
    return true;
}

void config_file_free(struct config_file *file)
{
    if (file != NULL) {
        free(file->text);
        free(file);
    }
}

struct diag_source config_file_source(const struct config_file *file)
{
    return (struct diag_source){file->name, (char *)file->text, file->length};
}
