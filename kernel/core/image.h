/* SPDX-License-Identifier: GPL-2.0-only
 * Where linker.ld put the hypervisor's image; all page-aligned, host-physical = virtual. */
#ifndef BULKHEAD_CORE_IMAGE_H
#define BULKHEAD_CORE_IMAGE_H

extern const char image_start[], image_end[];
extern const char image_text_start[], image_text_end[];     /* read, execute */
extern const char image_rodata_start[], image_rodata_end[]; /* read */
extern const char image_data_start[], image_data_end[];     /* read, write; zero-initialised data included */

#endif
