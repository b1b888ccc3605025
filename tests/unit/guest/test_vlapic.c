/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vlapic.c, vlapic_irq.c: registers, priorities, end of interrupt, x2APIC, as Linux programs them. */
#include "guest/vlapic.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "guest/vlapic_irq.h"
#include "guest/vlapic_timer.h"

struct out {
    struct apic_message sent;
    unsigned sends, eois, renames;
    uint8_t eoi_vector;
};

static void on_send(void *context, struct vlapic *from, const struct apic_message *m)
{
    struct out *o = context;
    (void)from;
    o->sent = *m;
    o->sends++;
}

static void on_eoi(void *context, uint8_t vector)
{
    struct out *o = context;
    o->eois++;
    o->eoi_vector = vector;
}

static void on_renamed(void *context)
{
    struct out *o = context;
    o->renames++;
}

static bool post(struct vlapic *l, uint8_t vector, bool level)
{
    struct apic_message message = {.vector = vector, .delivery = APIC_FIXED, .level = level};
    return vlapic_irq_deliver(l, &message);
}

static uint32_t page[LAPIC_SIZE / 4];

static void make(struct vlapic *l, struct out *o)
{
    *o = (struct out){0};
    memset(page, 0xa5, sizeof(page));
    struct vlapic_config c = {.page = page,
                              .id = 3,
                              .bootstrap = true,
                              .x2apic = true,
                              .tsc_deadline = true,
                              .tsc_hz = 1000000000,
                              .physical_bits = 40,
                              .output = {o, on_send, on_eoi, on_renamed}};
    vlapic_init(l, &c);
}

static void write(struct vlapic *l, uint32_t offset, uint32_t value)
{
    vlapic_write(l, offset, 4, value, 0);
}

static uint32_t read(struct vlapic *l, uint32_t offset)
{
    return vlapic_read(l, offset, 4, 0);
}

/* A level-triggered vector from another CPU is not where a CPU would take it by itself: its EOI has to exit first. */
static void test_levels_stay_out_of_the_mailbox(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    make(&l, &o);
    write(&l, LAPIC_SVR, 0x1ff);
    assert_true(post(&l, 0x51, true));
    assert_false(posted_is_pending(&l.posted));
    assert_true(post(&l, 0x61, false));
    assert_true(posted_is_pending(&l.posted));
    assert_int_equal(vlapic_irq_highest(&l), 0x61);
    vlapic_irq_accept(&l, 0x61);
    assert_int_equal(vlapic_irq_highest(&l), 0x51);
    assert_int_equal(read(&l, LAPIC_TMR + 0x20), 1 << 17);
    assert_true(post(&l, 0x52, true));
    vlapic_reset(&l);
    write(&l, LAPIC_SVR, 0x1ff);
    assert_int_equal(vlapic_irq_highest(&l), -1);
}

/* Whatever a destination is compared with: the outside hears of every change, also where the CPU let the guest write
 * the page. */
static void test_renamed(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    make(&l, &o);
    assert_int_equal(o.renames, 0);
    write(&l, LAPIC_LDR, 0x01000000);
    write(&l, LAPIC_DFR, 0x0fffffff);
    assert_int_equal(o.renames, 2);
    write(&l, LAPIC_TPR, 0x20);
    assert_int_equal(o.renames, 2);
    page[LAPIC_LDR / 4] = 0x02000000;
    vlapic_was_written(&l, LAPIC_LDR, 0);
    assert_int_equal(o.renames, 3);
    assert_int_equal(vlapic_base_write(&l, 0xfee00d00), STATUS_OK); /* x2APIC: LDR follows from the id */
    assert_int_equal(o.renames, 4);
    assert_int_equal(vlapic_base_write(&l, 0xfee00100), STATUS_OK); /* off */
    assert_int_equal(o.renames, 5);
    assert_int_equal(vlapic_base_write(&l, 0xfee00100), STATUS_OK);
    assert_int_equal(o.renames, 5);
}

