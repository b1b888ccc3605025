/* SPDX-License-Identifier: GPL-2.0-only
 * INVEPT and INVVPID of a CPU that caches nothing. */
#include "vmx/instructions.h"

void vmx_invept(uint64_t type, uint64_t eptp)
{
    (void)type;
    (void)eptp;
}

void vmx_invvpid(uint64_t type, uint16_t vpid, uint64_t linear)
{
    (void)type;
    (void)vpid;
    (void)linear;
}
