/* SPDX-License-Identifier: GPL-2.0-only
 * boot.cfg, the EFI loader's list of what to load: a few lines of text beside the loader, or inside a signed one.
 *
 *     # a comment
 *     kernel  bulkhead.elf
 *     sha256  HEX                      pins the file of the line before it
 *     cmdline console=com1,115200
 *     module  bulkhead.toml            named bulkhead.toml
 *     module  images/vmlinuz vmlinuz   named vmlinuz
 */
#ifndef BULKHEAD_BOOT_EFI_BOOT_CFG_H
#define BULKHEAD_BOOT_EFI_BOOT_CFG_H

#include "boot/boot_info.h"
#include "kernel/lib/sha256.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define BOOT_CFG_PATH_MAX 256
#define BOOT_CFG_BYTES_MAX (256 * KIB)

struct boot_cfg_file {
    char path[BOOT_CFG_PATH_MAX]; /* as written; relative ones are relative to the loader's own folder */
    char text[BOOT_TEXT_MAX];     /* a module's name and what follows it; the kernel's: empty */
    unsigned line;                /* where it stands, from 1; 0: not there */
    bool pinned;
    uint8_t sha256[SHA256_BYTES]; /* when pinned */
};

struct boot_cfg {
    struct boot_cfg_file kernel;
    char cmdline[BOOT_TEXT_MAX];
    struct boot_cfg_file modules[BOOT_MODULES_MAX];
    size_t module_count;
};

struct boot_cfg_error {
    unsigned line; /* 0: the file as a whole */
    const char *what, *fix;
};

/* Read `length` bytes of text into out. STATUS_BAD_FORMAT: error says what is wrong where, out is of no use. */
MUST_CHECK enum status boot_cfg_parse(const char *text, size_t length, struct boot_cfg *out,
                                      struct boot_cfg_error *error);

/* The first file without a sha256 line; NULL: all have one. */
const struct boot_cfg_file *boot_cfg_unpinned(const struct boot_cfg *cfg);

#endif
