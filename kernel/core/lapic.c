/* SPDX-License-Identifier: GPL-2.0-only
 * Local APIC driver. */
#include "kernel/core/lapic.h"

#include "kernel/core/log.h"
#include "kernel/core/mmio_map.h"
#include "kernel/core/time.h"
#include "kernel/core/vectors.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/msr.h"
#include "kernel/lib/bits.h"

#define MSR_APIC_BASE 0x1b
#define APIC_BASE_X2APIC BIT64(10)
#define APIC_BASE_ENABLE BIT64(11)
#define APIC_BASE_ADDRESS MASK64(51, 12)
#define MSR_X2APIC 0x800       /* + register offset / 16 */
#define CPUID_X2APIC BIT32(21) /* CPUID.1:ECX */
#define ICR_WAIT_US 10000

/* Register offsets, SDM 3A table 11-1. */
enum lapic_register {
    LAPIC_ID = 0x20,
    LAPIC_TPR = 0x80,
    LAPIC_EOI = 0xb0,
    LAPIC_LDR = 0xd0, /* read-only in x2APIC mode */
    LAPIC_SVR = 0xf0, /* vector 7:0, software enable 8 */
    LAPIC_ESR = 0x280,
    LAPIC_LVT_CMCI = 0x2f0,
    LAPIC_ICR = 0x300,      /* low half; one 64-bit register in x2APIC mode */
    LAPIC_ICR_HIGH = 0x310, /* destination 31:24, xAPIC only */
    LAPIC_LVT_TIMER = 0x320,
    LAPIC_LVT_THERMAL = 0x330,
    LAPIC_LVT_PERFORMANCE = 0x340,
    LAPIC_LVT_LINT0 = 0x350,
    LAPIC_LVT_LINT1 = 0x360,
    LAPIC_LVT_ERROR = 0x370,
    LAPIC_TIMER_INITIAL = 0x380,
    LAPIC_TIMER_CURRENT = 0x390,
    LAPIC_TIMER_DIVIDE = 0x3e0,
};

enum {
    SVR_ENABLE = 1 << 8,
    LVT_MASKED = 1 << 16,
    LVT_PERIODIC = 1 << 17,
    TIMER_DIVIDE_BY_1 = 0xb,
    ICR_FIXED = 0 << 8,
    ICR_NMI = 4 << 8,
    ICR_INIT = 5 << 8,
    ICR_STARTUP = 6 << 8,
    ICR_ASSERT = 1 << 14,
    ICR_PENDING = 1 << 12,
};

static struct {
    bool x2apic;
    struct hpa base;
} lapic;

static uint32_t read_register(enum lapic_register offset)
{
    if (lapic.x2apic) {
        return (uint32_t)msr_read(MSR_X2APIC + offset / 16);
    }
    return mmio_read32(hpa_add(lapic.base, offset));
}

static void write_register(enum lapic_register offset, uint32_t value)
{
    if (lapic.x2apic) {
        msr_write(MSR_X2APIC + offset / 16, value);
    } else {
        mmio_write32(hpa_add(lapic.base, offset), value);
    }
}

uint32_t lapic_cpuid_id(void)
{
    if (cpu_cpuid(0, 0).eax >= 0xb && cpu_cpuid(0xb, 0).ebx != 0) {
        return cpu_cpuid(0xb, 0).edx;
    }
    return cpu_cpuid(1, 0).ebx >> 24;
}

bool lapic_is_x2apic(void)
{
    return lapic.x2apic;
}

uint32_t lapic_id(void)
{
    uint32_t id = read_register(LAPIC_ID);
    return lapic.x2apic ? id : id >> 24;
}

void lapic_eoi(void)
{
    write_register(LAPIC_EOI, 0);
}

