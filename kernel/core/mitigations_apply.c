/* SPDX-License-Identifier: GPL-2.0-only
 * Mitigations on this machine. The order matters: what the first ones leave behind, the buffers' clearing ends. */
#include "kernel/core/log.h"
#include "kernel/core/mitigations.h"
#include "kernel/hw/msr.h"
#include "kernel/lib/bits.h"

#define MSR_PRED_CMD 0x49
#define PRED_CMD_IBPB 1
#define MSR_ARCH_CAPABILITIES 0x10a
#define MSR_FLUSH_CMD 0x10b
#define FLUSH_CMD_L1D 1
#define LEAF_7_EDX_ARCH_CAPABILITIES BIT32(29)

static struct {
    unsigned chosen;
} mitigations;

static struct cpuid leaf_up_to(uint32_t first, uint32_t leaf)
{
    return cpu_cpuid(first, 0).eax >= leaf ? cpu_cpuid(leaf, 0) : (struct cpuid){0};
}

void mitigations_init(void)
{
    struct mitigation_facts facts = {.leaf_7 = leaf_up_to(0, 7),
                                     .leaf_80000008 = leaf_up_to(0x80000000, 0x80000008),
                                     .leaf_80000021 = leaf_up_to(0x80000000, 0x80000021)};
    bool has_capabilities = (facts.leaf_7.edx & LEAF_7_EDX_ARCH_CAPABILITIES) != 0;
    facts.arch_capabilities = has_capabilities ? msr_read(MSR_ARCH_CAPABILITIES) : 0;
    mitigations.chosen = mitigations_choose(&facts);
    char text[MITIGATIONS_TEXT_SIZE];
    log_info("cpu: when another guest enters a CPU: %s", mitigations_text(mitigations.chosen, text));
}

void mitigations_apply(void)
{
    if ((mitigations.chosen & MITIGATION_IBPB) != 0) {
        msr_write(MSR_PRED_CMD, PRED_CMD_IBPB);
    }
    if ((mitigations.chosen & MITIGATION_L1D_FLUSH) != 0) {
        msr_write(MSR_FLUSH_CMD, FLUSH_CMD_L1D);
    }
    if ((mitigations.chosen & MITIGATION_BUFFERS) != 0) {
        cpu_clear_buffers();
    }
}
