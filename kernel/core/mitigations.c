/* SPDX-License-Identifier: GPL-2.0-only
 * The table of side channels: which the CPU may have, and what closes them. */
#include "kernel/core/mitigations.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"

/* CPUID 7.0 */
#define LEAF_7_EBX_RTM BIT32(11)
#define LEAF_7_EDX_MD_CLEAR BIT32(10)
#define LEAF_7_EDX_IBPB BIT32(26)
#define LEAF_7_EDX_L1D_FLUSH BIT32(28)
/* CPUID 0x80000008, 0x80000021 */
#define LEAF_8_EBX_IBPB BIT32(12)
#define LEAF_21_EAX_VERW_CLEAR BIT32(5)
#define LEAF_21_ECX_TSA_NO (BIT32(1) | BIT32(2)) /* in the store queue, in L1 */

enum arch_capability {
    RDCL_NO = 0,
    SKIP_L1DFL_VMENTRY = 3,
    MDS_NO = 5,
    TAA_NO = 8,
    SBDR_SSDP_NO = 13,
    FBSDP_NO = 14,
    PSDP_NO = 15,
    FB_CLEAR = 17,
    RFDS_NO = 27,
    RFDS_CLEAR = 28,
};

static bool has(const struct mitigation_facts *f, enum arch_capability bit)
{
    return (f->arch_capabilities & BIT64(bit)) != 0;
}

static bool has_ibpb(const struct mitigation_facts *f)
{
    return (f->leaf_7.edx & LEAF_7_EDX_IBPB) != 0 || (f->leaf_80000008.ebx & LEAF_8_EBX_IBPB) != 0;
}

/* Each way by which buffers may leak, with what says that VERW clears them and what says that there is no need. */
static bool needs_verw(const struct mitigation_facts *f)
{
    bool md_clear = (f->leaf_7.edx & LEAF_7_EDX_MD_CLEAR) != 0;
    bool tsx = (f->leaf_7.ebx & LEAF_7_EBX_RTM) != 0;
    bool mmio_safe = has(f, SBDR_SSDP_NO) && has(f, FBSDP_NO) && has(f, PSDP_NO);
    bool tsa_safe = (f->leaf_80000021.ecx & LEAF_21_ECX_TSA_NO) == LEAF_21_ECX_TSA_NO;
    return (md_clear && !has(f, MDS_NO)) || (md_clear && tsx && !has(f, TAA_NO)) || (has(f, FB_CLEAR) && !mmio_safe) ||
           (has(f, RFDS_CLEAR) && !has(f, RFDS_NO)) ||
           ((f->leaf_80000021.eax & LEAF_21_EAX_VERW_CLEAR) != 0 && !tsa_safe);
}

static bool needs_l1d_flush(const struct mitigation_facts *f)
{
    return (f->leaf_7.edx & LEAF_7_EDX_L1D_FLUSH) != 0 && !has(f, RDCL_NO) && !has(f, SKIP_L1DFL_VMENTRY);
}

unsigned mitigations_choose(const struct mitigation_facts *facts)
{
    return (has_ibpb(facts) ? MITIGATION_IBPB : 0U) | (needs_verw(facts) ? MITIGATION_BUFFERS : 0U) |
           (needs_l1d_flush(facts) ? MITIGATION_L1D_FLUSH : 0U);
}

char *mitigations_text(unsigned set, char text[MITIGATIONS_TEXT_SIZE])
{
    static const struct {
        enum mitigation bit;
        const char *word;
    } words[] = {{MITIGATION_IBPB, "ibpb"}, {MITIGATION_BUFFERS, "verw"}, {MITIGATION_L1D_FLUSH, "l1d-flush"}};
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if ((set & words[i].bit) != 0) {
            at += format_text(text + at, MITIGATIONS_TEXT_SIZE - at, "%s%s", at == 0 ? "" : ",", words[i].word);
        }
    }
    if (at == 0) {
        format_text(text, MITIGATIONS_TEXT_SIZE, "none");
    }
    return text;
}
