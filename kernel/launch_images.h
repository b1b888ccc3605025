/* SPDX-License-Identifier: GPL-2.0-only
 * Which images a guest starts from: those the configuration names, if they are as pinned; else the fallback ones. */
#ifndef BULKHEAD_KERNEL_LAUNCH_IMAGES_H
#define BULKHEAD_KERNEL_LAUNCH_IMAGES_H

#include "boot/boot_info.h"
#include "guest/vm_create.h"
#include "plan/config.h"

/* Kernel, initrd, their names and the command line of the request; `refused` where no set of images is as pinned. The
 * log has one line for each image that is another one, and one for each guest whose images are as pinned. */
void launch_images_choose(const struct boot_info *boot, const struct config_guest *guest, struct vm_request *request);

#endif