/* xAPIC to x2APIC goes through enabled xAPIC (SDM 3A 11.12.5). */
static void set_mode(void)
{
    uint64_t base = msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLE;
    msr_write(MSR_APIC_BASE, base);
    if (lapic.x2apic) {
        msr_write(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
    }
}

void lapic_init_this_cpu(void)
{
    set_mode();
    write_register(LAPIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
    write_register(LAPIC_TPR, 0);
    write_register(LAPIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
    /* Wires of the legacy PIC and the board's NMI button: neither PIC nor board speaks to us. */
    write_register(LAPIC_LVT_LINT0, LVT_MASKED);
    write_register(LAPIC_LVT_LINT1, LVT_MASKED);
    write_register(LAPIC_LVT_ERROR, VECTOR_LAPIC_ERROR);
    write_register(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
    write_register(LAPIC_TIMER_INITIAL, 0);
    (void)lapic_take_errors();
    lapic_eoi(); /* one that firmware or the loader left in service would block all lower ones */
}

bool lapic_has_x2apic(void)
{
    return (cpu_cpuid(1, 0).ecx & CPUID_X2APIC) != 0;
}

bool lapic_left_x2apic(void)
{
    return (msr_read(MSR_APIC_BASE) & APIC_BASE_X2APIC) != 0;
}

enum status lapic_init(bool want_x2apic)
{
    uint64_t base = msr_read(MSR_APIC_BASE);
    bool is_on = lapic_left_x2apic();
    if (want_x2apic && !is_on && !lapic_has_x2apic()) {
        return STATUS_UNSUPPORTED;
    }
    lapic.x2apic = is_on || want_x2apic;
    lapic.base = hpa(base & APIC_BASE_ADDRESS);
    if (!lapic.x2apic) {
        enum status status = mmio_map(lapic.base, PAGE_SIZE);
        if (status != STATUS_OK) {
            return status;
        }
    }
    lapic_init_this_cpu();
    log_info("lapic: %s mode, boot CPU has id %u", lapic.x2apic ? "x2APIC" : "xAPIC", lapic_id());
    return STATUS_OK;
}

static void wait_sent(void)
{
    struct deadline end = deadline_in_us(ICR_WAIT_US);
    while ((read_register(LAPIC_ICR) & ICR_PENDING) != 0 && !deadline_passed(end)) {
        cpu_pause();
    }
}

static void send(uint32_t apic_id, uint32_t low)
{
    /* The two halves must not be parted by an interrupt handler that sends too. */
    uint64_t flags = cpu_irq_save();
    if (lapic.x2apic) {
        cpu_fence(); /* WRMSR to x2APIC is not serialising (SDM 3A 11.12.3): stores before it must be seen first */
        msr_write(MSR_X2APIC + LAPIC_ICR / 16, (uint64_t)apic_id << 32 | low);
    } else {
        wait_sent();
        write_register(LAPIC_ICR_HIGH, apic_id << 24);
        write_register(LAPIC_ICR, low);
        wait_sent();
    }
    cpu_irq_restore(flags);
}

void lapic_send(uint32_t apic_id, uint8_t vector)
{
    send(apic_id, ICR_FIXED | ICR_ASSERT | vector);
}

void lapic_send_nmi(uint32_t apic_id)
{
    send(apic_id, ICR_NMI | ICR_ASSERT);
}

void lapic_send_init(uint32_t apic_id)
{
    send(apic_id, ICR_INIT | ICR_ASSERT);
}

void lapic_send_startup(uint32_t apic_id, uint32_t page)
{
    send(apic_id, ICR_STARTUP | ICR_ASSERT | (uint32_t)bits_get(page, 19, 12));
}

static void arm_timer(uint32_t count, uint32_t mode)
{
    write_register(LAPIC_LVT_TIMER, count != 0 ? mode | VECTOR_TIMER : LVT_MASKED | VECTOR_TIMER);
    write_register(LAPIC_TIMER_INITIAL, count);
}

void lapic_timer_once(uint32_t count)
{
    arm_timer(count, 0);
}

void lapic_timer_periodic(uint32_t count)
{
    arm_timer(count, LVT_PERIODIC);
}

uint32_t lapic_timer_left(void)
{
    return read_register(LAPIC_TIMER_CURRENT);
}

uint32_t lapic_take_errors(void)
{
    write_register(LAPIC_ESR, 0); /* a write latches what has gathered */
    return read_register(LAPIC_ESR);
}
