/* SPDX-License-Identifier: GPL-2.0-only
 * The end of every program here: \EFI\BOOT\NEXT.EFI of the same medium. */
#ifndef BULKHEAD_TESTS_EFI_NEXT_H
#define BULKHEAD_TESTS_EFI_NEXT_H

#include <efi.h>

/* Comes back when it could not be started, or came back itself. */
EFI_STATUS next_start(EFI_HANDLE image);

#endif