static void test_reset_state(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    make(&l, &o);
    assert_int_equal(read(&l, LAPIC_ID), 3 << 24);
    assert_int_equal(read(&l, LAPIC_VERSION), 0x00050014);
    assert_int_equal(read(&l, LAPIC_SVR), 0xff);
    assert_int_equal(read(&l, LAPIC_DFR), 0xffffffff);
    assert_int_equal(read(&l, LAPIC_LVT_LINT0), 0x10000);
    assert_int_equal(vlapic_base_read(&l), 0xfee00900);
    assert_false(post(&l, 0x40, false)); /* not software-enabled */
    write(&l, LAPIC_LVT_TIMER, 0x30);
    assert_int_equal(read(&l, LAPIC_LVT_TIMER), 0x10030); /* mask is forced while disabled */
}

static void test_priorities(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    make(&l, &o);
    write(&l, LAPIC_SVR, 0x1ff);
    assert_int_equal(vlapic_irq_pending(&l), -1);
    assert_true(post(&l, 0x41, false));
    assert_true(post(&l, 0x95, true));
    assert_true(post(&l, 0x49, false));
    assert_int_equal(read(&l, LAPIC_IRR + 0x20), 1 << 1 | 1 << 9);
    assert_int_equal(read(&l, LAPIC_TMR + 0x40), 1 << 21);
    assert_int_equal(vlapic_irq_pending(&l), 0x95);
    write(&l, LAPIC_TPR, 0x9f);
    assert_int_equal(vlapic_irq_pending(&l), -1); /* same class */
    write(&l, LAPIC_TPR, 0x8f);
    assert_int_equal(vlapic_irq_pending(&l), 0x95);
    vlapic_irq_accept(&l, 0x95);
    assert_int_equal(read(&l, LAPIC_PPR), 0x90);
    assert_int_equal(read(&l, LAPIC_ISR + 0x40), 1 << 21);
    write(&l, LAPIC_TPR, 0);
    assert_int_equal(vlapic_irq_pending(&l), -1); /* 0x49 waits for the end of 0x95 */
    write(&l, LAPIC_EOI, 0);
    assert_int_equal(o.eois, 1);
    assert_int_equal(o.eoi_vector, 0x95);
    assert_int_equal(vlapic_irq_pending(&l), 0x49);
    vlapic_irq_accept(&l, 0x49);
    assert_int_equal(vlapic_irq_pending(&l), -1); /* 0x41 is of the same class */
    write(&l, LAPIC_EOI, 0);
    assert_int_equal(o.eois, 1); /* edge: nobody is told */
    assert_int_equal(vlapic_irq_pending(&l), 0x41);
    vlapic_irq_accept(&l, 0x41);
    write(&l, LAPIC_EOI, 0);
    write(&l, LAPIC_EOI, 0); /* one too many is harmless */
    assert_int_equal(vlapic_irq_highest(&l), -1);
}

static void test_widths_and_errors(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    make(&l, &o);
    write(&l, LAPIC_SVR, 0x1ff);
    vlapic_write(&l, LAPIC_TPR, 1, 0x50, 0);
    vlapic_write(&l, LAPIC_TPR, 8, 0x50, 0);
    vlapic_write(&l, LAPIC_TPR + 1, 4, 0x50, 0);
    vlapic_write(&l, 0x10000 + LAPIC_TPR, 4, 0x50, 0);
    assert_int_equal(read(&l, LAPIC_TPR), 0);
    assert_int_equal(vlapic_read(&l, LAPIC_ID + 3, 1, 0), 3);
    assert_int_equal(vlapic_read(&l, LAPIC_ID + 4, 4, 0), 0);
    assert_int_equal(vlapic_read(&l, LAPIC_ID, 8, 0), 0);
    assert_int_equal(vlapic_read(&l, LAPIC_SIZE, 4, 0), 0);
    write(&l, LAPIC_LVT_ERROR, 0xfe);
    (void)read(&l, 0x3d0);
    assert_int_equal(vlapic_irq_pending(&l), 0xfe);
    assert_int_equal(read(&l, LAPIC_ESR), 0); /* latched by a write only */
    write(&l, LAPIC_ESR, 0);
    assert_int_equal(read(&l, LAPIC_ESR), LAPIC_ERROR_REGISTER);
    write(&l, LAPIC_ESR, 0);
    assert_int_equal(read(&l, LAPIC_ESR), 0);
    write(&l, LAPIC_ICR_LOW, 0x0000400f); /* fixed, vector 15 */
    write(&l, LAPIC_ESR, 0);
    assert_int_equal(read(&l, LAPIC_ESR), LAPIC_ERROR_SEND_VECTOR);
    assert_int_equal(o.sends, 0);
    write(&l, LAPIC_LVT_ERROR, 5); /* an illegal vector must not loop */
    (void)read(&l, 0x3d0);
}

