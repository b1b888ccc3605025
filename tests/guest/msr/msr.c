/* SPDX-License-Identifier: GPL-2.0-only
 * MSRs as Bulkhead's policy gives them: unlisted ones are #GP, the usual ones work (guest/msr.c). */
#include "kernel/hw/msr.h"

#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"
#include "tests/guest/lib/trap_msr.h"

#define MSR_EFER 0xc0000080

static bool read_faults(uint32_t msr)
{
    uint64_t value;
    return trap_msr_read_faults(msr, &value);
}

static void round_trip(uint32_t msr, const char *name, uint64_t value)
{
    uint64_t old = msr_read(msr);
    msr_write(msr, value);
    expect(msr_read(msr), value, "%s keeps what was written", name);
    msr_write(msr, old);
}

static void common(void)
{
    round_trip(0x174, "SYSENTER_CS", 0x18);
    round_trip(0x175, "SYSENTER_ESP", 0x123456789000);
    round_trip(0x176, "SYSENTER_EIP", 0x7ffffffff000);
    round_trip(0xc0000081, "STAR", 0x0018000800000000);
    round_trip(0xc0000082, "LSTAR", 0xffffffff81000000);
    round_trip(0xc0000083, "CSTAR", 0xffffffff82000000);
    round_trip(0xc0000084, "SFMASK", 0x47700);
    round_trip(0xc0000100, "FS base", 0x112233445566);
    round_trip(0xc0000101, "GS base", 0x665544332211);
    round_trip(0xc0000102, "KERNEL_GS base", 0xffff800000000000);
    round_trip(0xc0000103, "TSC_AUX", 0x1234);
    round_trip(0x277, "PAT", 0x0007010600070106);
    expect(msr_read(0xfe) & 0xff, 8, "MTRRcap names 8 variable ranges");
    round_trip(0x2ff, "MTRR default type", 0xc06);
    round_trip(0x202, "MTRR base 1", 0xc0000000);
    round_trip(0x250, "MTRR fixed 64K", 0x0606060606060606);
    check((msr_read(0x1b) & 0xfffff900) == 0xfee00900, "APIC base: enabled, boot CPU, at 0xfee00000");
    check(trap_msr_write_faults(0xdeadbeef, 0) || !on_bulkhead(), "an MSR that does not exist is #GP");
}

static void efer(void)
{
    uint64_t efer = msr_read(MSR_EFER);
    expect(efer & 0x1d00, 0xd00, "EFER: LME, LMA and NXE, no SVME");
    msr_write(MSR_EFER, efer | 1);
    expect(msr_read(MSR_EFER), efer | 1, "EFER.SCE can be set");
    msr_write(MSR_EFER, efer);
}

static void tsc(void)
{
    uint64_t a = cpu_tsc(), b = msr_read(0x10), c = cpu_tsc();
    check(a <= b && b <= c, "RDMSR of the TSC agrees with RDTSC");
    msr_write(0x10, UINT64_C(1) << 40);
    uint64_t now = cpu_tsc();
    check(now >= UINT64_C(1) << 40 && now - (UINT64_C(1) << 40) < UINT64_C(100000000000), "the TSC can be written");
}

/* Every AMD CPU has these, and nothing tells that they are missing. */
static void old_counters(void)
{
    for (uint32_t msr = 0xc0010000; on_bulkhead() && msr <= 0xc0010007; msr++) {
        msr_write(msr, 0x530076);
        expect(msr_read(msr), 0, "AMD's old performance counters are there and stand still");
    }
}

static void denied(void)
{
    static const struct {
        uint32_t msr;
        const char *name;
    } none[] = {
        {0x3a, "FEATURE_CONTROL"},
        {0x3b, "TSC_ADJUST"},
        {0x48, "SPEC_CTRL"},
        {0x79, "microcode update"},
        {0x9b, "SMM_MONITOR_CTL"},
        {0x9e, "SMBASE"},
        {0xc1, "PMC0"},
        {0x186, "PERFEVTSEL0"},
        {0x179, "MCG_CAP"},
        {0x400, "MC0_CTL"},
        {0x1d9, "DEBUGCTL"},
        {0x199, "PERF_CTL"},
        {0x19b, "THERM_INTERRUPT"},
        {0x480, "VMX_BASIC"},
        {0x606, "RAPL unit"},
        {0x610, "RAPL limit"},
        {0x611, "RAPL energy"},
        {0xc0010111, "SMBASE (AMD)"},
        {0xc0010114, "VM_CR"},
        {0xc0010117, "VM_HSAVE_PA"},
        {0xc0010020, "patch loader"},
        {0xc0010299, "RAPL unit (AMD)"},
        {0xc0010200, "PERF_CTL0 of the extended set (AMD)"},
        {0xc0010062, "P-state control"},
        {0xc0000104, "TSC ratio"},
        {0x40000000, "HV_GUEST_OS_ID"},
        {0x4b564d00, "KVM clock"},
        {0x12345678, "nothing"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(none); i++) {
        check(read_faults(none[i].msr), "RDMSR 0x%x (%s) is #GP", none[i].msr, none[i].name);
        check(trap_msr_write_faults(none[i].msr, 0), "WRMSR 0x%x (%s) is #GP", none[i].msr, none[i].name);
    }
}

static void refused_values(void)
{
    if (on_bulkhead()) {
        expect(msr_read(0xda0), 0, "XSS is 0: no supervisor state is offered");
        check(trap_msr_write_faults(0xda0, BIT64(8)), "XSS with trace state is #GP");
        check(!trap_msr_write_faults(0xda0, 0), "XSS can be written 0");
    }
    uint64_t value = msr_read(MSR_EFER);
    check(trap_msr_write_faults(MSR_EFER, value | BIT64(12)), "EFER.SVME is #GP");
    check(trap_msr_write_faults(MSR_EFER, value | BIT64(14)), "EFER.FFXSR is #GP");
    check(trap_msr_write_faults(MSR_EFER, value | BIT64(40)), "a reserved bit of EFER is #GP");
    check(trap_msr_write_faults(MSR_EFER, value & ~BIT64(8)), "EFER.LME off with paging on is #GP");
    expect(msr_read(MSR_EFER), value, "EFER is unchanged after all");
    check(trap_msr_write_faults(0x277, 2), "a reserved type in PAT is #GP");
}

void guest_main(void)
{
    common();
    efer();
    if (!on_bulkhead()) {
        skip("the TSC by its MSR", "TCG has none");
        skip("the policy of guest/msr.c", "no Bulkhead below");
        return;
    }
    tsc();
    old_counters();
    denied();
    refused_values();
}
