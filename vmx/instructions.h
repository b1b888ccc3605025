/* SPDX-License-Identifier: GPL-2.0-only
 * The instructions of VMX that C cannot say, one function each (SDM 3C chapter 31). */
#ifndef BULKHEAD_VMX_INSTRUCTIONS_H
#define BULKHEAD_VMX_INSTRUCTIONS_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vmx/vmcs.h"

/* SDM 3C 31.2: what CF and ZF say. */
enum vmx_result {
    VMX_SUCCEED,
    VMX_FAIL_INVALID, /* there is no current VMCS to put an error number into */
    VMX_FAIL_VALID,   /* VMCS_INSTRUCTION_ERROR says why */
};

/* Regions by physical address; the revision is in their first word. */
MUST_CHECK enum vmx_result vmx_on(struct hpa region);
MUST_CHECK enum vmx_result vmx_off(void);
MUST_CHECK enum vmx_result vmx_clear(struct hpa vmcs);
/* Make vmcs the current one of this CPU. */
MUST_CHECK enum vmx_result vmx_load(struct hpa vmcs);

/* Fields of the current VMCS, at their own width. One that this CPU does not have, or no current VMCS, is our bug. */
uint64_t vmx_read(enum vmcs_field field);
void vmx_write(enum vmcs_field field, uint64_t value);

/* type: the operand types of vmx/invalidate.h. One that this CPU does not have is our bug. */
void vmx_invept(uint64_t type, uint64_t eptp);
void vmx_invvpid(uint64_t type, uint16_t vpid, uint64_t linear);

/* Take the NMI that an exit reported, through the host's own IDT: its IRET ends the blocking of further ones. */
void vmx_take_nmi(void);

/* Enter the guest of the current VMCS and come back at its next exit, interrupts off. gprs: 16 registers by enum
 * vcpu_gpr; RSP is the VMCS's instead. VMX_SUCCEED: there was an exit (it may be a failed entry all the same,
 * VMCS_REASON_ENTRY_FAILED). In vmx/entry.S. */
struct vmx_entry_frame {
    uint64_t host_rsp; /* what VMCS_HOST_RSP holds; 0: nothing yet. First: the entry code knows the offset */
    uint8_t launched;  /* VMRESUME instead of VMLAUNCH; at offset 8 */
};
enum vmx_result vmx_entry_run(uint64_t *gprs, struct vmx_entry_frame *frame);
/* Where exits arrive: VMCS_HOST_RIP. */
extern const char vmx_entry_exit[];

#endif
