/* SPDX-License-Identifier: GPL-2.0-only
 * A configuration file, read and checked as far as it goes without a machine. */
#ifndef BULKHEAD_TOOLS_CONFIG_FILE_H
#define BULKHEAD_TOOLS_CONFIG_FILE_H

#include "plan/config.h"
#include "tools/bulkhead/diag_show.h"

struct config_file {
    char name[CONFIG_WHERE_NAME_MAX + 1]; /* in diagnostics: without folders, as a boot module is named */
    uint8_t *text;
    size_t length;
    bool parsed; /* config is of use */
    struct config config;
    enum status status; /* of all checks that need no machine */
};

/* False: said why on stderr. Else what is wrong with its text is in diags, and the caller frees it. */
bool config_file_read(const char *path, struct config_file **out, struct diag_list *diags);
void config_file_free(struct config_file *file);

struct diag_source config_file_source(const struct config_file *file);

#endif
