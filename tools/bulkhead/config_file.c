/* SPDX-License-Identifier: GPL-2.0-only
 * Configuration files on the host. */
#include "tools/bulkhead/config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/features.h"
#include "tools/bulkhead/command.h"
#include "tools/bulkhead/file.h"

/* What kernel/launch.c asks of the [system] table before anything of the machine. */
static enum status check_system(const struct config_file *file, struct diag_list *diags)
{
    size_t errors = diags->errors;
    (void)features_without(&file->config.system.without, file->name, diags);
    return diags->errors == errors ? STATUS_OK : STATUS_BAD_FORMAT;
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
    if (file->status == STATUS_OK) {
        file->status = check_system(file, diags);
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
