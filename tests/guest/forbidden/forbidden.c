/* SPDX-License-Identifier: GPL-2.0-only
 * What a guest must not do: virtualisation instructions are #UD, reserved bits of control, debug and model-specific
 * registers are #GP, and nothing of it changes what the guest has. */
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/lib/bits.h"
#include "tests/guest/forbidden/code.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"
#include "tests/guest/lib/trap_msr.h"

#define MSR_EFER 0xc0000080
#define NOT_CANONICAL UINT64_C(0x0000800000000000)
#define PAT_RESET UINT64_C(0x0007040600070406)

static uint8_t zeros[PAGE_SIZE] __attribute__((aligned(4096)));

static bool is_intel(void)
{
    return cpu_cpuid(0, 0).ebx == 0x756e6547; /* "Genu" */
}

struct instruction {
    const char *name;
    void (*execute)(void *zeros);
};

static void each_is(const struct instruction *list, size_t count, unsigned vector, const char *what)
{
    for (size_t i = 0; i < count; i++) {
        struct trap_frame caught = {0};
        bool trapped = trap_try(list[i].execute, zeros, &caught);
        check(trapped && caught.vector == vector && caught.error == 0, "%s is %s", list[i].name, what);
    }
    bool clean = true;
    for (size_t i = 0; i < sizeof(zeros); i++) {
        clean &= zeros[i] == 0;
    }
    check(clean, "none of them wrote memory");
}

static void virtualisation(void)
{
    static const struct instruction vmx[] = {
        {"VMCALL", forbidden_vmcall},
        {"VMLAUNCH", forbidden_vmlaunch},
        {"VMRESUME", forbidden_vmresume},
        {"VMXOFF", forbidden_vmxoff},
        {"VMFUNC", forbidden_vmfunc},
        {"VMXON", forbidden_vmxon},
        {"VMPTRLD", forbidden_vmptrld},
        {"VMPTRST", forbidden_vmptrst},
        {"VMCLEAR", forbidden_vmclear},
        {"VMREAD to a register", forbidden_vmread},
        {"VMREAD to memory", forbidden_vmread_memory},
        {"VMWRITE from a register", forbidden_vmwrite},
        {"VMWRITE from memory", forbidden_vmwrite_memory},
        {"INVEPT", forbidden_invept},
        {"INVVPID", forbidden_invvpid},
        {"GETSEC", forbidden_getsec},
        {"RSM", forbidden_rsm},
        {"ENCLS", forbidden_encls},
        {"ENCLV", forbidden_enclv},
        {"ENCLU", forbidden_enclu},
    };
    static const struct instruction svm[] = {
        {"VMRUN", forbidden_vmrun},   {"VMMCALL", forbidden_vmmcall}, {"VMLOAD", forbidden_vmload},
        {"VMSAVE", forbidden_vmsave}, {"STGI", forbidden_stgi},       {"CLGI", forbidden_clgi},
        {"SKINIT", forbidden_skinit}, {"INVLPGA", forbidden_invlpga},
    };
    static const struct instruction hidden[] = {
        {"MONITOR", forbidden_monitor},
        {"MWAIT", forbidden_mwait},
        {"XSAVES", forbidden_xsaves},
        {"XRSTORS", forbidden_xrstors},
    };
    static const struct instruction counters[] = {{"RDPMC", forbidden_rdpmc}};
    each_is(vmx, ARRAY_LENGTH(vmx), TRAP_UD, "#UD");
    if (!on_bulkhead()) {
        skip("SVM's instructions, MONITOR, XSAVES, RDPMC", "this CPU has them");
        return;
    }
    each_is(svm, ARRAY_LENGTH(svm), TRAP_UD, "#UD");
    each_is(hidden, ARRAY_LENGTH(hidden), TRAP_UD, "#UD");
    each_is(counters, ARRAY_LENGTH(counters), TRAP_GP, "#GP");
}

/* --- registers */

static void put_cr0(void *value)
{
    cpu_write_cr0(*(const uint64_t *)value);
}

static void put_cr3(void *value)
{
    cpu_write_cr3(*(const uint64_t *)value);
}

static void put_cr4(void *value)
{
    cpu_write_cr4(*(const uint64_t *)value);
}

static void put_cr8(void *value)
{
    cpu_write_cr8(*(const uint64_t *)value);
}

static void put_dr6(void *value)
{
    forbidden_write_dr6(*(const uint64_t *)value);
}