static void test_icr(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    make(&l, &o);
    write(&l, LAPIC_SVR, 0x1ff);
    write(&l, LAPIC_ICR_HIGH, 1 << 24);
    write(&l, LAPIC_ICR_LOW, 0x0000c500); /* INIT, level, assert */
    assert_int_equal(o.sends, 1);
    assert_int_equal(o.sent.delivery, APIC_INIT);
    assert_int_equal(o.sent.destination, 1);
    write(&l, LAPIC_ICR_LOW, 0x00008500); /* INIT level de-assert: nothing */
    assert_int_equal(o.sends, 1);
    write(&l, LAPIC_ICR_LOW, 0x00000699); /* start-up at 0x99000 */
    assert_int_equal(o.sent.delivery, APIC_SIPI);
    assert_int_equal(o.sent.vector, 0x99);
    write(&l, LAPIC_ICR_LOW, 0x000c08fd); /* all but self, fixed */
    assert_int_equal(o.sent.shorthand, APIC_TO_OTHERS);
    assert_int_equal(o.sends, 3);
    assert_int_equal(read(&l, LAPIC_ICR_LOW), 0x000c08fd); /* delivery status idle */
    write(&l, LAPIC_ICR_HIGH, 0xff000000);
    write(&l, LAPIC_ICR_LOW, 0x000000f0);
    assert_true(o.sent.destination == APIC_BROADCAST);
    write(&l, LAPIC_ICR_LOW, 0x00040400); /* NMI to self is not allowed */
    assert_int_equal(o.sends, 4);
}

static void test_events_and_lint(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    make(&l, &o);
    assert_false(vlapic_irq_takes_extint(&l));
    write(&l, LAPIC_SVR, 0x1ff);
    write(&l, LAPIC_LVT_LINT0, 0x700);
    write(&l, LAPIC_LVT_LINT1, 0x400);
    assert_true(vlapic_irq_takes_extint(&l));
    vlapic_irq_local(&l, LAPIC_LVT_LINT1);
    assert_int_equal(vlapic_irq_take_events(&l, LAPIC_EVENT_INIT), 0);
    assert_int_equal(vlapic_irq_take_events(&l, LAPIC_EVENT_NMI | LAPIC_EVENT_INIT), LAPIC_EVENT_NMI);
    write(&l, LAPIC_LVT_LINT0, 0x55); /* fixed */
    assert_false(vlapic_irq_takes_extint(&l));
    vlapic_irq_local(&l, LAPIC_LVT_LINT0);
    assert_int_equal(vlapic_irq_pending(&l), 0x55);
    struct apic_message sipi = {.vector = 0x12, .delivery = APIC_SIPI};
    struct apic_message smi = {.delivery = APIC_SMI};
    assert_true(vlapic_irq_deliver(&l, &sipi));
    assert_false(vlapic_irq_deliver(&l, &smi));
    assert_int_equal(vlapic_irq_take_events(&l, ~0U), LAPIC_EVENT_SIPI);
    assert_int_equal(l.sipi_vector, 0x12);
    vlapic_reset(&l);
    assert_int_equal(read(&l, LAPIC_ID), 3 << 24);
    assert_int_equal(vlapic_irq_highest(&l), -1);
    assert_int_equal(read(&l, LAPIC_LVT_LINT0), 0x10000);
}

