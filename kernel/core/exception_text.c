/* SPDX-License-Identifier: GPL-2.0-only
 * Words for exceptions (SDM 3A 6.15). */
#include "kernel/core/exception.h"

#include "kernel/core/stack_layout.h"
#include "kernel/core/vectors.h"
#include "kernel/lib/format.h"

enum {
    PF_PRESENT = 1 << 0,
    PF_WRITE = 1 << 1,
    PF_RESERVED = 1 << 3,
    PF_FETCH = 1 << 4,
};

static const char *const names[VECTOR_EXCEPTIONS] = {
    [0] = "divide error (#DE)",
    [1] = "debug exception (#DB)",
    [2] = "non-maskable interrupt (NMI)",
    [3] = "breakpoint (#BP)",
    [4] = "overflow (#OF)",
    [5] = "bound range exceeded (#BR)",
    [6] = "invalid opcode (#UD)",
    [7] = "no FPU (#NM)",
    [8] = "double fault (#DF)",
    [10] = "invalid TSS (#TS)",
    [11] = "segment not present (#NP)",
    [12] = "stack fault (#SS)",
    [13] = "general protection (#GP)",
    [14] = "page fault (#PF)",
    [16] = "x87 error (#MF)",
    [17] = "alignment check (#AC)",
    [18] = "machine check (#MC)",
    [19] = "SIMD error (#XM)",
    [20] = "virtualization exception (#VE)",
    [21] = "control protection (#CP)",
    [28] = "hypervisor injection (#HV)",
    [29] = "VMM communication (#VC)",
    [30] = "security exception (#SX)",
};

const char *exception_name(uint64_t vector)
{
    return vector < VECTOR_EXCEPTIONS && names[vector] != NULL ? names[vector] : "reserved exception";
}

static const char *access_text(uint64_t error)
{
    if ((error & PF_FETCH) != 0) {
        return "execution";
    }
    return (error & PF_WRITE) != 0 ? "write" : "read";
}

static const char *cause_text(uint64_t error)
{
    if ((error & PF_RESERVED) != 0) {
        return "reserved bit in a page table";
    }
    return (error & PF_PRESENT) != 0 ? "not allowed there" : "not mapped";
}

void exception_explain(uint64_t vector, uint64_t error, uint64_t address, unsigned cpus, char *out, size_t size)
{
    struct stack_spot spot;
    if (vector != VECTOR_PAGE_FAULT && vector != VECTOR_DOUBLE_FAULT) {
        format_text(out, size, "%s, error code 0x%llx", exception_name(vector), (unsigned long long)error);
    } else if (stack_layout_find(address, cpus, &spot) && spot.guard) {
        format_text(out, size, "%s at 0x%llx: stack guard page: the %s stack of CPU %u overflowed",
                    exception_name(vector), (unsigned long long)address, stack_kind_text(spot.kind), spot.cpu);
    } else if (vector == VECTOR_PAGE_FAULT) {
        format_text(out, size, "%s: %s at 0x%llx: %s (error code 0x%llx)", exception_name(vector), access_text(error),
                    (unsigned long long)address, cause_text(error), (unsigned long long)error);
    } else {
        format_text(out, size, "%s, CR2 0x%llx", exception_name(vector), (unsigned long long)address);
    }
}
