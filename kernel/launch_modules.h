/* SPDX-License-Identifier: GPL-2.0-only
 * Boot modules by name: the first word of a module's text is its name, the rest is for a multiboot guest. */
#ifndef BULKHEAD_KERNEL_LAUNCH_MODULES_H
#define BULKHEAD_KERNEL_LAUNCH_MODULES_H

#include "boot/boot_info.h"
#include "guest/image.h"
#include "kernel/lib/diag.h"
#include "plan/config.h"

#define LAUNCH_NAME_SIZE 64

/* The module of that name, or NULL. */
const struct boot_module *launch_modules_find(const struct boot_info *boot, const char *name);

/* Name of the configuration's module: config= on the command line, or "bulkhead.toml". */
void launch_modules_config(const struct boot_info *boot, char name[LAUNCH_NAME_SIZE]);

/* The module that a value names; an empty blob where none does. */
struct image_blob launch_modules_blob(const struct boot_info *boot, const struct config_value *value);

/* Report every module that the configuration names and the loader did not bring, and two modules of one name. */
void launch_modules_check(const struct boot_info *boot, const struct config *config, const char *file,
                          struct diag_list *diags);

#endif
