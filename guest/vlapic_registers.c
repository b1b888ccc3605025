/* SPDX-License-Identifier: GPL-2.0-only
 * Registers of the local APIC. Reads come from the page, but for what changes by itself. */
#include "guest/vlapic_registers.h"

#include "guest/vlapic_irq.h"
#include "guest/vlapic_timer.h"

static bool is_lvt(uint32_t offset)
{
    return offset >= LAPIC_LVT_TIMER && offset <= LAPIC_LVT_ERROR;
}

#define BIT_OF(offset) BIT64((unsigned)(offset) / 0x10)
/* Registers that can be read in x2APIC mode, and what xAPIC mode has beside them: a bit each 16 bytes. */
#define READABLE                                                                                                       \
    (BIT_OF(LAPIC_ID) | BIT_OF(LAPIC_VERSION) | BIT_OF(LAPIC_TPR) | BIT_OF(LAPIC_LDR) | BIT_OF(LAPIC_SVR) |            \
     MASK64(LAPIC_ESR / 0x10, LAPIC_ISR / 0x10) | BIT_OF(LAPIC_ICR_LOW) |                                              \
     MASK64(LAPIC_TIMER_INITIAL / 0x10, LAPIC_LVT_TIMER / 0x10) | BIT_OF(LAPIC_TIMER_DIVIDE))
#define READABLE_XAPIC (BIT_OF(LAPIC_DFR) | BIT_OF(LAPIC_ICR_HIGH))

static bool is_readable(const struct vlapic *l, uint32_t offset)
{
    uint64_t readable = vlapic_is_x2apic(l) ? READABLE : READABLE | READABLE_XAPIC;
    return offset < 0x400 && (readable >> (offset / 0x10) & 1) != 0;
}

bool vlapic_register_read(struct vlapic *l, uint32_t offset, uint64_t now_ns, uint32_t *value)
{
    switch (offset) {
    case LAPIC_PPR:
        *value = vlapic_irq_ppr(l);
        return true;
    case LAPIC_TIMER_CURRENT:
        vlapic_timer_advance(l, now_ns);
        *value = vlapic_timer_current(l, now_ns);
        return true;
    default:
        break;
    }
    if (offset >= LAPIC_IRR && offset < LAPIC_ESR) {
        vlapic_irq_collect(l);
    }
    *value = *vlapic_word(l, offset);
    return is_readable(l, offset);
}

/* What the page shows changes nothing by being read. */
bool vlapic_read_matters(const struct vlapic *l, uint32_t offset)
{
    offset = (uint32_t)align_down(offset, 0x10);
    return offset == LAPIC_TIMER_CURRENT || !is_readable(l, offset);
}

bool vlapic_write_matters(struct vlapic *l, uint32_t offset)
{
    if (offset == LAPIC_EOI) {
        return vlapic_irq_highest(l) >= 0;
    }
    return offset != LAPIC_ICR_HIGH || vlapic_is_x2apic(l);
}

uint32_t vlapic_register_writable(const struct vlapic *l, uint32_t offset)
{
    switch (offset) {
    case LAPIC_TPR:
    case LAPIC_SELF_IPI:
        return 0xff;
    case LAPIC_EOI:
    case LAPIC_ESR:
        return 0;
    case LAPIC_SVR:
        return 0x1ff;
    case LAPIC_TIMER_DIVIDE:
        return 0xb;
    case LAPIC_LVT_TIMER:
        return l->config.tsc_deadline ? 0x700ff : 0x300ff;
    case LAPIC_LVT_THERMAL:
    case LAPIC_LVT_COUNTERS:
        return 0x107ff;
    case LAPIC_LVT_LINT0:
    case LAPIC_LVT_LINT1:
        return 0x1a7ff;
    case LAPIC_LVT_ERROR:
        return 0x100ff;
    default:
        return UINT32_MAX;
    }
}

static void write_lvt(struct vlapic *l, uint32_t offset, uint32_t value)
{
    value &= vlapic_register_writable(l, offset);
    if ((*vlapic_word(l, LAPIC_SVR) & LAPIC_SVR_ENABLE) == 0) {
        value |= LAPIC_LVT_MASKED;
    }
    *vlapic_word(l, offset) = value;
    if (offset == LAPIC_LVT_TIMER) {
        vlapic_timer_set_lvt(l, value);
    }
}

/* Software disabling masks every local source, and they stay masked (SDM 3A 11.4.7.2). */
static void write_svr(struct vlapic *l, uint32_t value)
{
    vlapic_store(l, LAPIC_SVR, value & 0x1ff);
    if ((value & LAPIC_SVR_ENABLE) != 0) {
        return;
    }
    for (uint32_t offset = LAPIC_LVT_TIMER; offset <= LAPIC_LVT_ERROR; offset += 0x10) {
        *vlapic_word(l, offset) |= LAPIC_LVT_MASKED;
    }
    l->timer_lvt |= LAPIC_LVT_MASKED;
}

static bool is_legal_ipi(struct vlapic *l, const struct apic_message *m)
{
    bool has_vector = m->delivery == APIC_FIXED || m->delivery == APIC_LOWEST;
    if (has_vector && m->vector < 16) {
        vlapic_irq_error(l, LAPIC_ERROR_SEND_VECTOR);
        return false;
    }
    if (m->shorthand == APIC_TO_SELF || m->shorthand == APIC_TO_ALL) {
        return m->delivery == APIC_FIXED; /* SDM 3A table 11-3 */
    }
    return true;
}

