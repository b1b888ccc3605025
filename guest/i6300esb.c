/* SPDX-License-Identifier: GPL-2.0-only
 * The 6300ESB's watchdog. */
#include "guest/i6300esb.h"

#include "kernel/lib/bits.h"

#define VENDOR 0x8086
#define DEVICE 0x25ab
#define CLASS_OTHER_PERIPHERAL 0x088000
#define BAR_BYTES 16u
#define NEVER UINT64_MAX
#define PCI_CLOCK_MHZ 33u
#define TELL_EACH_NS UINT64_C(1000000000)

enum bar_register {
    TIMER_1 = 0x00,
    TIMER_2 = 0x04,
    INTERRUPT_STATUS = 0x08, /* bit 0: the first stage is over; write one to clear */
    RELOAD = 0x0c,
};

enum reload_value {
    RELOAD_UNLOCK_FIRST = 0x80,
    RELOAD_UNLOCK_SECOND = 0x86,
    RELOAD_TIMERS = 1 << 8,
    RELOAD_TIMED_OUT = 1 << 9, /* reads 1: the second stage was over; write one to clear */
};

enum config_register {
    CONFIG = 0x60, /* 16 bits */
    LOCK = 0x68,   /* 8 bits */
};

enum config_bits {
    CONFIG_INTERRUPT_TYPE = 3 << 0, /* 0: the line */
    CONFIG_FAST = 1 << 2,           /* 1: the clock divided by 2^5, else by 2^15 */
    CONFIG_OUTPUT_OFF = 1 << 5,     /* the second stage does not pull the plug */
    CONFIG_WRITABLE = CONFIG_INTERRUPT_TYPE | CONFIG_FAST | CONFIG_OUTPUT_OFF,
};

enum lock_bits {
    LOCK_LOCKED = 1 << 0, /* this register does not change any more, until a reset */
    LOCK_ENABLED = 1 << 1,
    LOCK_FREE_RUNNING = 1 << 2, /* the first stage again and again */
    LOCK_WRITABLE = LOCK_LOCKED | LOCK_ENABLED | LOCK_FREE_RUNNING,
};

#define PRELOAD_MASK MASK32(19, 0)

static unsigned config_of(struct i6300esb *d)
{
    return pci_view_get(pci_emulated_config(&d->function), CONFIG, 2);
}

static uint64_t length_of(struct i6300esb *d, unsigned stage)
{
    uint64_t counts = d->preload[stage] == 0 ? 1 : d->preload[stage];
    return (counts << ((config_of(d) & CONFIG_FAST) != 0 ? 5 : 15)) * 1000 / PCI_CLOCK_MHZ;
}

static void run_stage(struct i6300esb *d, unsigned stage, uint64_t from_ns)
{
    d->stage = stage;
    d->since_ns = from_ns;
    d->due_ns = from_ns + length_of(d, stage);
}

static void follow_line(struct i6300esb *d)
{
    pci_emulated_line(&d->function, d->interrupt && (config_of(d) & CONFIG_INTERRUPT_TYPE) == 0);
}

/* --- registers of the BAR */

static uint64_t read(void *context, uint64_t offset, unsigned width)
{
    const struct i6300esb *d = context;
    (void)width;
    switch (offset) {
    case INTERRUPT_STATUS:
        return d->interrupt;
    case RELOAD:
        return d->timed_out ? RELOAD_TIMED_OUT : 0;
    default:
        return 0; /* preloads cannot be read back */
    }
}

static void write_reload(struct i6300esb *d, uint64_t value)
{
    if (d->unlocked < 2) {
        d->unlocked = value == RELOAD_UNLOCK_FIRST ? 1 : d->unlocked == 1 && value == RELOAD_UNLOCK_SECOND ? 2 : 0;
        return;
    }
    d->unlocked = 0;
    d->timed_out = d->timed_out && (value & RELOAD_TIMED_OUT) == 0;
    if ((value & RELOAD_TIMERS) != 0 && (d->lock & LOCK_ENABLED) != 0) {
        run_stage(d, 0, d->owner.now(d->owner.context));
    }
}

static void write_preload(struct i6300esb *d, unsigned stage, unsigned width, uint64_t value)
{
    if (d->unlocked == 2 && width == 4) {
        d->preload[stage] = (uint32_t)value & PRELOAD_MASK;
    }
    d->unlocked = 0;
}

