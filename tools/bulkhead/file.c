/* SPDX-License-Identifier: GPL-2.0-only
 * Whole files into memory. */
#include "tools/bulkhead/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bulkhead/command.h"

bool file_read(const char *path, uint8_t **bytes, size_t *length)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        command_usage_error("%s: %s", path, strerror(errno));
        return false;
    }
    /* One byte more than the limit tells a file that is too large. */
    uint8_t *room = malloc(FILE_BYTES_MAX + 1);
    size_t got = room != NULL ? fread(room, 1, FILE_BYTES_MAX + 1, f) : 0;
    bool failed = room == NULL || ferror(f) != 0;
    const char *why = strerror(errno);
    fclose(f);
    if (failed || got > FILE_BYTES_MAX) {
        command_usage_error("%s: %s", path, failed ? why : "larger than 64 MiB");
        free(room);
        return false;
    }
    uint8_t *exact = realloc(room, got != 0 ? got : 1); /* exact, so that a sanitizer sees reads past the end */
    *bytes = exact != NULL ? exact : room;
    *length = got;
    return true;
}

const char *file_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}
