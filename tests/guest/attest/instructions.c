/* SPDX-License-Identifier: GPL-2.0-only
 * Instructions that are the hypervisor's: both makers' virtualisation, SMX, SGX, SMM, and those that are not offered.
 */
#include "tests/guest/attest/attest.h"
#include "tests/guest/forbidden/code.h"
#include "tests/guest/lib/trap.h"

static uint8_t zeros[PAGE_SIZE] __attribute__((aligned(4096)));

static const struct {
    const char *name;
    void (*execute)(void *zeros);
    unsigned vector;
} instructions[] = {
    {"VMCALL", forbidden_vmcall, TRAP_UD},
    {"VMLAUNCH", forbidden_vmlaunch, TRAP_UD},
    {"VMRESUME", forbidden_vmresume, TRAP_UD},
    {"VMXOFF", forbidden_vmxoff, TRAP_UD},
    {"VMFUNC", forbidden_vmfunc, TRAP_UD},
    {"VMXON", forbidden_vmxon, TRAP_UD},
    {"VMPTRLD", forbidden_vmptrld, TRAP_UD},
    {"VMPTRST", forbidden_vmptrst, TRAP_UD},
    {"VMCLEAR", forbidden_vmclear, TRAP_UD},
    {"VMREAD", forbidden_vmread, TRAP_UD},
    {"VMREAD to memory", forbidden_vmread_memory, TRAP_UD},
    {"VMWRITE", forbidden_vmwrite, TRAP_UD},
    {"VMWRITE from memory", forbidden_vmwrite_memory, TRAP_UD},
    {"INVEPT", forbidden_invept, TRAP_UD},
    {"INVVPID", forbidden_invvpid, TRAP_UD},
    {"GETSEC", forbidden_getsec, TRAP_UD},
    {"RSM", forbidden_rsm, TRAP_UD},
    {"ENCLS", forbidden_encls, TRAP_UD},
    {"ENCLV", forbidden_enclv, TRAP_UD},
    {"ENCLU", forbidden_enclu, TRAP_UD},
    {"VMRUN", forbidden_vmrun, TRAP_UD},
    {"VMMCALL", forbidden_vmmcall, TRAP_UD},
    {"VMLOAD", forbidden_vmload, TRAP_UD},
    {"VMSAVE", forbidden_vmsave, TRAP_UD},
    {"STGI", forbidden_stgi, TRAP_UD},
    {"CLGI", forbidden_clgi, TRAP_UD},
    {"SKINIT", forbidden_skinit, TRAP_UD},
    {"INVLPGA", forbidden_invlpga, TRAP_UD},
    {"MONITOR", forbidden_monitor, TRAP_UD},
    {"MWAIT", forbidden_mwait, TRAP_UD},
    {"XSAVES", forbidden_xsaves, TRAP_UD},
    {"XRSTORS", forbidden_xrstors, TRAP_UD},
    {"RDPMC", forbidden_rdpmc, TRAP_GP},
};

void attest_instructions(void)
{
    struct attest_tally t = attest_begin("instructions", ATTEST_NO_DEVICE, 0, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(instructions); i++) {
        struct trap_frame caught = {0};
        bool trapped = trap_try(instructions[i].execute, zeros, &caught);
        ATTEST_JUDGE(&t, trapped && caught.vector == instructions[i].vector, "%s is not exception %u",
                     instructions[i].name, instructions[i].vector);
    }
    bool clean = true;
    for (size_t i = 0; i < sizeof(zeros); i++) {
        clean &= zeros[i] == 0;
    }
    ATTEST_JUDGE(&t, clean, "one of them wrote memory");
    attest_end(&t);
}