static void write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    struct i6300esb *d = context;
    switch (offset) {
    case TIMER_1:
        write_preload(d, 0, width, value);
        break;
    case TIMER_2:
        write_preload(d, 1, width, value);
        break;
    case INTERRUPT_STATUS:
        d->interrupt = d->interrupt && (value & 1) == 0;
        follow_line(d);
        break;
    case RELOAD:
        write_reload(d, value);
        break;
    default:
        break;
    }
}

/* --- configuration space */

static void write_lock(struct i6300esb *d)
{
    struct pci_view *view = pci_emulated_config(&d->function);
    uint8_t value = (uint8_t)pci_view_get(view, LOCK, 1);
    if ((d->lock & LOCK_LOCKED) != 0) {
        pci_view_set(view, LOCK, 1, d->lock);
        return;
    }
    bool was_on = (d->lock & LOCK_ENABLED) != 0;
    bool is_on = (value & LOCK_ENABLED) != 0;
    d->lock = value;
    if (!is_on) {
        d->due_ns = NEVER;
    } else if (!was_on) {
        run_stage(d, 0, d->owner.now(d->owner.context));
    }
}

static void config_written(void *context, uint16_t offset, unsigned width)
{
    struct i6300esb *d = context;
    if (offset <= LOCK && offset + width > LOCK) {
        write_lock(d);
    }
    follow_line(d);
}

/* --- life */

static void reset(void *context)
{
    struct i6300esb *d = context;
    struct pci_view *view = pci_emulated_config(&d->function);
    d->preload[0] = d->preload[1] = PRELOAD_MASK;
    d->due_ns = NEVER;
    d->tell_ns = 0;
    d->unlocked = 0;
    d->lock = 0;
    d->interrupt = false;
    pci_view_set(view, CONFIG, 2, 0);
    pci_view_set(view, LOCK, 1, 0);
    follow_line(d);
}

static uint64_t deadline(const void *context)
{
    const struct i6300esb *d = context;
    return d->due_ns;
}

static void end_of_stage(struct i6300esb *d, uint64_t now_ns)
{
    if (d->stage == 0) {
        bool repeats = (d->lock & LOCK_FREE_RUNNING) != 0;
        d->interrupt = true;
        follow_line(d);
        run_stage(d, repeats ? 0 : 1, now_ns);
        if (repeats && d->due_ns - now_ns < PCI_EMULATED_PACE_NS) {
            d->due_ns = now_ns + PCI_EMULATED_PACE_NS;
        }
        return;
    }
    d->due_ns = NEVER;
    d->timed_out = true;
    /* Each time is a line and an event: a guest that does nothing else must not push out those of others. */
    if ((config_of(d) & CONFIG_OUTPUT_OFF) == 0 && now_ns >= d->tell_ns) {
        d->tell_ns = now_ns + TELL_EACH_NS;
        d->owner.ran_out(d->owner.context);
    }
}

static void advance(void *context, uint64_t now_ns)
{
    struct i6300esb *d = context;
    if (now_ns < d->due_ns) {
        return;
    }
    uint64_t resumed_ns = d->owner.resumed(d->owner.context);
    if (resumed_ns > d->since_ns) {
        run_stage(d, d->stage, resumed_ns);
    } else {
        end_of_stage(d, now_ns);
    }
}

static const struct pci_emulated_ops ops = {
    .vendor = VENDOR,
    .device = DEVICE,
    .subsystem_vendor = VENDOR,
    .subsystem = DEVICE,
    .class_code = CLASS_OTHER_PERIPHERAL,
    .bar_bytes = BAR_BYTES,
    .line = true,
    .read = read,
    .write = write,
    .config_written = config_written,
    .reset = reset,
    .deadline = deadline,
    .advance = advance,
};

enum status i6300esb_init(struct i6300esb *d, const struct i6300esb_owner *owner, unsigned device,
                          const struct message_router *router)
{
    *d = (struct i6300esb){.owner = *owner, .due_ns = NEVER};
    enum status status = pci_emulated_init(&d->function, &ops, d, device, router);
    if (status == STATUS_OK) {
        struct pci_view *view = pci_emulated_config(&d->function);
        view->writable[CONFIG] = CONFIG_WRITABLE;
        view->writable[LOCK] = LOCK_WRITABLE;
        reset(d);
    }
    return status;
}

void i6300esb_free(struct i6300esb *d)
{
    pci_emulated_free(&d->function);
}
