/* SPDX-License-Identifier: GPL-2.0-only
 * Encoding of interrupt remapping entries and of the messages that name them (VT-d 4.1 9.9, 9.10, 5.1.2.2, 5.1.5.1). */
#include "vtd/irte.h"

#include "kernel/lib/bits.h"

#define PRESENT BIT64(0)
#define NO_FAULTS BIT64(1) /* FPD, which counts with P clear too */
#define VECTOR_FIRST 0x10  /* below are exceptions (SDM 3A 11.5.2) */
#define VECTOR_LAST 0xfe
#define XAPIC_BROADCAST 0xff
#define X2APIC_BROADCAST UINT32_MAX
#define POSTED BIT64(15) /* IM */
#define DESCRIPTOR_BYTES 64
#define PHYSICAL_BITS 52

enum validation { /* SVT, bits 83:82 */
                  CHECK_REQUESTER = 1,
                  CHECK_BUS_RANGE = 2,
};

uint64_t vtd_irte_make_high(struct vtd_irte_source source)
{
    if (source.bus_range) {
        uint16_t range = (uint16_t)(source.first_bus << 8 | source.last_bus);
        return bits_make(range, 15, 0) | bits_make(CHECK_BUS_RANGE, 19, 18);
    }
    /* SQ (bits 81:80) = 0: all 16 bits of the requester id are compared. */
    return bits_make(source.rid, 15, 0) | bits_make(CHECK_REQUESTER, 19, 18);
}

static bool is_valid(struct vtd_irte_target t, bool extended)
{
    if (t.vector < VECTOR_FIRST || t.vector > VECTOR_LAST) {
        return false;
    }
    return extended ? t.apic_id != X2APIC_BROADCAST : t.apic_id < XAPIC_BROADCAST;
}

enum status vtd_irte_make_low(struct vtd_irte_target target, bool extended, uint64_t *low)
{
    if (!is_valid(target, extended)) {
        return STATUS_OUT_OF_RANGE;
    }
    /* xAPIC mode takes the id from bits 47:40 (VT-d 4.1 9.9). DM = 0 physical, RH = 0, DLM = 0 fixed. */
    uint64_t destination = extended ? target.apic_id : (uint64_t)target.apic_id << 8;
    *low = PRESENT | bits_make(target.level, 4, 4) | bits_make(target.vector, 23, 16) | bits_make(destination, 63, 32);
    return STATUS_OK;
}

/* The address lies in two parts: bits 31:6 at 63:38, bits 63:32 at 127:96. */
enum status vtd_irte_make_posted(struct vtd_irte_source source, struct vtd_irte_posted posted, struct vtd_irte *out)
{
    uint64_t at = posted.descriptor.v;
    if (posted.vector < VECTOR_FIRST || at == 0 || !is_aligned(at, DESCRIPTOR_BYTES) || at >= BIT64(PHYSICAL_BITS)) {
        return STATUS_OUT_OF_RANGE;
    }
    out->low = PRESENT | POSTED | bits_make(posted.urgent, 14, 14) | bits_make(posted.vector, 23, 16) |
               bits_make(at >> 6, 63, 38);
    out->high = vtd_irte_make_high(source) | bits_make(at >> 32, 63, 32);
    return STATUS_OK;
}

bool vtd_irte_is_posted(struct vtd_irte e)
{
    return (e.low & POSTED) != 0;
}

struct hpa vtd_irte_descriptor(struct vtd_irte e)
{
    return hpa(bits_get(e.high, 63, 32) << 32 | bits_get(e.low, 63, 38) << 6);
}

bool vtd_irte_urgent(struct vtd_irte e)
{
    return bits_get(e.low, 14, 14) != 0;
}

bool vtd_irte_present(struct vtd_irte e)
{
    return (e.low & PRESENT) != 0;
}

uint8_t vtd_irte_vector(struct vtd_irte e)
{
    return (uint8_t)bits_get(e.low, 23, 16);
}

uint32_t vtd_irte_apic_id(struct vtd_irte e, bool extended)
{
    return (uint32_t)(extended ? bits_get(e.low, 63, 32) : bits_get(e.low, 47, 40));
}

bool vtd_irte_level(struct vtd_irte e)
{
    return bits_get(e.low, 4, 4) != 0;
}

struct vtd_irte_source vtd_irte_source(struct vtd_irte e)
{
    if (bits_get(e.high, 19, 18) == CHECK_BUS_RANGE) {
        return vtd_irte_source_buses((uint8_t)bits_get(e.high, 15, 8), (uint8_t)bits_get(e.high, 7, 0));
    }
    return vtd_irte_source_function((uint16_t)bits_get(e.high, 15, 0));
}

static uint64_t message_address(uint16_t handle, bool subhandle)
{
    return UINT64_C(0xfee00000) | bits_make(handle, 19, 5) | BIT64(4) | bits_make(subhandle, 3, 3) |
           bits_make(handle >> 15, 2, 2);
}

struct vtd_msi vtd_msi_compose(uint16_t handle)
{
    return (struct vtd_msi){message_address(handle, false), 0};
}

struct vtd_msi vtd_msi_compose_block(uint16_t handle)
{
    return (struct vtd_msi){message_address(handle, true), 0};
}

uint64_t vtd_ioapic_compose(uint16_t handle, struct vtd_ioapic_pin pin)
{
    return bits_make(pin.vector, 7, 0) | bits_make(handle >> 15, 11, 11) | bits_make(pin.active_low, 13, 13) |
           bits_make(pin.level, 15, 15) | bits_make(pin.masked, 16, 16) | BIT64(48) | bits_make(handle, 63, 49);
}

uint64_t vtd_irte_hold(uint64_t low, bool hold)
{
    return hold ? (low & ~PRESENT) | NO_FAULTS : (low & ~NO_FAULTS) | PRESENT;
}
