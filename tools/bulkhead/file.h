/* SPDX-License-Identifier: GPL-2.0-only
 * Whole files into memory. */
#ifndef BULKHEAD_TOOLS_FILE_H
#define BULKHEAD_TOOLS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_BYTES_MAX ((size_t)64 << 20)

/* The file's bytes, to be freed by the caller. False: said why on stderr. Works for pipes and /sys files too, whose
 * size is not known beforehand. */
bool file_read(const char *path, uint8_t **bytes, size_t *length);

/* The last part of the path. */
const char *file_base_name(const char *path);

#endif
