/* SPDX-License-Identifier: GPL-2.0-only
 * CPUID policy. */
#include "guest/cpuid.h"

#include "kernel/lib/bits.h"

#define B(n) BIT32(n)

/* Leaf 1. Not offered: VMX, SMX, MONITOR, thermal and power, debug store, machine check. x2APIC and TSC
 * deadline are the virtual LAPIC's, whatever the host has. */
#define LEAF1_ECX                                                                                                      \
    (B(0) | B(1) | B(9) | B(12) | B(13) | B(17) | B(19) | B(20) | B(22) | B(23) | B(25) | B(26) | B(28) | B(29) | B(30))
#define LEAF1_EDX                                                                                                      \
    (MASK32(6, 0) | B(8) | B(9) | B(11) | B(12) | B(13) | B(15) | B(16) | B(17) | B(19) | B(23) | B(24) | B(25) |      \
     B(26) | B(27))
#define LEAF1_ECX_X2APIC B(21)
#define LEAF1_ECX_TSC_DEADLINE B(24)
#define LEAF1_ECX_OSXSAVE B(27)
#define LEAF1_ECX_HYPERVISOR B(31)
#define LEAF1_EDX_APIC B(9)
#define LEAF1_EDX_HTT B(28)
#define CR4_OSXSAVE BIT64(18)

/* Leaf 7.0. Not offered: TSC_ADJUST, SGX, RTM, HLE, MPX, PQM, PQE, processor trace, PKU, CET, LA57 and every
 * speculation-control bit (their MSRs are not given). */
#define LEAF7_EBX                                                                                                      \
    (B(0) | B(3) | B(5) | B(7) | B(8) | B(9) | B(10) | B(16) | B(17) | B(18) | B(19) | B(20) | B(21) | B(23) | B(24) | \
     B(28) | B(29) | B(30) | B(31))
#define LEAF7_ECX (B(1) | B(2) | B(6) | B(8) | B(9) | B(10) | B(11) | B(12) | B(14) | B(22))
#define LEAF7_EDX (B(2) | B(3) | B(4) | B(8))

/* Leaf 0xd.1: XSAVEOPT, XSAVEC, XGETBV with ECX = 1, XSAVES. IA32_XSS stays 0 (guest/msr.c). */
#define LEAFD1_EAX MASK32(3, 0)
#define LEAFD1_COMPACT (B(1) | B(3)) /* what EBX, the size of the compacted area, is for */

/* Leaf 0x80000001. Not offered: SVM, EXTAPIC, IBS, SKINIT, WDT, LWP, NODEID, TOPOEXT, performance counters, MWAITX,
 * FFXSR (its EFER bit is refused). */
#define LEAF8_1_ECX (B(0) | B(5) | B(6) | B(7) | B(8) | B(11) | B(16) | B(21))
#define LEAF8_1_EDX                                                                                                    \
    (MASK32(6, 0) | B(8) | B(9) | B(11) | B(12) | B(13) | B(15) | B(16) | B(17) | B(20) | B(22) | B(23) | B(24) |      \
     B(26) | B(27) | B(29) | B(30) | B(31))
#define LEAF7_EBX_INVPCID B(10)
#define LEAF7_ECX_RDPID B(22)
#define LEAF8_1_EDX_RDTSCP B(27)
#define LEAF8_7_EDX B(8) /* invariant TSC */

#define XCR0_ALLOWED (B(0) | B(1) | B(2) | B(5) | B(6) | B(7))
#define MAX_BASIC 0xdu
#define MAX_EXTENDED 0x80000008u

enum leaf_action {
    LEAF_PASS,  /* masks alone */
    LEAF_LIMIT, /* eax is the highest leaf */
    LEAF_ONE,   /* family, features, APIC id */
    LEAF_CACHE, /* Intel cache parameters: core counts are the guest's */
    LEAF_TOPOLOGY,
    LEAF_XSAVE,
    LEAF_SEVEN,
    LEAF_EXTENDED_ONE,
    LEAF_HYPERVISOR,
    LEAF_SIZES, /* 0x80000008 */
};

struct leaf_rule {
    uint32_t leaf;
    uint32_t last_subleaf; /* higher ones read 0 */
    uint32_t eax, ebx, ecx, edx;
    enum leaf_action action;
};

#define ALL UINT32_MAX
static const struct leaf_rule rules[] = {
    {0x0, ALL, ALL, ALL, ALL, ALL, LEAF_LIMIT},
    {0x1, ALL, ALL, MASK32(15, 8), LEAF1_ECX, LEAF1_EDX, LEAF_ONE},
    {0x2, ALL, ALL, ALL, ALL, ALL, LEAF_PASS},
    {0x4, 7, ALL, ALL, ALL, ALL, LEAF_CACHE},
    {0x7, 0, 0, LEAF7_EBX, LEAF7_ECX, LEAF7_EDX, LEAF_SEVEN},
    {0xb, 1, 0, 0, 0, 0, LEAF_TOPOLOGY},
    {0xd, 63, ALL, ALL, ALL, ALL, LEAF_XSAVE},
    {CPUID_HYPERVISOR_LEAF, ALL, 0, 0, 0, 0, LEAF_HYPERVISOR},
    {0x80000000, ALL, ALL, ALL, ALL, ALL, LEAF_LIMIT},
    {0x80000001, ALL, ALL, 0, LEAF8_1_ECX, LEAF8_1_EDX, LEAF_EXTENDED_ONE},
    {0x80000002, ALL, ALL, ALL, ALL, ALL, LEAF_PASS},
    {0x80000003, ALL, ALL, ALL, ALL, ALL, LEAF_PASS},
    {0x80000004, ALL, ALL, ALL, ALL, ALL, LEAF_PASS},
    {0x80000005, ALL, ALL, ALL, ALL, ALL, LEAF_PASS},
    {0x80000006, ALL, ALL, ALL, ALL, ALL, LEAF_PASS},
    {0x80000007, ALL, 0, 0, 0, LEAF8_7_EDX, LEAF_PASS},
    {0x80000008, ALL, MASK32(15, 0), 0, 0, 0, LEAF_SIZES},
};

