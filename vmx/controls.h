/* SPDX-License-Identifier: GPL-2.0-only
 * The control fields of a VMCS: their bits (SDM 3C tables 25-5 to 25-8, 25-13, 25-15), and which of them this backend
 * sets: required, wanted and allowed bits put together. */
#ifndef BULKHEAD_VMX_CONTROLS_H
#define BULKHEAD_VMX_CONTROLS_H

#include "kernel/lib/bits.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vmx/capability.h"

/* Pin-based VM-execution controls. */
enum vmx_pin {
    VMX_PIN_EXTERNAL_INTERRUPT = BIT32(0), /* an external interrupt exits, whatever RFLAGS.IF of the guest */
    VMX_PIN_NMI = BIT32(3),                /* an NMI exits */
    VMX_PIN_VIRTUAL_NMIS = BIT32(5),       /* NMI blocking is the guest's own, kept in the interruptibility state */
    VMX_PIN_PREEMPTION_TIMER = BIT32(6),
    VMX_PIN_POSTED_INTERRUPTS = BIT32(7),
};

/* Primary processor-based VM-execution controls. */
enum vmx_primary {
    VMX_PRIMARY_INTERRUPT_WINDOW = BIT32(2),
    VMX_PRIMARY_TSC_OFFSET = BIT32(3),
    VMX_PRIMARY_HLT = BIT32(7),
    VMX_PRIMARY_INVLPG = BIT32(9),
    VMX_PRIMARY_MWAIT = BIT32(10),
    VMX_PRIMARY_RDPMC = BIT32(11),
    VMX_PRIMARY_RDTSC = BIT32(12),
    VMX_PRIMARY_CR3_LOAD = BIT32(15),
    VMX_PRIMARY_CR3_STORE = BIT32(16),
    VMX_PRIMARY_TERTIARY = BIT32(17),
    VMX_PRIMARY_CR8_LOAD = BIT32(19),
    VMX_PRIMARY_CR8_STORE = BIT32(20),
    VMX_PRIMARY_TPR_SHADOW = BIT32(21), /* CR8 is bits 7:4 of byte 0x80 of the virtual-APIC page */
    VMX_PRIMARY_NMI_WINDOW = BIT32(22),
    VMX_PRIMARY_DR = BIT32(23),
    VMX_PRIMARY_IO = BIT32(24), /* every I/O instruction; not used when the bitmaps are */
    VMX_PRIMARY_IO_BITMAPS = BIT32(25),
    VMX_PRIMARY_TRAP = BIT32(27), /* monitor trap flag */
    VMX_PRIMARY_MSR_BITMAPS = BIT32(28),
    VMX_PRIMARY_MONITOR = BIT32(29),
    VMX_PRIMARY_PAUSE = BIT32(30),
    VMX_PRIMARY_SECONDARY = BIT32(31), /* the secondary controls count */
};

/* Secondary processor-based VM-execution controls. */
enum vmx_secondary {
    VMX_SECONDARY_APIC_ACCESS = BIT32(0), /* accesses to the APIC-access page are virtualised or exit */
    VMX_SECONDARY_EPT = BIT32(1),
    VMX_SECONDARY_DESCRIPTOR_TABLE = BIT32(2),
    VMX_SECONDARY_RDTSCP = BIT32(3), /* clear: RDTSCP is #UD */
    VMX_SECONDARY_VIRTUAL_X2APIC = BIT32(4),
    VMX_SECONDARY_VPID = BIT32(5),
    VMX_SECONDARY_WBINVD = BIT32(6),
    VMX_SECONDARY_UNRESTRICTED_GUEST = BIT32(7), /* real mode and unpaged protected mode run as they are */
    VMX_SECONDARY_APIC_REGISTERS = BIT32(8),
    VMX_SECONDARY_VIRTUAL_INTERRUPTS = BIT32(9),
    VMX_SECONDARY_PAUSE_LOOP = BIT32(10),
    VMX_SECONDARY_RDRAND = BIT32(11),
    VMX_SECONDARY_INVPCID = BIT32(12), /* clear: INVPCID is #UD */
    VMX_SECONDARY_VMFUNC = BIT32(13),
    VMX_SECONDARY_SHADOW_VMCS = BIT32(14),
    VMX_SECONDARY_ENCLS = BIT32(15),
    VMX_SECONDARY_RDSEED = BIT32(16),
    VMX_SECONDARY_PML = BIT32(17),
    VMX_SECONDARY_EPT_EXCEPTION = BIT32(18), /* EPT violations may be #VE */
    VMX_SECONDARY_HIDE_FROM_PT = BIT32(19),
    VMX_SECONDARY_XSAVES = BIT32(20), /* clear: XSAVES and XRSTORS are #UD */
    VMX_SECONDARY_MODE_BASED_EXECUTE = BIT32(22),
    VMX_SECONDARY_SUB_PAGE_WRITE = BIT32(23),
    VMX_SECONDARY_PT_GUEST_PHYSICAL = BIT32(24),
    VMX_SECONDARY_TSC_SCALING = BIT32(25),
    VMX_SECONDARY_USER_WAIT = BIT32(26),
    VMX_SECONDARY_ENCLV = BIT32(28),
};

