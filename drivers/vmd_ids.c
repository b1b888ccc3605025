/* SPDX-License-Identifier: GPL-2.0-only
 * The one table of VMD endpoints. */
#include "drivers/vmd_ids.h"

#define VENDOR_INTEL 0x8086
#define CLIENT (VMD_CAP_SHADOW | VMD_BUS_RESTRICTION | VMD_VECTOR0_UNUSED)

static const struct {
    uint16_t device;
    uint32_t flags;
} endpoints[] = {
    {0x201d, VMD_CAP_SHADOW}, {0x28c0, VMD_NATIVE_SHADOW | VMD_BUS_RESTRICTION | VMD_CAN_BYPASS},
    {0x467f, CLIENT},         {0x4c3d, CLIENT},
    {0x7d0b, CLIENT},         {0x9a0b, CLIENT},
    {0xa77f, CLIENT},         {0xad0b, CLIENT},
    {0xb06f, CLIENT},         {0xb07f, CLIENT},
    {0xb60b, CLIENT},
};

uint32_t vmd_ids_flags(uint16_t vendor, uint16_t device)
{
    for (size_t i = 0; vendor == VENDOR_INTEL && i < ARRAY_LENGTH(endpoints); i++) {
        if (endpoints[i].device == device) {
            return endpoints[i].flags;
        }
    }
    return 0;
}