static void leaf_one(struct cpuid *out, const struct cpuid_context *c)
{
    out->ebx |= c->cpu_index << 24 | (c->cpu_count & 0xff) << 16;
    out->edx |= c->cpu_count > 1 ? LEAF1_EDX_HTT : 0;
    out->edx &= c->apic_off ? ~LEAF1_EDX_APIC : UINT32_MAX; /* SDM 3A 11.4.3 */
    out->ecx |= LEAF1_ECX_HYPERVISOR;
    out->ecx |= c->x2apic ? LEAF1_ECX_X2APIC : 0;
    out->ecx |= c->tsc_deadline ? LEAF1_ECX_TSC_DEADLINE : 0;
    out->ecx |= (c->cr4 & CR4_OSXSAVE) != 0 ? LEAF1_ECX_OSXSAVE : 0;
}

/* Bits needed to number count things: the APIC id's core field. */
static uint32_t id_bits(unsigned count)
{
    uint32_t bits = 0;
    while ((1u << bits) < count) {
        bits++;
    }
    return bits;
}

static void leaf_topology(uint32_t subleaf, struct cpuid *out, const struct cpuid_context *c)
{
    bool core = subleaf == 1;
    *out = (struct cpuid){
        .eax = core ? id_bits(c->cpu_count) : 0,
        .ebx = core ? c->cpu_count : 1,
        .ecx = subleaf | (core ? 2u : 1u) << 8,
        .edx = c->cpu_index,
    };
}

static void leaf_cache(struct cpuid *out, const struct cpuid_context *c)
{
    if ((out->eax & 0x1f) == 0) {
        *out = (struct cpuid){0};
        return;
    }
    unsigned level = (unsigned)bits_get(out->eax, 7, 5);
    uint32_t sharing = level >= 3 ? (1u << id_bits(c->cpu_count)) - 1 : 0;
    uint32_t cores = (1u << id_bits(c->cpu_count)) - 1;
    out->eax = (uint32_t)(bits_get(out->eax, 13, 0) | bits_make(sharing, 25, 14) | bits_make(cores, 31, 26));
}

static void leaf_xsave(uint32_t subleaf, struct cpuid *out, const struct cpuid_context *c)
{
    if (subleaf == 0) {
        out->eax &= XCR0_ALLOWED;
        out->edx = 0;
    } else if (subleaf == 1) {
        uint32_t eax = out->eax & LEAFD1_EAX & ~((c->lacks & VCPU_XSAVES) != 0 ? LEAFD1_COMPACT : 0);
        *out = (struct cpuid){.eax = eax, .ebx = (eax & LEAFD1_COMPACT) != 0 ? out->ebx : 0};
    } else if ((XCR0_ALLOWED >> (subleaf & 31) & 1) == 0 || subleaf > 31) {
        *out = (struct cpuid){0};
    }
}

static const struct leaf_rule *find(uint32_t leaf)
{
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        if (rules[i].leaf == leaf) {
            return &rules[i];
        }
    }
    return NULL;
}

static uint32_t limit(uint32_t leaf, uint32_t host)
{
    uint32_t most = leaf == 0 ? MAX_BASIC : MAX_EXTENDED;
    return host < most ? host : most;
}

struct cpuid cpuid_filter(uint32_t leaf, uint32_t subleaf, struct cpuid host, const struct cpuid_context *context)
{
    const struct leaf_rule *rule = find(leaf);
    if (rule == NULL || subleaf > rule->last_subleaf) {
        return (struct cpuid){0};
    }
    struct cpuid out = {host.eax & rule->eax, host.ebx & rule->ebx, host.ecx & rule->ecx, host.edx & rule->edx};
    switch (rule->action) {
    case LEAF_PASS:
        break;
    case LEAF_LIMIT:
        out.eax = limit(leaf, host.eax);
        break;
    case LEAF_ONE:
        leaf_one(&out, context);
        break;
    case LEAF_CACHE:
        leaf_cache(&out, context);
        break;
    case LEAF_TOPOLOGY:
        leaf_topology(subleaf, &out, context);
        break;
    case LEAF_XSAVE:
        leaf_xsave(subleaf, &out, context);
        break;
    case LEAF_SEVEN:
        out.ebx &= (context->lacks & VCPU_INVPCID) != 0 ? ~LEAF7_EBX_INVPCID : UINT32_MAX;
        out.ecx &= (context->lacks & VCPU_RDTSCP) != 0 ? ~LEAF7_ECX_RDPID : UINT32_MAX;
        break;
    case LEAF_EXTENDED_ONE:
        out.edx &= (context->lacks & VCPU_RDTSCP) != 0 ? ~LEAF8_1_EDX_RDTSCP : UINT32_MAX;
        break;
    case LEAF_HYPERVISOR: /* "BulkheadVMM" and a NUL, in EBX, ECX, EDX */
        out = (struct cpuid){CPUID_HYPERVISOR_LEAF, 0x6b6c7542, 0x64616568, 0x004d4d56};
        break;
    case LEAF_SIZES:
        out.ecx = context->cpu_count - 1;
        break;
    }
    return out;
}

uint64_t cpuid_xcr0_allowed(uint64_t host_supported)
{
    return host_supported & XCR0_ALLOWED;
}
