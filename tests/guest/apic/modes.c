/* SPDX-License-Identifier: GPL-2.0-only
 * Modes of the local APIC and the rules of its MSRs (SDM 3A 11.12). */
#include "guest/vlapic.h"
#include "kernel/hw/msr.h"
#include "tests/guest/apic/apic.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap_msr.h"

#define MSR_APIC_BASE 0x1b
#define OFF UINT64_C(0)
#define XAPIC UINT64_C(0x800)
#define X2APIC UINT64_C(0xc00)

struct access {
    uint32_t msr;
    bool write;
    uint64_t value;
};

static bool faults(struct access a)
{
    return a.write ? trap_msr_write_faults(a.msr, a.value) : trap_msr_read_faults(a.msr, &a.value);
}

static bool base_faults(uint64_t mode)
{
    uint64_t rest = msr_read(MSR_APIC_BASE) & ~X2APIC;
    return faults((struct access){MSR_APIC_BASE, true, rest | mode});
}

static void go(uint64_t mode, const char *what)
{
    check(!base_faults(mode) && (msr_read(MSR_APIC_BASE) & X2APIC) == mode, "%s", what);
}

void mode_transitions(void)
{
    check(faults((struct access){apic_msr(LAPIC_ID), false, 0}), "xAPIC mode: the MSRs are #GP");
    check(base_faults(LAPIC_BASE_X2APIC), "xAPIC mode: x2APIC without enable is #GP");
    go(X2APIC, "xAPIC to x2APIC");
    check(!faults((struct access){apic_msr(LAPIC_ID), false, 0}), "x2APIC mode: the MSRs are there");
    check(base_faults(XAPIC), "x2APIC to xAPIC is #GP");
    check(base_faults(LAPIC_BASE_X2APIC), "x2APIC without enable is #GP");
    check(faults((struct access){MSR_APIC_BASE, true, msr_read(MSR_APIC_BASE) | UINT64_C(1) << 52}),
          "a reserved bit of IA32_APIC_BASE is #GP");
    go(OFF, "x2APIC to off");
    check(faults((struct access){apic_msr(LAPIC_ID), false, 0}), "off: the MSRs are #GP");
    check(base_faults(X2APIC), "off to x2APIC is #GP");
    go(XAPIC, "off to xAPIC");
    expect(apic_read(LAPIC_SVR), 0xff, "the APIC that was off has been reset");
    check((msr_read(MSR_APIC_BASE) & LAPIC_BASE_BSP) != 0, "this is still the boot CPU");
    apic_init();
}

void msr_rules(void)
{
    static const struct access bad[] = {
        {0x80e, false, 0},         {0x80e, true, 0},       {0x831, false, 0},         {0x831, true, 0},
        {0x80b, false, 0},         {0x83f, false, 0},      {0x802, true, 0},          {0x803, true, 0},
        {0x80a, true, 0},          {0x80d, true, 1},       {0x810, true, 0},          {0x820, true, 0},
        {0x839, true, 0},          {0x80b, true, 1},       {0x828, true, 1},          {0x808, true, 0x100},
        {0x808, true, 1ull << 32}, {0x80f, true, 1 << 16}, {0x838, true, 1ull << 32}, {0x83e, true, 0x100},
        {0x832, true, 1u << 31},   {0x83f, true, 0x100},   {0x830, true, 1 << 12},    {0x830, true, 1 << 20},
        {0x800, false, 0},         {0x84f, false, 0},      {0x8ff, false, 0},         {0x8ff, true, 0},
    };
    static const uint32_t readable[] = {0x802, 0x803, 0x808, 0x80a, 0x80d, 0x80f, 0x810, 0x817, 0x818, 0x81f,
                                        0x820, 0x827, 0x828, 0x830, 0x832, 0x835, 0x837, 0x838, 0x839, 0x83e};
    unsigned faulted = 0, read = 0;
    for (unsigned i = 0; i < ARRAY_LENGTH(bad); i++) {
        bool ok = faults(bad[i]);
        faulted += ok;
        if (!ok) {
            say("INFO: no #GP: MSR 0x%x %s", bad[i].msr, bad[i].write ? "write" : "read");
        }
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(readable); i++) {
        read += !faults((struct access){readable[i], false, 0});
    }
    expect(faulted, ARRAY_LENGTH(bad), "x2APIC: MSRs that are not there, and reserved bits, are #GP");
    expect(read, ARRAY_LENGTH(readable), "x2APIC: the others can be read");
    expect(msr_read(0x803) >> 32, 0, "x2APIC: the high halves read 0");
    uint32_t id = (uint32_t)msr_read(0x802);
    expect(msr_read(0x80d), id >> 4 << 16 | 1u << (id & 0xf), "x2APIC: the logical id is made from the id");
    msr_write(0x830, (uint64_t)0x76543210 << 32 | 0x40 | APIC_ICR_ASSERT);
    expect(msr_read(0x830), (uint64_t)0x76543210 << 32 | 0x40 | APIC_ICR_ASSERT, "x2APIC: the ICR has 64 bits");
}
