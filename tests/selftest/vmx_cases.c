/* SPDX-License-Identifier: GPL-2.0-only
 * VM entries that this CPU must refuse, one broken field each: Bulkhead has to name the check that failed, and the
 * next entry of the same vCPU, with the field as before, has to work. */
#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/core/vcpu.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/selftest/cases.h"
#include "tests/selftest/vcpu_rig.h"
#include "vmx/controls.h"
#include "vmx/instructions.h"
#include "vmx/vmx.h"

#define NOT_CANONICAL UINT64_C(0x0000800000000000)
#define SET(bits) (bits), 0
#define CLEAR(bits) 0, (bits)
#define VALUE(v) (v), UINT64_MAX

struct broken {
    enum vmcs_field field;
    uint64_t set, clear;
    const char *words; /* part of what Bulkhead has to say */
};

static const struct broken controls[] = {
    {VMCS_PIN_CONTROLS, CLEAR(2), "a pin-based control that has to be 1"},
    {VMCS_PIN_CONTROLS, CLEAR(VMX_PIN_NMI), "virtual NMIs without NMI exiting"},
    {VMCS_SECONDARY_CONTROLS, SET(UINT64_C(0x80000000)), "a secondary control is set that this CPU does not have"},
    {VMCS_SECONDARY_CONTROLS, CLEAR(VMX_SECONDARY_EPT), "unrestricted guest without EPT"},
    {VMCS_EXIT_CONTROLS, CLEAR(1), "an exit control that has to be 1"},
    {VMCS_ENTRY_CONTROLS, CLEAR(1), "an entry control that has to be 1"},
    {VMCS_ENTRY_CONTROLS, SET(VMX_ENTRY_DEACTIVATE_DUAL_MONITOR), "an entry to SMM"},
    {VMCS_IO_BITMAP_A, SET(1), "I/O bitmap A"},
    {VMCS_MSR_BITMAP, SET(BIT64(60)), "MSR bitmap"},
    {VMCS_VIRTUAL_APIC, SET(8), "virtual-APIC page"},
    {VMCS_EPT_POINTER, SET(7), "memory type"},
    {VMCS_EPT_POINTER, SET(BIT64(62)), "EPT table is not in physical memory"},
    {VMCS_CR3_TARGET_COUNT, VALUE(5), "more CR3 targets"},
    {VMCS_VPID, VALUE(0), "the VPID is 0"},
    {VMCS_EXIT_MSR_LOAD_COUNT, VALUE(1), "exits load from"},
};

/* With what makes the field count: the area of one MSR is at an address that is not aligned. */
static const struct broken host[] = {
    {VMCS_HOST_CR0, CLEAR(BIT64(31)), "host CR0 lacks"},  {VMCS_HOST_CR4, CLEAR(BIT64(13)), "host CR4 lacks"},
    {VMCS_HOST_CR4, CLEAR(BIT64(5)), "host CR4.PAE"},     {VMCS_HOST_CR3, SET(BIT64(60)), "host CR3"},
    {VMCS_HOST_EFER, CLEAR(BIT64(10)), "host EFER.LMA"},  {VMCS_HOST_PAT, VALUE(3), "host PAT"},
    {VMCS_HOST_CS_SELECTOR, SET(3), "host CS has"},       {VMCS_HOST_CS_SELECTOR, VALUE(0), "host CS is null"},
    {VMCS_HOST_TR_SELECTOR, VALUE(0), "host TR is null"}, {VMCS_HOST_GS_BASE, VALUE(NOT_CANONICAL), "host GS base"},
    {VMCS_HOST_RIP, VALUE(NOT_CANONICAL), "host RIP"},
};

