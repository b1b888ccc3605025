/* SPDX-License-Identifier: GPL-2.0-only
 * What all commands say alike. */
#include "tools/bulkhead/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int command_usage_error(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("bulkhead: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    return COMMAND_USAGE;
}

static const struct command_option *find_option(const struct command_option *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

bool command_parse(int argc, char **argv, const char *help, const struct command_option *options, size_t count,
                   const char **file, enum command_exit *result)
{
    *result = COMMAND_USAGE;
    for (int i = 1; i < argc; i++) {
        const struct command_option *option = find_option(options, count, argv[i]);
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            puts(help);
            *result = COMMAND_ACCEPTED;
            return false;
        }
        if (option != NULL && option->flag != NULL) {
            *option->flag = true;
        } else if (option != NULL && i + 1 == argc) {
            command_usage_error("%s: %s needs a value; see bulkhead %s --help", argv[0], argv[i], argv[0]);
            return false;
        } else if (option != NULL) {
            *option->value = argv[++i];
        } else if (argv[i][0] == '-' && argv[i][1] != 0) {
            command_usage_error("%s: no option \"%s\"; see bulkhead %s --help", argv[0], argv[i], argv[0]);
            return false;
        } else if (file == NULL || *file != NULL) {
            command_usage_error("%s: one argument too many, \"%s\"; see bulkhead %s --help", argv[0], argv[i], argv[0]);
            return false;
        } else {
            *file = argv[i];
        }
    }
    return true;
}