static void put_dr7(void *value)
{
    forbidden_write_dr7(*(const uint64_t *)value);
}

static bool is_gp(void (*put)(void *value), uint64_t value)
{
    struct trap_frame caught = {0};
    return trap_try(put, &value, &caught) && caught.vector == TRAP_GP && caught.error == 0;
}

/* Under TCG the first of these is possible, and what the CPU then refuses to enter: tests/guest/wild. */
static void cr0(void)
{
    uint64_t old = cpu_read_cr0();
    check(is_gp(put_cr0, old & ~BIT64(0)), "CR0.PG without PE is #GP");
    check(is_gp(put_cr0, old & ~BIT64(31)), "CR0.PG off in 64-bit code is #GP");
    check(is_gp(put_cr0, (old | BIT64(29)) & ~BIT64(30)), "CR0.NW without CD is #GP");
    check(is_gp(put_cr0, old | BIT64(32)), "CR0 bit 32 is #GP");
    check(is_gp(put_cr0, old | BIT64(63)), "CR0 bit 63 is #GP");
    expect(cpu_read_cr0(), old, "CR0 is unchanged after all");
    cpu_write_cr0(old & ~BIT64(5));
    check((cpu_read_cr0() & ~BIT64(5)) == (old & ~BIT64(5)), "CR0.NE may be cleared, whatever VMX wants of the host");
    cpu_write_cr0(old | BIT64(30));
    expect(cpu_read_cr0(), old | BIT64(30), "CR0.CD keeps its value");
    cpu_write_cr0(old);
}

static void cr3_and_cr8(void)
{
    uint64_t old = cpu_read_cr3();
    check(is_gp(put_cr3, old | BIT64(60)), "CR3 beyond the physical addresses is #GP");
    expect(cpu_read_cr3(), old, "CR3 is unchanged");
    check(is_gp(put_cr8, 0x10), "CR8 bit 4 is #GP");
    check(is_gp(put_cr8, BIT64(63)), "CR8 bit 63 is #GP");
    expect(cpu_read_cr8(), 0, "CR8 is unchanged");
}

/* VMXE, SMXE, LA57, PKE, CET, PKS, UINTR: nothing of them is offered. */
static void cr4(void)
{
    static const uint8_t bits[] = {12, 13, 14, 15, 19, 22, 23, 24, 25, 27, 28, 31, 32, 63};
    uint64_t old = cpu_read_cr4();
    expect(old & BIT64(13), 0, "CR4.VMXE does not show");
    for (size_t i = 0; i < ARRAY_LENGTH(bits); i++) {
        check(is_gp(put_cr4, old | BIT64(bits[i])), "CR4 bit %u is #GP", bits[i]);
    }
    check(is_gp(put_cr4, old & ~BIT64(5)), "CR4.PAE off in long mode is #GP");
    expect(cpu_read_cr4(), old, "CR4 is unchanged after all");
}

static void debug_registers(void)
{
    check(is_gp(put_dr6, BIT64(32)), "DR6 bit 32 is #GP");
    check(is_gp(put_dr7, BIT64(32) | 0x400), "DR7 bit 32 is #GP");
    check(is_gp(put_dr7, BIT64(63) | 0x400), "DR7 bit 63 is #GP");
}

struct numbered {
    uint32_t number;
    uint64_t value;
};

static void put_xcr(void *argument)
{
    const struct numbered *a = argument;
    forbidden_xsetbv(a->number, a->value);
}

static bool faults(void (*fn)(void *argument), uint32_t number, uint64_t value)
{
    struct numbered a = {number, value};
    struct trap_frame caught = {0};
    return trap_try(fn, &a, &caught) && caught.vector == TRAP_GP && caught.error == 0;
}

static bool read_faults(uint32_t msr)
{
    uint64_t value;
    return trap_msr_read_faults(msr, &value);
}

static void vmx_msrs(void)
{
    unsigned right = 0;
    for (uint32_t msr = 0x480; msr <= 0x493; msr++) {
        right += read_faults(msr) && trap_msr_write_faults(msr, 0);
    }
    expect(right, 0x14, "every VMX capability MSR is #GP");
    check(read_faults(0x3a) && trap_msr_write_faults(0x3a, 5), "FEATURE_CONTROL is #GP");
}