static void test_base(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    make(&l, &o);
    uint64_t v;
    assert_int_equal(vlapic_base_write(&l, 0xfee00800 | 1), STATUS_OUT_OF_RANGE);
    assert_int_equal(vlapic_base_write(&l, UINT64_C(1) << 40 | 0x800), STATUS_OUT_OF_RANGE);
    assert_int_equal(vlapic_base_write(&l, 0xfee00400), STATUS_OUT_OF_RANGE); /* x2APIC without enable */
    assert_int_equal(vlapic_msr_read(&l, 0x802, 0, &v), STATUS_OUT_OF_RANGE); /* not in x2APIC mode */
    assert_int_equal(vlapic_base_write(&l, 0x42000800), STATUS_OK);
    assert_int_equal(vlapic_page(&l), 0x42000000);
    assert_int_equal(vlapic_base_read(&l), 0x42000900); /* the BSP flag is not the guest's */
    write(&l, LAPIC_SVR, 0x1ff);
    assert_int_equal(vlapic_base_write(&l, 0xfee00000), STATUS_OK);
    assert_false(vlapic_is_enabled(&l));
    assert_true(vlapic_irq_takes_extint(&l));                                 /* the BSP without LAPIC gets INTR */
    assert_int_equal(vlapic_base_write(&l, 0xfee00c00), STATUS_OUT_OF_RANGE); /* off to x2APIC */
    assert_int_equal(vlapic_base_write(&l, 0xfee00800), STATUS_OK);
    assert_int_equal(read(&l, LAPIC_SVR), 0xff); /* it was reset */
}

static void test_x2apic(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    make(&l, &o);
    uint64_t v;
    assert_int_equal(vlapic_base_write(&l, 0xfee00d00), STATUS_OK);
    assert_int_equal(vlapic_base_write(&l, 0xfee00900), STATUS_OUT_OF_RANGE); /* back only by off */
    assert_int_equal(vlapic_msr_read(&l, 0x802, 0, &v), STATUS_OK);
    assert_int_equal(v, 3);
    assert_int_equal(vlapic_msr_read(&l, 0x80d, 0, &v), STATUS_OK);
    assert_int_equal(v, 1 << 3);
    assert_int_equal(vlapic_msr_read(&l, 0x80e, 0, &v), STATUS_OUT_OF_RANGE); /* no DFR */
    assert_int_equal(vlapic_msr_write(&l, 0x80d, 1, 0), STATUS_OUT_OF_RANGE);
    assert_int_equal(vlapic_msr_write(&l, 0x80f, 0x1ff, 0), STATUS_OK);
    assert_int_equal(vlapic_msr_write(&l, 0x80b, 1, 0), STATUS_OUT_OF_RANGE);
    assert_int_equal(vlapic_msr_write(&l, 0x808, UINT64_C(1) << 32, 0), STATUS_OUT_OF_RANGE);
    assert_int_equal(vlapic_msr_write(&l, 0x830, UINT64_C(0x500000041), 0), STATUS_OK);
    assert_int_equal(o.sent.destination, 5);
    assert_int_equal(o.sent.vector, 0x41);
    assert_int_equal(vlapic_msr_read(&l, 0x830, 0, &v), STATUS_OK);
    assert_int_equal(v, UINT64_C(0x500000041));
    assert_int_equal(vlapic_msr_write(&l, 0x831, 0, 0), STATUS_OUT_OF_RANGE);
    assert_int_equal(vlapic_msr_write(&l, 0x83f, 0x77, 0), STATUS_OK);
    assert_int_equal(o.sent.shorthand, APIC_TO_SELF);
    assert_int_equal(o.sent.vector, 0x77);
    assert_int_equal(vlapic_msr_write(&l, 0x83f, 0x100, 0), STATUS_OUT_OF_RANGE);
    assert_int_equal(vlapic_msr_write(&l, 0x83f, 5, 0), STATUS_OK); /* illegal vector: an error, no IPI */
    assert_int_equal(o.sends, 2);
    assert_int_equal(vlapic_msr_write(&l, 0x828, 0, 0), STATUS_OK);
    assert_int_equal(vlapic_msr_read(&l, 0x828, 0, &v), STATUS_OK);
    assert_int_equal(v, LAPIC_ERROR_SEND_VECTOR);
    assert_int_equal(vlapic_msr_write(&l, 0x828, 1, 0), STATUS_OUT_OF_RANGE);
    assert_int_equal(vlapic_msr_write(&l, 0x80f, 0x3ff, 0), STATUS_OUT_OF_RANGE); /* reserved bits, SDM 3A 11.12.1.3 */
    assert_int_equal(vlapic_msr_write(&l, 0x832, 0x800000ec, 0), STATUS_OUT_OF_RANGE);
    assert_int_equal(vlapic_msr_write(&l, 0x830, UINT64_C(0x100001041), 0), STATUS_OUT_OF_RANGE);
    assert_int_equal(page[LAPIC_ID / 4], 3);
    assert_int_equal(page[LAPIC_ICR_X2APIC_HIGH / 4], 5); /* as RDMSR of the ICR finds it (SDM 3C 30.5) */
    assert_int_equal(vlapic_msr_write(&l, 0x8ff, 0, 0), STATUS_OUT_OF_RANGE);
    l.config.x2apic = false;
    assert_int_equal(vlapic_base_write(&l, 0xfee00d00), STATUS_OUT_OF_RANGE);
}

