/* SPDX-License-Identifier: GPL-2.0-only
 * Host state. */
#include "vmx/host_state.h"

#include "kernel/core/gdt.h"
#include "kernel/core/idt.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "vmx/instructions.h"
#include "vmx/msr.h"

static void write_segments(unsigned cpu)
{
    vmx_write(VMCS_HOST_CS_SELECTOR, GDT_CODE);
    vmx_write(VMCS_HOST_SS_SELECTOR, GDT_DATA);
    vmx_write(VMCS_HOST_DS_SELECTOR, GDT_DATA);
    vmx_write(VMCS_HOST_ES_SELECTOR, GDT_DATA);
    vmx_write(VMCS_HOST_FS_SELECTOR, 0);
    vmx_write(VMCS_HOST_GS_SELECTOR, 0);
    vmx_write(VMCS_HOST_TR_SELECTOR, GDT_TASK);
    vmx_write(VMCS_HOST_FS_BASE, msr_read(MSR_FS_BASE));
    vmx_write(VMCS_HOST_GS_BASE, msr_read(MSR_GS_BASE));
    vmx_write(VMCS_HOST_TR_BASE, gdt_task_base(cpu));
    vmx_write(VMCS_HOST_GDTR_BASE, gdt_base(cpu));
    vmx_write(VMCS_HOST_IDTR_BASE, idt_base());
}

void vmx_host_state_write(unsigned cpu)
{
    vmx_write(VMCS_HOST_CR0, cpu_read_cr0());
    vmx_write(VMCS_HOST_CR3, cpu_read_cr3());
    vmx_write(VMCS_HOST_CR4, cpu_read_cr4());
    vmx_write(VMCS_HOST_PAT, msr_read(MSR_PAT));
    vmx_write(VMCS_HOST_EFER, msr_read(MSR_EFER));
    vmx_write(VMCS_HOST_RIP, (uint64_t)vmx_entry_exit);
    /* The hypervisor has no SYSENTER of its own. */
    vmx_write(VMCS_HOST_SYSENTER_CS, 0);
    vmx_write(VMCS_HOST_SYSENTER_ESP, 0);
    vmx_write(VMCS_HOST_SYSENTER_EIP, 0);
    write_segments(cpu);
}