static void efer(void)
{
    uint64_t old = msr_read(MSR_EFER);
    static const uint8_t bits[] = {1, 9, 12, 16, 32, 63};
    for (size_t i = 0; i < ARRAY_LENGTH(bits); i++) {
        check(trap_msr_write_faults(MSR_EFER, old | BIT64(bits[i])), "EFER bit %u is #GP", bits[i]);
    }
    check(trap_msr_write_faults(MSR_EFER, old & ~BIT64(8)), "EFER.LME off with paging on is #GP");
    expect(msr_read(MSR_EFER), old, "EFER is unchanged after all");
}

/* Values that would make the next entry impossible: the CPU checks some of these MSRs again when it loads them. */
static void addresses_and_types(void)
{
    static const struct {
        uint32_t msr;
        const char *name;
    } addresses[] = {
        {0x175, "SYSENTER_ESP"}, {0x176, "SYSENTER_EIP"}, {0xc0000082, "LSTAR"},          {0xc0000083, "CSTAR"},
        {0xc0000100, "FS base"}, {0xc0000101, "GS base"}, {0xc0000102, "KERNEL_GS base"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(addresses); i++) {
        uint64_t old = msr_read(addresses[i].msr);
        check(trap_msr_write_faults(addresses[i].msr, NOT_CANONICAL), "%s that is not canonical is #GP",
              addresses[i].name);
        expect(msr_read(addresses[i].msr), old, "%s is unchanged", addresses[i].name);
    }
    check(trap_msr_write_faults(0x277, (PAT_RESET & ~UINT64_C(0xff)) | 2), "PAT with a reserved type is #GP");
    check(trap_msr_write_faults(0x277, PAT_RESET | UINT64_C(1) << 63), "PAT with a reserved bit is #GP");
    expect(msr_read(0x277), PAT_RESET, "PAT is unchanged");
    check(trap_msr_write_faults(0x1d9, 1), "DEBUGCTL is #GP");
    check(trap_msr_write_faults(0x1b, 0xfee00c00 | UINT64_C(1) << 60),
          "APIC base beyond the physical addresses is #GP");
    check(read_faults(0x802), "an x2APIC register in xAPIC mode is #GP");
}

static void extended_state(void)
{
    if ((cpu_cpuid(1, 0).ecx & BIT32(26)) == 0) {
        skip("XCR0", "no XSAVE");
        return;
    }
    uint64_t cr4_before = cpu_read_cr4();
    cpu_write_cr4(cr4_before | BIT64(18));
    check(faults(put_xcr, 0, 0), "XCR0 without x87 is #GP");
    check(faults(put_xcr, 0, 5), "XCR0 with AVX and without SSE is #GP");
    check(faults(put_xcr, 0, BIT64(63) | 1), "a reserved bit of XCR0 is #GP");
    check(faults(put_xcr, 1, 1), "XCR1 is #GP");
    cpu_write_cr4(cr4_before);
}

extern uint64_t start_pd[];

/* A table that the CPU would not load at the next entry either must not get that far. */
static void pae_tables(void)
{
    static uint64_t pdpt[4] __attribute__((aligned(32)));
    uint32_t results[FORBIDDEN_PAE_LOADS] = {0};
    for (unsigned i = 0; i < ARRAY_LENGTH(pdpt); i++) {
        pdpt[i] = ((uintptr_t)start_pd + i * PAGE_SIZE) | 1;
    }
    forbidden_pae(pdpt, results);
    expect(results[FORBIDDEN_PAE_CR0_RESERVED], TRAP_GP, "PAE paging on, with a reserved bit in its table, is #GP");
    expect(results[FORBIDDEN_PAE_CR0], 0, "and goes on without it");
    expect(results[FORBIDDEN_PAE_CR3_RESERVED], TRAP_GP, "CR3 that leads to a reserved bit is #GP");
    expect(results[FORBIDDEN_PAE_CR4_RESERVED], TRAP_GP, "CR4.PGE over a reserved bit is #GP");
    expect(results[FORBIDDEN_PAE_CR4], 0, "and changes without it");
}

void guest_main(void)
{
    virtualisation();
    if (!on_bulkhead()) {
        skip("reserved bits", "TCG does not check them all");
        return;
    }
    cr4();
    vmx_msrs();
    efer();
    if (!is_intel()) {
        skip("reserved bits that only the CPU itself checks", "TCG does not");
        return;
    }
    cr0();
    cr3_and_cr8();
    debug_registers();
    addresses_and_types();
    extended_state();
    pae_tables();
}
