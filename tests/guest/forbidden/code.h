/* SPDX-License-Identifier: GPL-2.0-only
 * Instructions that a guest may not execute, and registers that C cannot write: code.S, pae.S. */
#ifndef BULKHEAD_TESTS_GUEST_FORBIDDEN_CODE_H
#define BULKHEAD_TESTS_GUEST_FORBIDDEN_CODE_H

#include "kernel/lib/types.h"

/* Each takes the address of a page of zeros. */
void forbidden_vmcall(void *zeros);
void forbidden_vmlaunch(void *zeros);
void forbidden_vmresume(void *zeros);
void forbidden_vmxoff(void *zeros);
void forbidden_vmfunc(void *zeros);
void forbidden_vmxon(void *zeros);
void forbidden_vmptrld(void *zeros);
void forbidden_vmptrst(void *zeros);
void forbidden_vmclear(void *zeros);
void forbidden_vmread(void *zeros);
void forbidden_vmread_memory(void *zeros);
void forbidden_vmwrite(void *zeros);
void forbidden_vmwrite_memory(void *zeros);
void forbidden_invept(void *zeros);
void forbidden_invvpid(void *zeros);
void forbidden_getsec(void *zeros);
void forbidden_vmrun(void *zeros);
void forbidden_vmmcall(void *zeros);
void forbidden_vmload(void *zeros);
void forbidden_vmsave(void *zeros);
void forbidden_stgi(void *zeros);
void forbidden_clgi(void *zeros);
void forbidden_skinit(void *zeros);
void forbidden_invlpga(void *zeros);
void forbidden_rsm(void *zeros);
void forbidden_encls(void *zeros);
void forbidden_enclv(void *zeros);
void forbidden_enclu(void *zeros);
void forbidden_xsaves(void *zeros);
void forbidden_xrstors(void *zeros);
void forbidden_monitor(void *zeros);
void forbidden_mwait(void *zeros);
void forbidden_rdpmc(void *zeros);

void forbidden_write_dr6(uint64_t value);
void forbidden_write_dr7(uint64_t value);
void forbidden_xsetbv(uint32_t number, uint64_t value);

/* Load page-directory-pointer entries of PAE paging, 4 at pdpt (32-byte aligned, mapping everything where it is), with
 * and without a reserved bit; results[]: the vector that each load raised, or 0, in the order of enum. */
enum forbidden_pae_load {
    FORBIDDEN_PAE_CR0_RESERVED,
    FORBIDDEN_PAE_CR0,
    FORBIDDEN_PAE_CR3_RESERVED,
    FORBIDDEN_PAE_CR4_RESERVED,
    FORBIDDEN_PAE_CR4,
    FORBIDDEN_PAE_LOADS,
};
void forbidden_pae(uint64_t *pdpt, uint32_t results[FORBIDDEN_PAE_LOADS]);

#endif
