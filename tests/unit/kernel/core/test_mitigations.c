/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/core/mitigations.c: what CPUs that are known by what they say of themselves need. */
#include "kernel/core/mitigations.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "kernel/lib/bits.h"

#define EDX_MD_CLEAR BIT32(10)
#define EDX_IBPB BIT32(26)
#define EDX_L1D_FLUSH BIT32(28)
#define EBX_RTM BIT32(11)

enum { IBPB = MITIGATION_IBPB, BUFFERS = MITIGATION_BUFFERS, L1D = MITIGATION_L1D_FLUSH };

struct sample {
    const char *what;
    struct mitigation_facts facts;
    unsigned set;
};

static const struct sample samples[] = {
    {"old microcode: nothing can be done", {.arch_capabilities = 0}, 0},
    {"Skylake server",
     {.leaf_7 = {.ebx = EBX_RTM, .edx = EDX_MD_CLEAR | EDX_IBPB | EDX_L1D_FLUSH}},
     IBPB | BUFFERS | L1D},
    {"Cascade Lake: RDCL_NO, MDS_NO, but TAA",
     {.leaf_7 = {.ebx = EBX_RTM, .edx = EDX_MD_CLEAR | EDX_IBPB | EDX_L1D_FLUSH},
      .arch_capabilities = BIT64(0) | BIT64(3) | BIT64(5)},
     IBPB | BUFFERS},
    {"the same, TSX off",
     {.leaf_7 = {.edx = EDX_MD_CLEAR | EDX_IBPB | EDX_L1D_FLUSH}, .arch_capabilities = BIT64(0) | BIT64(3) | BIT64(5)},
     IBPB},
    {"Ice Lake server: MMIO stale data",
     {.leaf_7 = {.ebx = EBX_RTM, .edx = EDX_MD_CLEAR | EDX_IBPB | EDX_L1D_FLUSH},
      .arch_capabilities = BIT64(0) | BIT64(3) | BIT64(5) | BIT64(8) | BIT64(17)},
     IBPB | BUFFERS},
    {"the same where two of the three ways are closed",
     {.leaf_7 = {.edx = EDX_MD_CLEAR | EDX_IBPB},
      .arch_capabilities = BIT64(0) | BIT64(5) | BIT64(13) | BIT64(14) | BIT64(17)},
     IBPB | BUFFERS},
    {"Sapphire Rapids: nothing but predictors",
     {.leaf_7 = {.ebx = EBX_RTM, .edx = EDX_MD_CLEAR | EDX_IBPB | EDX_L1D_FLUSH},
      .arch_capabilities = BIT64(0) | BIT64(3) | BIT64(5) | BIT64(8) | MASK64(15, 13) | BIT64(17)},
     IBPB},
    {"a small core: register files",
     {.leaf_7 = {.edx = EDX_MD_CLEAR | EDX_IBPB}, .arch_capabilities = BIT64(0) | BIT64(5) | BIT64(28)},
     IBPB | BUFFERS},
    {"the same, not affected",
     {.leaf_7 = {.edx = EDX_MD_CLEAR | EDX_IBPB}, .arch_capabilities = BIT64(0) | BIT64(5) | MASK64(28, 27)},
     IBPB},
    {"the L1D flush that an outer hypervisor does",
     {.leaf_7 = {.edx = EDX_L1D_FLUSH}, .arch_capabilities = BIT64(3)},
     0},
    {"EPYC", {.leaf_80000008 = {.ebx = BIT32(12)}}, IBPB},
    {"Zen 4 with the microcode for TSA",
     {.leaf_80000008 = {.ebx = BIT32(12)}, .leaf_80000021 = {.eax = BIT32(5)}},
     IBPB | BUFFERS},
    {"the same, one way closed", {.leaf_80000021 = {.eax = BIT32(5), .ecx = BIT32(1)}}, BUFFERS},
    {"the same, not affected", {.leaf_80000021 = {.eax = BIT32(5), .ecx = BIT32(1) | BIT32(2)}}, 0},
};

static void chosen_by_what_the_cpu_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
        unsigned set = mitigations_choose(&samples[i].facts);
        if (set != samples[i].set) {
            fail_msg("%s: 0x%x, expected 0x%x", samples[i].what, set, samples[i].set);
        }
    }
}

static void texts(void **state)
{
    (void)state;
    char text[MITIGATIONS_TEXT_SIZE];
    assert_string_equal(mitigations_text(0, text), "none");
    assert_string_equal(mitigations_text(IBPB, text), "ibpb");
    assert_string_equal(mitigations_text(BUFFERS | L1D, text), "verw,l1d-flush");
    assert_string_equal(mitigations_text(IBPB | BUFFERS | L1D, text), "ibpb,verw,l1d-flush");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_by_what_the_cpu_says),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
