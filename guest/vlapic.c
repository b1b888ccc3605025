/* SPDX-License-Identifier: GPL-2.0-only
 * State of the local APIC as a whole: reset, and the modes that IA32_APIC_BASE chooses. */
#include "guest/vlapic.h"

#include "guest/vlapic_irq.h"
#include "guest/vlapic_timer.h"

#define VERSION (0x14 | (LAPIC_LVTS - 1) << 16)

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
    return vlapic_is_enabled(l) && (vlapic_look(l, LAPIC_SVR) & LAPIC_SVR_ENABLE) != 0;
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

/* Registers whose form follows the mode. */
static void show_mode(struct vlapic *l)
{
    bool x2apic = vlapic_is_x2apic(l);
    vlapic_store(l, LAPIC_ID, x2apic ? l->config.id : l->config.id << 24);
    vlapic_store(l, LAPIC_LDR, x2apic ? x2apic_ldr(l->config.id) : 0);
    vlapic_store(l, LAPIC_ICR_HIGH, 0);
    vlapic_store(l, LAPIC_ICR_X2APIC_HIGH, 0);
}

/* Routing on other CPUs may look meanwhile: SVR loses its enable bit first, so that nothing is accepted from here on.
 */
void vlapic_reset(struct vlapic *l)
{
    uint32_t forgotten[8];
    vlapic_store(l, LAPIC_SVR, 0xff);
    (void)posted_take(&l->posted, forgotten);
    vlapic_irq_forget_levels(l);
    for (uint32_t offset = 0; offset < LAPIC_SIZE; offset += 4) {
        if (offset != LAPIC_SVR) {
            __atomic_store_n(vlapic_word(l, offset), 0, __ATOMIC_RELAXED);
        }
    }
    for (unsigned i = 0; i < LAPIC_LVTS; i++) {
        *vlapic_word(l, LAPIC_LVT_TIMER + 0x10 * i) = LAPIC_LVT_MASKED;
    }
    vlapic_store(l, LAPIC_VERSION, VERSION);
    vlapic_store(l, LAPIC_DFR, UINT32_MAX);
    show_mode(l);
    l->errors = 0;
    l->timer_lvt = LAPIC_LVT_MASKED;
    l->timer_initial = l->timer_divide = 0;
    vlapic_timer_stop(l);
}

void vlapic_init(struct vlapic *l, const struct vlapic_config *config)
{
    *l = (struct vlapic){.config = *config, .page = config->page};
    l->base = LAPIC_DEFAULT_BASE | LAPIC_BASE_ENABLE | (config->bootstrap ? LAPIC_BASE_BSP : 0);
    vlapic_reset(l);
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
        show_mode(l);
    }
    if (was_x2apic != vlapic_is_x2apic(l) || was_enabled != vlapic_is_enabled(l)) {
        vlapic_renamed(l);
    }
    return STATUS_OK;
}