/* What the hardware reads out of the page without asking (SDM 3C 30.1, 30.4.2). */
static void test_page(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    make(&l, &o);
    assert_int_equal(page[LAPIC_ID / 4], 3 << 24);
    assert_int_equal(page[LAPIC_VERSION / 4], 0x00050014);
    assert_int_equal(page[LAPIC_DFR / 4], UINT32_MAX);
    assert_int_equal(page[0xff0 / 4], 0);
    write(&l, LAPIC_SVR, 0x1ff);
    write(&l, LAPIC_TPR, 0x20);
    assert_int_equal(page[LAPIC_TPR / 4], 0x20);
    assert_true(post(&l, 0x95, true));
    assert_int_equal(page[LAPIC_IRR / 4 + 4 * 4], 0); /* posted; the page may be the CPU's just now */
    assert_int_equal(page[LAPIC_TMR / 4 + 4 * 4], 1 << 21);
    vlapic_irq_collect(&l);
    assert_int_equal(page[LAPIC_IRR / 4 + 4 * 4], 1 << 21);
    page[LAPIC_IRR / 4 + 4 * 4] = 0; /* as the CPU delivers it */
    page[LAPIC_ISR / 4 + 4 * 4] = 1 << 21;
    assert_int_equal(vlapic_irq_in_service(&l), 0x95);
    assert_int_equal(vlapic_irq_ppr(&l), 0x90);
    page[LAPIC_ISR / 4 + 4 * 4] = 0;
    vlapic_irq_finished(&l, 0x95);
    assert_int_equal(o.eoi_vector, 0x95);
    vlapic_irq_finished(&l, 0x96); /* edge */
    assert_int_equal(o.eois, 1);
    assert_true(post(&l, 0x41, false));
    vlapic_reset(&l); /* what was posted is forgotten, too */
    assert_int_equal(vlapic_irq_highest(&l), -1);
}

/* A write that the CPU let through to the page: what it asks for is done afterwards. */
static void hardware_write(struct vlapic *l, uint32_t offset, uint32_t value, uint64_t now)
{
    page[offset / 4] = value;
    vlapic_was_written(l, offset, now);
}