/* VM-exit controls. */
enum vmx_exit_control {
    VMX_EXIT_SAVE_DEBUG = BIT32(2), /* DR7 and IA32_DEBUGCTL */
    VMX_EXIT_HOST_64 = BIT32(9),
    VMX_EXIT_LOAD_PERF_GLOBAL = BIT32(12),
    VMX_EXIT_ACK_INTERRUPT = BIT32(15), /* the exit takes the vector from the APIC */
    VMX_EXIT_SAVE_PAT = BIT32(18),
    VMX_EXIT_LOAD_PAT = BIT32(19),
    VMX_EXIT_SAVE_EFER = BIT32(20),
    VMX_EXIT_LOAD_EFER = BIT32(21),
    VMX_EXIT_SAVE_TIMER = BIT32(22), /* the preemption timer's value */
    VMX_EXIT_CLEAR_BNDCFGS = BIT32(23),
    VMX_EXIT_HIDE_FROM_PT = BIT32(24),
    VMX_EXIT_CLEAR_RTIT = BIT32(25),
    VMX_EXIT_CLEAR_LBR = BIT32(26),
    VMX_EXIT_LOAD_CET = BIT32(28),
    VMX_EXIT_LOAD_PKRS = BIT32(29),
    VMX_EXIT_SAVE_PERF_GLOBAL = BIT32(30),
    VMX_EXIT_SECONDARY = BIT32(31),
};

/* VM-entry controls. */
enum vmx_entry_control {
    VMX_ENTRY_LOAD_DEBUG = BIT32(2),
    VMX_ENTRY_GUEST_64 = BIT32(9), /* "IA-32e mode guest": EFER.LMA and, with paging, LME; changes with the guest */
    VMX_ENTRY_TO_SMM = BIT32(10),
    VMX_ENTRY_DEACTIVATE_DUAL_MONITOR = BIT32(11),
    VMX_ENTRY_LOAD_PERF_GLOBAL = BIT32(13),
    VMX_ENTRY_LOAD_PAT = BIT32(14),
    VMX_ENTRY_LOAD_EFER = BIT32(15),
    VMX_ENTRY_LOAD_BNDCFGS = BIT32(16),
    VMX_ENTRY_HIDE_FROM_PT = BIT32(17),
    VMX_ENTRY_LOAD_RTIT = BIT32(18),
    VMX_ENTRY_LOAD_UINV = BIT32(19),
    VMX_ENTRY_LOAD_CET = BIT32(20),
    VMX_ENTRY_LOAD_LBR = BIT32(21),
    VMX_ENTRY_LOAD_PKRS = BIT32(22),
};

struct vmx_controls {
    uint32_t pin;
    uint32_t primary;
    uint32_t secondary;
    uint32_t exit;
    uint32_t entry;
};

/* The controls to start every VMCS of this CPU with: those of a guest whose APIC is in xAPIC mode, as after reset. Bits
 * that come and go with the guest (the windows, IA-32e mode guest) are clear; that they may be set is checked.
 * without: enum cpu_feature bits (kernel/core/cpu_feature.h) to leave unused. What is wanted and not allowed is left
 * out, and what cannot be used without it: see the bits of *out for what is in use.
 * Set by the features, when the CPU has them and `without` does not name them:
 *   preemption-timer     nothing here: an entry with the control set and a value of 0 exits at once, so it is set with
 *                        the value; vmx_controls_timer() says whether it may be
 *   vpid                 VMX_SECONDARY_VPID, only where INVVPID can drop what all VPIDs have cached
 *   apic-registers       VMX_SECONDARY_APIC_ACCESS with VMX_SECONDARY_APIC_REGISTERS, never one of them alone
 *   virtual-interrupts   VMX_SECONDARY_VIRTUAL_INTERRUPTS, only with apic-registers in use
 *   virtual-x2apic       nothing here, see vmx_controls_apic_mode()
 *   posted-interrupts    VMX_PIN_POSTED_INTERRUPTS with VMX_EXIT_ACK_INTERRUPT, only with virtual-interrupts in use
 * STATUS_UNSUPPORTED: a required control cannot be set; *missing is then a sentence that says which. Pure. */
MUST_CHECK enum status vmx_controls_make(const struct vmx_capability *c, uint32_t without, struct vmx_controls *out,
                                         const char **missing);

/* VMX_PIN_PREEMPTION_TIMER when the CPU has the timer and `without` does not name it, else 0. Pure. */
uint32_t vmx_controls_timer(const struct vmx_capability *c, uint32_t without);

enum vmx_apic_mode {
    VMX_APIC_OFF, /* IA32_APIC_BASE.EN clear */
    VMX_APIC_XAPIC,
    VMX_APIC_X2APIC,
};

/* `initial` (what vmx_controls_make() gave) changed for the mode that the guest's APIC is in. xAPIC: as they are.
 * x2APIC: VMX_SECONDARY_VIRTUAL_X2APIC in place of VMX_SECONDARY_APIC_ACCESS, the rest stays; when the CPU does not
 * have it, or `without` names it, everything of the APIC features is clear, and software alone plays the APIC. Off:
 * the same. The TPR shadow stays on always, and VMX_EXIT_ACK_INTERRUPT is as in `initial`. Pure. */
struct vmx_controls vmx_controls_apic_mode(const struct vmx_capability *c, uint32_t without,
                                           struct vmx_controls initial, enum vmx_apic_mode mode);

#endif
