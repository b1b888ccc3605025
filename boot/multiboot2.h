/* SPDX-License-Identifier: GPL-2.0-only
 * The information block of a multiboot2 loader (Multiboot2 Specification 2.0, chapter 3.6), read into struct boot_info.
 */
#ifndef BULKHEAD_BOOT_MULTIBOOT2_H
#define BULKHEAD_BOOT_MULTIBOOT2_H

#include "boot/boot_info.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* What EAX holds when a multiboot2 loader enters the kernel (3.3). */
#define MULTIBOOT2_LOADER_MAGIC UINT32_C(0x36d76289)

/* Copy everything of use from the block at info into out; of the block, at most max_bytes are read, and it may be
 * overwritten afterwards. The memory map is E820's; when there is none, EFI's. Modules are laid over it as
 * MEMORY_LOADER. The block's physical address is not known here: it stays what the map said it was.
 * STATUS_BAD_FORMAT: a length, string or range contradicts itself (or a module lies outside the memory map);
 * STATUS_NOT_FOUND: no memory map; STATUS_OUT_OF_RANGE: more than BOOT_MODULES_MAX modules;
 * STATUS_UNSUPPORTED: a command line of BOOT_TEXT_MAX bytes or more; STATUS_NO_MEMORY: more ranges than
 * MEMORY_MAP_MAX. After an error the contents of out are of no use. */
MUST_CHECK enum status multiboot2_parse(const void *info, size_t max_bytes, struct boot_info *out);

#endif