static void test_written_by_hardware(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    make(&l, &o);
    hardware_write(&l, LAPIC_SVR, 0xffffffff, 0);
    assert_int_equal(read(&l, LAPIC_SVR), 0x1ff);
    hardware_write(&l, LAPIC_ID, 7 << 24, 0);
    assert_int_equal(read(&l, LAPIC_ID), 3 << 24);
    hardware_write(&l, LAPIC_LDR, 0x12345678, 0);
    assert_int_equal(read(&l, LAPIC_LDR), 0x12000000);
    page[LAPIC_ICR_HIGH / 4] = 5 << 24;
    hardware_write(&l, LAPIC_ICR_LOW, 0x00004041, 0);
    assert_int_equal(o.sent.destination, 5);
    assert_int_equal(o.sent.vector, 0x41);
    hardware_write(&l, LAPIC_LVT_TIMER, 0xffff00ec, 0); /* mode 3 does not exist; masked */
    assert_int_equal(read(&l, LAPIC_LVT_TIMER), 0x700ec);
    hardware_write(&l, LAPIC_LVT_TIMER, 0x000000ec, 0);
    hardware_write(&l, LAPIC_TIMER_DIVIDE, 0xffffffff, 0); /* by 1 */
    hardware_write(&l, LAPIC_TIMER_INITIAL, 1000, 0);
    assert_int_equal(l.timer_expiry_ns, 1000);
    hardware_write(&l, LAPIC_TIMER_DIVIDE, 3, 500); /* the 500 that are left count by 16 */
    assert_int_equal(l.timer_expiry_ns, 500 + 500 * 16);
    hardware_write(&l, LAPIC_LVT_TIMER, 0x000400ec, 600); /* to TSC-deadline mode: stopped */
    assert_true(l.timer_expiry_ns == UINT64_MAX);
    hardware_write(&l, LAPIC_TIMER_INITIAL, 1000, 700); /* ignored there, and reads 0 */
    assert_int_equal(page[LAPIC_TIMER_INITIAL / 4], 0);
    hardware_write(&l, LAPIC_ESR, 0x5a, 0);
    assert_int_equal(page[LAPIC_ESR / 4], 0);
    assert_true(post(&l, 0x41, false));
    assert_int_equal(vlapic_irq_pending(&l), 0x41);
    vlapic_irq_accept(&l, 0x41);
    hardware_write(&l, LAPIC_EOI, 0, 0);
    assert_int_equal(vlapic_irq_in_service(&l), -1);
    assert_int_equal(o.eois, 0);
}

#define ROUNDS 2000
#define POSTERS 2

struct poster {
    struct vlapic *l;
    bool *waits; /* of 256: posted, not yet taken */
    uint8_t first;
};

/* Each poster owns 32 vectors in words shared with the other's, and posts one again only after it was taken. */
static void *post_many(void *context)
{
    struct poster *p = context;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint8_t vector = (uint8_t)(p->first + 2 * (i % 32));
        while (__atomic_load_n(&p->waits[vector], __ATOMIC_ACQUIRE)) {
            sched_yield();
        }
        __atomic_store_n(&p->waits[vector], true, __ATOMIC_RELEASE);
        (void)post(p->l, vector, false);
    }
    return NULL;
}

