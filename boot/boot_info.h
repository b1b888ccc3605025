/* SPDX-License-Identifier: GPL-2.0-only
 * What every loader hands to the kernel, whichever it was: memory, ACPI, modules, command line. */
#ifndef BULKHEAD_BOOT_BOOT_INFO_H
#define BULKHEAD_BOOT_BOOT_INFO_H

#include "kernel/lib/memory_map.h"
#include "kernel/lib/types.h"

#define BOOT_TEXT_MAX 1024
#define BOOT_MODULES_MAX 64
#define BOOT_RSDP_MAX 64

struct boot_module {
    struct hpa start;
    uint64_t size;            /* bytes */
    char text[BOOT_TEXT_MAX]; /* the module's own command line; its first word names it */
};

struct boot_info {
    char loader[64];             /* "GRUB 2.06" */
    char cmdline[BOOT_TEXT_MAX]; /* the hypervisor's */
    struct memory_map memory;    /* firmware's map with image, modules and boot information laid over it */
    uint8_t rsdp[BOOT_RSDP_MAX]; /* copy of the RSDP that the loader passed; rsdp_length 0: none passed */
    size_t rsdp_length;
    struct boot_module modules[BOOT_MODULES_MAX];
    size_t module_count;
};

#endif
