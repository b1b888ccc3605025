/* SPDX-License-Identifier: GPL-2.0-only
 * Which files the loader takes, and its words for each way in which one cannot be had. */
#ifndef BULKHEAD_BOOT_EFI_FILE_RULES_H
#define BULKHEAD_BOOT_EFI_FILE_RULES_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* size in bytes. STATUS_BAD_FORMAT: empty; STATUS_OUT_OF_RANGE: above 2 GiB. */
MUST_CHECK enum status file_rules_size(uint64_t size);

struct file_refusal {
    const char *what, *fix; /* both behind the file's path */
};

/* For what files_read returned. */
struct file_refusal file_rules_refusal(enum status status);

#endif
