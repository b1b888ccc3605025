/* SPDX-License-Identifier: GPL-2.0-only
 * CPUID as Bulkhead's policy gives it: signature, what is hidden, unlisted leaves zero (guest/cpuid.c). */
#include "kernel/hw/cpu.h"

#include "kernel/lib/bits.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/smp.h"

#define CR4_OSXSAVE BIT64(18)

static void basics(void)
{
    struct cpuid one = cpu_cpuid(1, 0);
    check(cpu_cpuid(0, 0).eax >= 1, "leaf 0 names a highest leaf");
    check((one.edx & BIT32(9)) != 0 && (one.edx & BIT32(5)) != 0, "APIC and MSRs are there");
    check((one.edx & BIT32(25)) != 0 && (one.edx & BIT32(26)) != 0, "SSE and SSE2 are there");
    check((cpu_cpuid(0x80000001, 0).edx & BIT32(29)) != 0, "long mode is there");
    expect(one.ebx >> 24, apic_id(), "leaf 1 shows this CPU's APIC id");
    check((one.ecx & BIT32(31)) != 0, "the hypervisor bit is set");
}

/* OSXSAVE follows CR4, read natively or emulated. */
static void osxsave(void)
{
    uint64_t cr4 = cpu_read_cr4();
    check((cpu_cpuid(1, 0).ecx & BIT32(27)) == 0, "OSXSAVE is clear at first");
    if ((cpu_cpuid(1, 0).ecx & BIT32(26)) == 0) {
        skip("OSXSAVE follows CR4", "no XSAVE");
        return;
    }
    cpu_write_cr4(cr4 | CR4_OSXSAVE);
    check((cpu_cpuid(1, 0).ecx & BIT32(27)) != 0, "OSXSAVE follows CR4 on");
    cpu_write_cr4(cr4);
    check((cpu_cpuid(1, 0).ecx & BIT32(27)) == 0, "OSXSAVE follows CR4 off");
}

static void hidden_bits(void)
{
    struct cpuid one = cpu_cpuid(1, 0), extended = cpu_cpuid(0x80000001, 0), seven = cpu_cpuid(7, 0);
    expect(one.ecx & BIT32(5), 0, "no VMX");
    expect(one.ecx & BIT32(3), 0, "no MONITOR");
    expect(one.ecx & BIT32(6), 0, "no SMX");
    expect(one.edx & (BIT32(7) | BIT32(14)), 0, "no machine checks");
    expect(one.edx & (BIT32(21) | BIT32(22) | BIT32(29)), 0, "no debug store, ACPI clock control, thermal monitor");
    expect(extended.ecx & BIT32(2), 0, "no SVM");
    expect(extended.ecx & (BIT32(3) | BIT32(10) | BIT32(12) | BIT32(23) | BIT32(24)), 0,
           "no extended APIC space, IBS, SKINIT, performance counters");
    expect(extended.edx & BIT32(25), 0, "no FFXSR");
    expect(seven.ebx & (BIT32(1) | BIT32(2) | BIT32(4) | BIT32(11) | BIT32(25)), 0,
           "no TSC_ADJUST, SGX, HLE, RTM, processor trace");
    expect(seven.edx & (BIT32(26) | BIT32(27) | BIT32(29) | BIT32(31)), 0, "no speculation-control MSRs");
}

static void limits(void)
{
    check(cpu_cpuid(0, 0).eax <= 0xd, "the highest leaf is at most 0xd");
    check(cpu_cpuid(0x80000000, 0).eax <= 0x80000008, "the highest extended leaf is at most 0x80000008");
    expect(cpu_cpuid(0x40000000, 0).eax, 0x40000000, "one hypervisor leaf");
    expect(cpu_cpuid(0x80000008, 0).ecx & 0xff, smp_expected() - 1, "leaf 0x80000008 counts the guest's CPUs");
}

static void unlisted(void)
{
    static const uint32_t leaves[] = {
        0x3,        0x5,        0x6,        0x9,        0xa,        0xe,        0xf,        0x10,       0x12,
        0x14,       0x15,       0x16,       0x1f,       0x24,       0x40000001, 0x40000002, 0x40000003, 0x40000004,
        0x40000010, 0x40000100, 0x80000009, 0x8000000a, 0x80000019, 0x8000001a, 0x8000001b, 0x8000001c, 0x8000001d,
        0x8000001e, 0x8000001f, 0xc0000000, 0xc0000001, 0xffffffff, 0x12345678};
    for (size_t i = 0; i < ARRAY_LENGTH(leaves); i++) {
        struct cpuid c = cpu_cpuid(leaves[i], 0);
        expect(c.eax | c.ebx | c.ecx | c.edx, 0, "leaf 0x%x reads 0", leaves[i]);
    }
}

void guest_main(void)
{
    basics();
    osxsave();
    if (!on_bulkhead()) {
        skip("the policy of guest/cpuid.c", "no Bulkhead below");
        return;
    }
    hidden_bits();
    limits();
    unlisted();
}
