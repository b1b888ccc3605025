/* SPDX-License-Identifier: GPL-2.0-only
 * Registers of the local APIC, by page and by MSR. */
#include "guest/vlapic.h"

#include "guest/ticks.h"
#include "guest/vlapic_irq.h"
#include "guest/vlapic_timer.h"

#define VERSION (0x14 | (LAPIC_LVTS - 1) << 16)
#define X2APIC_FIRST_MSR 0x800
#define X2APIC_LAST_MSR 0x8ff
#define ICR_WRITABLE 0x000ccfffU /* all but reserved bits and delivery status */

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Routing on other CPUs reads these words while their vCPU writes them. */
static void store(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

bool vlapic_is_enabled(const struct vlapic *l)
{
    return (__atomic_load_n(&l->base, __ATOMIC_RELAXED) & LAPIC_BASE_ENABLE) != 0;
}

bool vlapic_is_x2apic(const struct vlapic *l)
{
    return (__atomic_load_n(&l->base, __ATOMIC_RELAXED) & LAPIC_BASE_X2APIC) != 0;
}

bool vlapic_is_software_enabled(const struct vlapic *l)
{
    return vlapic_is_enabled(l) && (load(&l->svr) & LAPIC_SVR_ENABLE) != 0;
}

uint64_t vlapic_page(const struct vlapic *l)
{
    return align_down(l->base, LAPIC_SIZE);
}

/* SDM 3A 11.12.10.2: read-only, made from the id. */
static uint32_t x2apic_ldr(uint32_t id)
{
    return id >> 4 << 16 | BIT32(id & 0xf);
}

void vlapic_reset(struct vlapic *l)
{
    store(&l->svr, 0xff); /* nothing is accepted from here on */
    for (unsigned i = 0; i < 8; i++) {
        store(&l->irr[i], 0);
        store(&l->tmr[i], 0);
        l->isr[i] = 0;
    }
    for (unsigned i = 0; i < LAPIC_LVTS; i++) {
        l->lvt[i] = LAPIC_LVT_MASKED;
    }
    store(&l->tpr, 0);
    store(&l->ldr, vlapic_is_x2apic(l) ? x2apic_ldr(l->config.id) : 0);
    store(&l->dfr, UINT32_MAX);
    l->esr = l->errors = l->icr_low = l->icr_high = 0;
    l->timer_initial = l->timer_divide = 0;
    vlapic_timer_stop(l);
}

void vlapic_init(struct vlapic *l, const struct vlapic_config *config)
{
    *l = (struct vlapic){.config = *config};
    l->base = LAPIC_DEFAULT_BASE | LAPIC_BASE_ENABLE | (config->bootstrap ? LAPIC_BASE_BSP : 0);
    vlapic_reset(l);
}

static uint32_t id_register(const struct vlapic *l)
{
    return vlapic_is_x2apic(l) ? l->config.id : l->config.id << 24;
}

/* False for a register that does not exist or cannot be read. */
static bool read_register(struct vlapic *l, uint32_t offset, uint64_t now_ns, uint32_t *value)
{
    unsigned word = (offset & 0x70) >> 4;
    switch (offset) {
    case LAPIC_ID:
        *value = id_register(l);
        return true;
    case LAPIC_VERSION:
        *value = VERSION;
        return true;
    case LAPIC_TPR:
        *value = l->tpr;
        return true;
    case LAPIC_PPR:
        *value = vlapic_irq_ppr(l);
        return true;
    case LAPIC_LDR:
        *value = l->ldr;
        return true;
    case LAPIC_DFR:
        *value = l->dfr;
        return !vlapic_is_x2apic(l);
    case LAPIC_SVR:
        *value = l->svr;
        return true;
    case LAPIC_ESR:
        *value = l->esr;
        return true;
    case LAPIC_ICR_LOW:
        *value = l->icr_low;
        return true;
    case LAPIC_ICR_HIGH:
        *value = l->icr_high;
        return !vlapic_is_x2apic(l);
    case LAPIC_TIMER_INITIAL:
        *value = l->timer_initial;
        return true;
    case LAPIC_TIMER_CURRENT:
        vlapic_timer_advance(l, now_ns);
        *value = vlapic_timer_current(l, now_ns);
        return true;
    case LAPIC_TIMER_DIVIDE:
        *value = l->timer_divide;
        return true;
    default:
        break;
    }
    if (offset >= LAPIC_LVT_TIMER && offset <= LAPIC_LVT_ERROR) {
        *value = l->lvt[(offset - LAPIC_LVT_TIMER) / 0x10];
        return true;
    }
    if (offset < LAPIC_ISR || offset >= LAPIC_ESR) {
        return false;
    }
    const uint32_t *words = offset < LAPIC_TMR ? l->isr : (offset < LAPIC_IRR ? l->tmr : l->irr);
    *value = load(&words[word]);
    return true;
}

static void write_lvt(struct vlapic *l, unsigned index, uint32_t value)
{
    uint32_t timer = l->config.tsc_deadline ? 0x700ff : 0x300ff;
    const uint32_t writable[LAPIC_LVTS] = {timer, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff};
    value &= writable[index];
    if ((l->svr & LAPIC_SVR_ENABLE) == 0) {
        value |= LAPIC_LVT_MASKED;
    }
    if (index == 0) {
        vlapic_timer_set_lvt(l, value);
    } else {
        l->lvt[index] = value;
    }
}

/* Software disabling masks every local source, and they stay masked (SDM 3A 11.4.7.2). */
static void write_svr(struct vlapic *l, uint32_t value)
{
    store(&l->svr, value & 0x1ff);
    if ((value & LAPIC_SVR_ENABLE) != 0) {
        return;
    }
    for (unsigned i = 0; i < LAPIC_LVTS; i++) {
        l->lvt[i] |= LAPIC_LVT_MASKED;
    }
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

static void write_icr(struct vlapic *l, uint32_t low)
{
    l->icr_low = low & ICR_WRITABLE;
    uint32_t destination = vlapic_is_x2apic(l) ? l->icr_high : apic_message_destination((uint8_t)(l->icr_high >> 24));
    send_ipi(l, l->icr_low, destination);
}

/* What is known only in xAPIC mode. False for unknown registers. */
static bool write_xapic_register(struct vlapic *l, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case LAPIC_ID: /* the id is fixed here, as the SDM allows */
        return true;
    case LAPIC_LDR:
        store(&l->ldr, value & 0xff000000);
        return true;
    case LAPIC_DFR:
        store(&l->dfr, value | 0x0fffffff);
        return true;
    case LAPIC_ICR_HIGH:
        l->icr_high = value & 0xff000000;
        return true;
    default:
        return false;
    }
}

static bool write_register(struct vlapic *l, uint32_t offset, uint32_t value, uint64_t now_ns)
{
    switch (offset) {
    case LAPIC_TPR:
        store(&l->tpr, value & 0xff);
        return true;
    case LAPIC_EOI:
        vlapic_irq_eoi(l);
        return true;
    case LAPIC_SVR:
        write_svr(l, value);
        return true;
    case LAPIC_ESR:
        l->esr = l->errors;
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
    if (offset >= LAPIC_LVT_TIMER && offset <= LAPIC_LVT_ERROR) {
        write_lvt(l, (offset - LAPIC_LVT_TIMER) / 0x10, value);
        return true;
    }
    return !vlapic_is_x2apic(l) && write_xapic_register(l, offset, value);
}

uint32_t vlapic_read(struct vlapic *l, uint64_t offset, unsigned width, uint64_t now_ns)
{
    unsigned byte = offset & 0xf;
    uint32_t value = 0;
    if (offset >= LAPIC_SIZE || width > 4 || byte + width > 4) {
        return 0;
    }
    if (!read_register(l, (uint32_t)(offset - byte), now_ns, &value)) {
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
    if (!write_register(l, (uint32_t)offset, (uint32_t)value, now_ns)) {
        vlapic_irq_error(l, LAPIC_ERROR_REGISTER);
    }
}

static bool is_x2apic_msr(const struct vlapic *l, uint32_t msr)
{
    return vlapic_is_enabled(l) && vlapic_is_x2apic(l) && msr >= X2APIC_FIRST_MSR && msr <= X2APIC_LAST_MSR;
}

enum status vlapic_msr_read(struct vlapic *l, uint32_t msr, uint64_t now_ns, uint64_t *value)
{
    uint32_t offset = (msr - X2APIC_FIRST_MSR) << 4;
    uint32_t word;
    if (!is_x2apic_msr(l, msr) || !read_register(l, offset, now_ns, &word)) {
        return STATUS_OUT_OF_RANGE;
    }
    *value = word;
    if (offset == LAPIC_ICR_LOW) {
        *value |= (uint64_t)l->icr_high << 32;
    }
    return STATUS_OK;
}

static enum status write_x2apic_icr(struct vlapic *l, uint64_t value)
{
    if (((uint32_t)value & ~ICR_WRITABLE) != 0) {
        return STATUS_OUT_OF_RANGE;
    }
    l->icr_high = (uint32_t)(value >> 32);
    write_icr(l, (uint32_t)value);
    return STATUS_OK;
}

static enum status self_ipi(struct vlapic *l, uint64_t value)
{
    if (value > 0xff) {
        return STATUS_OUT_OF_RANGE;
    }
    send_ipi(l, (uint32_t)value | APIC_TO_SELF << 18, 0);
    return STATUS_OK;
}

enum status vlapic_msr_write(struct vlapic *l, uint32_t msr, uint64_t value, uint64_t now_ns)
{
    uint32_t offset = (msr - X2APIC_FIRST_MSR) << 4;
    if (!is_x2apic_msr(l, msr)) {
        return STATUS_OUT_OF_RANGE;
    }
    if (offset == LAPIC_ICR_LOW) {
        return write_x2apic_icr(l, value);
    }
    if (offset == LAPIC_SELF_IPI) {
        return self_ipi(l, value);
    }
    bool must_be_zero = offset == LAPIC_EOI || offset == LAPIC_ESR;
    if (value >> 32 != 0 || (must_be_zero && value != 0) || (offset == LAPIC_TPR && value > 0xff)) {
        return STATUS_OUT_OF_RANGE;
    }
    return write_register(l, offset, (uint32_t)value, now_ns) ? STATUS_OK : STATUS_OUT_OF_RANGE;
}

uint64_t vlapic_base_read(const struct vlapic *l)
{
    return l->base;
}

/* Off, xAPIC and x2APIC, and the ways between them: x2APIC is left only by switching off. */
static bool is_legal_transition(const struct vlapic *l, uint64_t value)
{
    bool enabled = (value & LAPIC_BASE_ENABLE) != 0;
    bool x2apic = (value & LAPIC_BASE_X2APIC) != 0;
    if (x2apic) {
        return l->config.x2apic && enabled && vlapic_is_enabled(l);
    }
    return !enabled || !vlapic_is_x2apic(l);
}

enum status vlapic_base_write(struct vlapic *l, uint64_t value)
{
    uint64_t writable =
        LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC | LAPIC_BASE_BSP | MASK64(l->config.physical_bits - 1, 12);
    if ((value & ~writable) != 0 || !is_legal_transition(l, value)) {
        return STATUS_OUT_OF_RANGE;
    }
    bool was_x2apic = vlapic_is_x2apic(l);
    bool was_enabled = vlapic_is_enabled(l);
    uint64_t bsp = l->base & LAPIC_BASE_BSP;
    __atomic_store_n(&l->base, (value & ~(uint64_t)LAPIC_BASE_BSP) | bsp, __ATOMIC_RELAXED);
    if (was_enabled && !vlapic_is_enabled(l)) {
        vlapic_reset(l);
    }
    if (vlapic_is_x2apic(l) && !was_x2apic) {
        store(&l->ldr, x2apic_ldr(l->config.id));
        l->icr_high = 0;
    }
    return STATUS_OK;
}