static const struct broken guest[] = {
    {VMCS_GUEST_CR0, CLEAR(BIT64(5)), "guest CR0 lacks"},
    {VMCS_GUEST_CR0, SET(BIT64(31)), "guest CR0.PG without CR0.PE"},
    {VMCS_GUEST_CR0, SET(BIT64(40)), "guest CR0 sets"},
    {VMCS_GUEST_CR4, CLEAR(BIT64(13)), "guest CR4 lacks"},
    {VMCS_GUEST_CR4, SET(BIT64(31)), "guest CR4 sets"},
    {VMCS_GUEST_CR4, SET(BIT64(17)), "guest CR4.PCIDE"},
    {VMCS_GUEST_CR3, SET(BIT64(60)), "guest CR3"},
    {VMCS_GUEST_DR7, SET(BIT64(32)), "guest DR7"},
    {VMCS_GUEST_SYSENTER_EIP, VALUE(NOT_CANONICAL), "guest SYSENTER_EIP"},
    {VMCS_GUEST_PAT, VALUE(3), "guest PAT"},
    {VMCS_GUEST_EFER, SET(BIT64(12)), "guest EFER sets a reserved bit"},
    {VMCS_GUEST_EFER, SET(BIT64(10)), "guest EFER.LMA"},
    {VMCS_ENTRY_CONTROLS, SET(VMX_ENTRY_GUEST_64), "a 64-bit guest without CR0.PG"},
    {VMCS_GUEST_TR_SELECTOR, SET(4), "guest TR selector"},
    {VMCS_GUEST_FS_BASE, VALUE(NOT_CANONICAL), "guest FS base"},
    {VMCS_GUEST_CS_BASE, VALUE(BIT64(32)), "guest CS base"},
    {VMCS_GUEST_CS_ACCESS, CLEAR(1), "guest CS has a type"},
    {VMCS_GUEST_CS_ACCESS, CLEAR(BIT64(7)), "guest CS is not present"},
    {VMCS_GUEST_SS_ACCESS, SET(BIT64(5)), "privilege level"},
    {VMCS_GUEST_DS_LIMIT, VALUE(BIT64(31)), "guest DS limit and granularity"},
    {VMCS_GUEST_TR_ACCESS, CLEAR(2), "guest TR is not a busy TSS"},
    {VMCS_GUEST_TR_ACCESS, SET(VMCS_SEGMENT_UNUSABLE), "guest TR is unusable"},
    {VMCS_GUEST_LDTR_ACCESS, CLEAR(BIT64(7)), "guest LDTR is not present"},
    {VMCS_GUEST_GDTR_LIMIT, VALUE(0x10000), "guest GDTR limit"},
    {VMCS_GUEST_IDTR_BASE, VALUE(NOT_CANONICAL), "guest IDTR base"},
    {VMCS_GUEST_ACTIVITY, VALUE(4), "activity state"},
    {VMCS_GUEST_PENDING_DEBUG, VALUE(BIT64(5)), "pending debug exceptions"},
    {VMCS_LINK_POINTER, VALUE(1), "VMCS link pointer"},
};

static bool contains(const char *text, const char *part)
{
    size_t length = strlen(part);
    for (; *text != 0; text++) {
        if (strncmp(text, part, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool runs_to_hlt(struct vcpu_rig *rig)
{
    struct vcpu_exit exit = {0};
    vcpu_reset(&rig->vcpu, VCPU_RESET_POWER_ON, 0);
    do {
        vmx_backend.run(&rig->vcpu, &exit);
        if (exit.kind == VCPU_EXIT_INTERRUPT) {
            cpu_irq_serve();
        }
    } while (exit.kind == VCPU_EXIT_INTERRUPT);
    return exit.kind == VCPU_EXIT_HLT;
}

static bool is_named(struct vcpu_rig *rig, const struct broken *b)
{
    struct vcpu_exit exit = {0};
    uint64_t good = vmx_read(b->field);
    vmx_write(b->field, (good & ~b->clear) | b->set);
    vmx_backend.run(&rig->vcpu, &exit);
    vmx_write(b->field, good);
    bool right = exit.kind == VCPU_EXIT_ENTRY_FAILED && exit.text != NULL && contains(exit.text, b->words);
    log_info("selftest: entry refused: %s%s", exit.text == NULL ? "no words" : exit.text, right ? "" : ": WRONG");
    return right;
}

static enum status try_each(struct vcpu_rig *rig, const struct broken *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        SELFTEST_CHECK(runs_to_hlt(rig));
        SELFTEST_CHECK(is_named(rig, &list[i]));
    }
    SELFTEST_CHECK(runs_to_hlt(rig));
    return STATUS_OK;
}

static enum status try_all(struct vcpu_rig *rig)
{
    enum status status = try_each(rig, guest, ARRAY_LENGTH(guest));
    if (status == STATUS_OK) {
        status = try_each(rig, host, ARRAY_LENGTH(host));
    }
    if (status == STATUS_OK) {
        vmx_write(VMCS_EXIT_MSR_LOAD, 8);
        status = try_each(rig, controls, ARRAY_LENGTH(controls));
    }
    return status;
}

enum status selftest_vmx_entry(const struct selftest *test)
{
    (void)test;
    static struct vcpu_rig rig;
    static const uint8_t hlt[] = {0xf4};
    const char *why = vmx_backend.refuse();
    if (why != NULL) {
        log_info("selftest: VM entries are not tested: %s", why);
        return STATUS_OK;
    }
    uint64_t flags = cpu_irq_save();
    uint64_t used = pages_used_bytes();
    vmx_backend.configure(0);
    SELFTEST_CHECK(vmx_backend.cpu_enable(cpu_index()) == STATUS_OK);
    SELFTEST_CHECK(vcpu_rig_build(&rig, &vmx_backend, hlt, sizeof(hlt)) == STATUS_OK);
    enum status status = try_all(&rig);
    vcpu_rig_tear_down(&rig);
    vmx_backend.cpu_disable(cpu_index());
    SELFTEST_CHECK(pages_used_bytes() == used);
    cpu_irq_restore(flags);
    return status;
}