/* An IPI is always edge-triggered on arrival; the INIT level de-assert does nothing since the Pentium 4. */
static void send_ipi(struct vlapic *l, uint32_t low, uint32_t destination)
{
    struct apic_message m = {
        .vector = (uint8_t)low,
        .delivery = (enum apic_delivery)bits_get(low, 10, 8),
        .logical = bits_get(low, 11, 11) != 0,
        .shorthand = (enum apic_shorthand)bits_get(low, 19, 18),
        .destination = destination,
    };
    bool deassert = m.delivery == APIC_INIT && bits_get(low, 15, 14) == 2;
    if (!deassert && is_legal_ipi(l, &m) && l->config.output.send != NULL) {
        l->config.output.send(l->config.output.context, l, &m);
    }
}

static void write_icr(struct vlapic *l, uint32_t value)
{
    uint32_t low = value & LAPIC_ICR_WRITABLE;
    uint32_t destination = vlapic_is_x2apic(l)
                               ? *vlapic_word(l, LAPIC_ICR_X2APIC_HIGH)
                               : apic_message_destination((uint8_t)(*vlapic_word(l, LAPIC_ICR_HIGH) >> 24));
    *vlapic_word(l, LAPIC_ICR_LOW) = low;
    send_ipi(l, low, destination);
}

/* LDR and DFR: what logical destinations are compared with. Where the CPU let the guest write them the page holds the
 * new value already. */
static void rename_to(struct vlapic *l, enum vlapic_register offset, uint32_t value)
{
    vlapic_store(l, offset, value);
    vlapic_renamed(l);
}

/* What is known in one of the two modes only. False for unknown registers. */
static bool write_of_mode(struct vlapic *l, uint32_t offset, uint32_t value)
{
    bool x2apic = vlapic_is_x2apic(l);
    switch (offset) {
    case LAPIC_ID: /* the id is fixed here, as the SDM allows */
        vlapic_store(l, LAPIC_ID, x2apic ? l->config.id : l->config.id << 24);
        return !x2apic;
    case LAPIC_LDR:
        if (!x2apic) {
            rename_to(l, LAPIC_LDR, value & 0xff000000);
        }
        return !x2apic;
    case LAPIC_DFR:
        rename_to(l, LAPIC_DFR, value | 0x0fffffff);
        return !x2apic;
    case LAPIC_ICR_HIGH:
        vlapic_store(l, LAPIC_ICR_HIGH, value & 0xff000000);
        return !x2apic;
    case LAPIC_SELF_IPI:
        if (x2apic) {
            send_ipi(l, (value & 0xff) | APIC_TO_SELF << 18, 0);
        }
        return x2apic;
    default:
        return false;
    }
}

bool vlapic_register_write(struct vlapic *l, uint32_t offset, uint32_t value, uint64_t now_ns)
{
    switch (offset) {
    case LAPIC_TPR:
        vlapic_set_tpr(l, value);
        return true;
    case LAPIC_EOI:
        *vlapic_word(l, LAPIC_EOI) = 0;
        vlapic_irq_eoi(l);
        return true;
    case LAPIC_SVR:
        write_svr(l, value);
        return true;
    case LAPIC_ESR:
        *vlapic_word(l, LAPIC_ESR) = l->errors;
        l->errors = 0;
        return true;
    case LAPIC_ICR_LOW:
        write_icr(l, value);
        return true;
    case LAPIC_TIMER_INITIAL:
        vlapic_timer_set_initial(l, value, now_ns);
        return true;
    case LAPIC_TIMER_DIVIDE:
        vlapic_timer_set_divide(l, value, now_ns);
        return true;
    default:
        break;
    }
    if (is_lvt(offset)) {
        write_lvt(l, offset, value);
        return true;
    }
    return write_of_mode(l, offset, value);
}

uint32_t vlapic_read(struct vlapic *l, uint64_t offset, unsigned width, uint64_t now_ns)
{
    unsigned byte = offset & 0xf;
    uint32_t value = 0;
    if (offset >= LAPIC_SIZE || width > 4 || byte + width > 4) {
        return 0;
    }
    if (!vlapic_register_read(l, (uint32_t)(offset - byte), now_ns, &value)) {
        vlapic_irq_error(l, LAPIC_ERROR_REGISTER);
        return 0;
    }
    return (uint32_t)bits_get(value, 8 * (byte + width) - 1, 8 * byte);
}

void vlapic_write(struct vlapic *l, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    if (offset >= LAPIC_SIZE || width != 4 || (offset & 0xf) != 0) {
        return;
    }
    if (!vlapic_register_write(l, (uint32_t)offset, (uint32_t)value, now_ns)) {
        vlapic_irq_error(l, LAPIC_ERROR_REGISTER);
    }
}

/* The CPU checked that the register exists (SDM 3C 30.4.3.1). */
void vlapic_was_written(struct vlapic *l, uint32_t offset, uint64_t now_ns)
{
    offset = (uint32_t)align_down(offset & (LAPIC_SIZE - 1), 0x10);
    (void)vlapic_register_write(l, offset, *vlapic_word(l, offset), now_ns);
}
