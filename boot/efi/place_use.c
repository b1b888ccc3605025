/* SPDX-License-Identifier: GPL-2.0-only
 * What becomes of a range of UEFI's memory map (UEFI 2.10 table 7.10). */
#include "boot/efi/place.h"

enum { LOADER_CODE = 1, LOADER_DATA = 2, BOOT_CODE = 3, BOOT_DATA = 4, CONVENTIONAL = 7 };

enum place_use place_use_of(uint32_t type)
{
    switch (type) {
    case CONVENTIONAL:
        return PLACE_FREE;
    case LOADER_CODE:
    case LOADER_DATA:
    case BOOT_CODE:
    case BOOT_DATA:
        return PLACE_PASSING;
    default:
        return PLACE_TAKEN;
    }
}
