/* SPDX-License-Identifier: GPL-2.0-only
 * Which nested tables a vCPU runs on: EPTP (SDM 3C 25.6.11, table 25-9) and nCR3 (AMD APM 2 15.25.3, 15.25.4). */
#include "audit/state.h"
#include "kernel/lib/bits.h"

#define ADDRESS_MASK MASK64(51, 12)
#define EPTP_RESERVED MASK64(11, 7) /* 7: supervisor shadow stacks, not in use */

/* Bit 6, accessed and dirty flags, opens nothing. */
static bool eptp_is_good(uint64_t pointer, unsigned levels)
{
    return bits_get(pointer, 2, 0) == AUDIT_WB && bits_get(pointer, 5, 3) + 1 == levels &&
           (pointer & (EPTP_RESERVED | MASK64(63, 52))) == 0;
}

/* Bits 4:3 are memory types of the table itself, the others are reserved; how deep it is the host's CR4 says. */
static bool ncr3_is_good(uint64_t pointer)
{
    return (pointer & (MASK64(63, 52) | MASK64(11, 0))) == 0;
}

static enum audit_code check(const struct audit_owner *o, const struct audit_vcpu *v)
{
    if (!v->nested || o->format == AUDIT_NO_TABLES) {
        return AUDIT_VCPU_OFF;
    }
    if ((v->pointer & ADDRESS_MASK) != o->root) {
        return AUDIT_VCPU_ROOT;
    }
    bool good = o->format == AUDIT_EPT ? eptp_is_good(v->pointer, o->levels) : ncr3_is_good(v->pointer);
    return good ? AUDIT_OK : AUDIT_VCPU_MODE;
}

/* Whose tables they are, when somebody's. */
static uint32_t owner_of_root(const struct audit_facts *facts, uint64_t root)
{
    for (uint32_t i = 0; i < facts->owner_count; i++) {
        if (facts->owners[i].format != AUDIT_NO_TABLES && facts->owners[i].root == root) {
            return i;
        }
    }
    return AUDIT_NOBODY;
}

bool audit_vcpu_check(const struct audit_facts *facts, uint32_t owner, const struct audit_vcpu *vcpu,
                      struct audit_finding *finding)
{
    *finding = audit_finding_of(owner < facts->owner_count ? check(&facts->owners[owner], vcpu) : AUDIT_BAD_FACTS);
    finding->owner = owner;
    finding->address = vcpu->index;
    finding->value = vcpu->pointer;
    if (finding->code == AUDIT_VCPU_ROOT) {
        finding->other = owner_of_root(facts, vcpu->pointer & ADDRESS_MASK);
    }
    return finding->code == AUDIT_OK;
}