static void test_posting_from_other_cpus(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    make(&l, &o);
    write(&l, LAPIC_SVR, 0x1ff);
    bool waits[256] = {false};
    struct poster posters[POSTERS] = {{&l, waits, 0x40}, {&l, waits, 0x41}};
    pthread_t threads[POSTERS];
    for (unsigned i = 0; i < POSTERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    for (unsigned taken = 0; taken < POSTERS * ROUNDS;) {
        int vector = vlapic_irq_pending(&l);
        if (vector < 0) {
            sched_yield();
            continue;
        }
        vlapic_irq_accept(&l, (uint8_t)vector);
        vlapic_irq_eoi(&l);
        __atomic_store_n(&waits[vector], false, __ATOMIC_RELEASE);
        taken++;
    }
    for (unsigned i = 0; i < POSTERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(vlapic_irq_highest(&l), -1); /* neither lost (the loop would hang) nor doubled */
}

/* What its vCPU's loop goes by. */
struct business {
    int pending;
    uint64_t base, deadline;
    uint32_t tpr, events;
    bool extint, enabled;
};

static struct business business_of(struct vlapic *l)
{
    return (struct business){.pending = vlapic_irq_pending(l),
                             .base = vlapic_base_read(l),
                             .deadline = vlapic_timer_next_deadline(l),
                             .tpr = vlapic_tpr(l),
                             .events = l->events,
                             .extint = vlapic_irq_takes_extint(l),
                             .enabled = vlapic_is_software_enabled(l)};
}

static bool same_business(const struct business *a, const struct business *b)
{
    return a->pending == b->pending && a->base == b->base && a->deadline == b->deadline && a->tpr == b->tpr &&
           a->events == b->events && a->extint == b->extint && a->enabled == b->enabled;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 32;
}

/* Mostly an EOI or an ordinary register, sometimes anything, odd offsets too. */
static uint32_t some_register(uint64_t *seed)
{
    static const uint16_t usual[] = {LAPIC_EOI,           LAPIC_EOI,       LAPIC_TPR,       LAPIC_ICR_HIGH,
                                     LAPIC_ICR_LOW,       LAPIC_LVT_LINT0, LAPIC_LVT_TIMER, LAPIC_TIMER_INITIAL,
                                     LAPIC_TIMER_CURRENT, LAPIC_SVR};
    uint64_t r = next_random(seed);
    return (r & 3) != 0 ? usual[(r >> 8) % (sizeof(usual) / sizeof(usual[0]))] : (uint32_t)(r >> 8) % LAPIC_SIZE;
}

static uint32_t some_value(uint64_t *seed, uint32_t offset)
{
    uint64_t r = next_random(seed);
    if (offset == LAPIC_TPR) {
        return (r & 7) == 0 ? (uint32_t)(r >> 8) & 0xff : 0; /* else most requests would wait for ever */
    }
    return offset == LAPIC_SVR ? 0x1ff : (r & 1) != 0 ? (uint32_t)(r >> 1) & 0x7ff : (uint32_t)next_random(seed);
}

/* An access that is said not to matter has left everything as it was: else an interrupt or a time would be missed. */
static void test_what_matters(void **state)
{
    (void)state;
    struct vlapic l;
    struct out o;
    uint64_t seed = 42;
    unsigned silent_eois = 0, silent_reads = 0;
    make(&l, &o);
    write(&l, LAPIC_SVR, 0x1ff);
    for (uint64_t now = 0; now < 200000; now++) {
        if (next_random(&seed) % 32 == 0) {
            (void)post(&l, (uint8_t)(0x20 + next_random(&seed) % 0xe0), next_random(&seed) % 2 == 0);
        }
        int vector = vlapic_irq_pending(&l);
        if (vector >= 0 && next_random(&seed) % 2 == 0) {
            vlapic_irq_accept(&l, (uint8_t)vector);
        }
        uint32_t offset = some_register(&seed);
        struct business before = business_of(&l);
        bool reads = next_random(&seed) % 2 == 0;
        if (reads) {
            (void)vlapic_read(&l, offset, 4 - offset % 4, now);
        } else {
            vlapic_write(&l, offset, 4, some_value(&seed, offset), now);
        }
        struct business after = business_of(&l);
        bool matters = reads ? vlapic_read_matters(&l, offset) : vlapic_write_matters(&l, offset);
        assert_true(matters || same_business(&before, &after));
        silent_eois += !matters && !reads && offset == LAPIC_EOI;
        silent_reads += !matters && reads;
    }
    assert_true(silent_eois > 100 && silent_reads > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reset_state),
        cmocka_unit_test(test_renamed),
        cmocka_unit_test(test_levels_stay_out_of_the_mailbox),
        cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_widths_and_errors),
        cmocka_unit_test(test_icr),
        cmocka_unit_test(test_events_and_lint),
        cmocka_unit_test(test_base),
        cmocka_unit_test(test_x2apic),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_what_matters),
        cmocka_unit_test(test_written_by_hardware),
        cmocka_unit_test(test_posting_from_other_cpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
