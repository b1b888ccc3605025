/* SPDX-License-Identifier: GPL-2.0-only
 * Two 8259A chips. */
#include "guest/vpic.h"

#include "kernel/lib/bits.h"

#define NONE 8
/* Inputs that ISA fixes to edge: 0, 1, 2 of the first chip, 8 and 13 (inputs 0 and 5) of the second. */
#define ELCR_FIRST 0xf8
#define ELCR_SECOND 0xde

static void reset_chip(struct vpic_chip *c)
{
    *c = (struct vpic_chip){.elcr = c->elcr, .lines = c->lines, .lowest = 7};
}

void vpic_init(struct vpic *p)
{
    *p = (struct vpic){0};
    reset_chip(&p->chips[0]);
    reset_chip(&p->chips[1]);
    p->chips[0].imr = p->chips[1].imr = 0xff; /* what firmware leaves behind */
    p->chips[0].base = 0x08;
    p->chips[1].base = 0x70;
}

/* 0 is the highest priority, NONE when no bit is set; rotation moves the start. */
static unsigned rank(const struct vpic_chip *c, unsigned input)
{
    return (input - c->lowest - 1) & 7;
}

static unsigned best_input(const struct vpic_chip *c, uint8_t bits)
{
    for (unsigned i = 1; i <= 8; i++) {
        unsigned input = (c->lowest + i) & 7;
        if ((bits >> input & 1) != 0) {
            return input;
        }
    }
    return NONE;
}

/* The input to serve next. In special mask mode a masked in-service input blocks nobody; in special fully nested mode
 * the cascade does not block itself. */
static unsigned next_input(const struct vpic_chip *c, bool first)
{
    unsigned wanted = best_input(c, c->irr & ~c->imr);
    uint8_t in_service = c->isr;
    if (c->special_mask) {
        in_service &= (uint8_t)~c->imr;
    }
    if (c->special_nested && first) {
        in_service &= (uint8_t)~BIT32(PIC_CASCADE);
    }
    unsigned busy = best_input(c, in_service);
    if (wanted == NONE || (c->special_mask && (c->isr >> wanted & 1) != 0)) {
        return NONE;
    }
    return busy == NONE || rank(c, wanted) < rank(c, busy) ? wanted : NONE;
}

/* While being initialised a chip raises nothing. */
static bool chip_is_pending(const struct vpic_chip *c, bool first)
{
    return c->init_step == 0 && next_input(c, first) != NONE;
}

static void set_chip_line(struct vpic_chip *c, unsigned input, bool asserted)
{
    uint8_t bit = (uint8_t)BIT32(input);
    bool rises = asserted && (c->lines & bit) == 0;
    c->lines = asserted ? c->lines | bit : c->lines & (uint8_t)~bit;
    if ((c->elcr & bit) != 0) {
        c->irr = asserted ? c->irr | bit : c->irr & (uint8_t)~bit;
    } else if (rises) {
        c->irr |= bit;
    } else if (!asserted) {
        c->irr &= (uint8_t)~bit; /* gone before it was acknowledged: spurious */
    }
}

/* The second chip's INTR is the first one's input 2. */
static void update_cascade(struct vpic *p)
{
    bool pending = chip_is_pending(&p->chips[1], false);
    struct vpic_chip *first = &p->chips[0];
    uint8_t bit = (uint8_t)BIT32(PIC_CASCADE);
    first->irr = pending ? first->irr | bit : first->irr & (uint8_t)~bit;
}

void vpic_set_line(struct vpic *p, unsigned irq, bool asserted)
{
    if (irq >= 16 || irq == PIC_CASCADE) {
        return;
    }
    set_chip_line(&p->chips[irq / 8], irq % 8, asserted);
    update_cascade(p);
}

bool vpic_is_pending(const struct vpic *p)
{
    return chip_is_pending(&p->chips[0], true);
}

/* A level input stays requested as long as its line is up. */
static void accept(struct vpic_chip *c, unsigned input)
{
    uint8_t bit = (uint8_t)BIT32(input);
    if (!c->auto_eoi) {
        c->isr |= bit;
    } else if (c->rotate_on_auto_eoi) {
        c->lowest = (uint8_t)input;
    }
    if ((c->elcr & bit) == 0) {
        c->irr &= (uint8_t)~bit;
    }
}

static uint8_t acknowledge_chip(struct vpic_chip *c, bool first)
{
    unsigned input = next_input(c, first);
    if (input == NONE) {
        return c->base + 7; /* spurious: ISR stays as it is */
    }
    accept(c, input);
    return (uint8_t)(c->base + input);
}

uint8_t vpic_acknowledge(struct vpic *p)
{
    uint8_t vector = acknowledge_chip(&p->chips[0], true);
    if (vector == p->chips[0].base + PIC_CASCADE) {
        vector = acknowledge_chip(&p->chips[1], false);
    }
    update_cascade(p);
    return vector;
}

static void write_icw1(struct vpic_chip *c, uint8_t value)
{
    uint8_t base = c->base;
    reset_chip(c);
    c->base = base;
    c->needs_icw4 = (value & 1) != 0;
    c->single = (value & 2) != 0;
    c->init_step = 2;
}

static void end_of_interrupt(struct vpic_chip *c, unsigned input, bool rotate)
{
    if (input == NONE) {
        return;
    }
    c->isr &= (uint8_t)~BIT32(input);
    if (rotate) {
        c->lowest = (uint8_t)input;
    }
}

/* In special mask mode a non-specific EOI leaves masked inputs alone. */
static unsigned highest_in_service(const struct vpic_chip *c)
{
    return best_input(c, c->special_mask ? c->isr & ~c->imr : c->isr);
}

static void write_ocw2(struct vpic_chip *c, uint8_t value)
{
    unsigned input = value & 7;
    switch (value >> 5) {
    case 0: /* rotate on auto-EOI off, on */
    case 4:
        c->rotate_on_auto_eoi = value >> 5 == 4;
        break;
    case 1: /* non-specific EOI, with rotation */
    case 5:
        end_of_interrupt(c, highest_in_service(c), value >> 5 == 5);
        break;
    case 3: /* specific EOI, with rotation */
    case 7:
        end_of_interrupt(c, input, value >> 5 == 7);
        break;
    case 6:
        c->lowest = (uint8_t)input;
        break;
    default:
        break;
    }
}

static void write_ocw3(struct vpic_chip *c, uint8_t value)
{
    if ((value & 0x40) != 0) {
        c->special_mask = (value & 0x20) != 0;
    }
    c->poll = (value & 4) != 0;
    if ((value & 2) != 0) {
        c->read_isr = (value & 1) != 0;
    }
}

static void write_command(struct vpic_chip *c, uint8_t value)
{
    if ((value & 0x10) != 0) {
        write_icw1(c, value);
    } else if ((value & 0x08) != 0) {
        write_ocw3(c, value);
    } else {
        write_ocw2(c, value);
    }
}

/* ICW3 only confirms how a PC is wired. */
static void write_data(struct vpic_chip *c, uint8_t value)
{
    switch (c->init_step) {
    case 2:
        c->base = value & 0xf8;
        c->init_step = c->single ? (c->needs_icw4 ? 4 : 0) : 3;
        break;
    case 3:
        c->init_step = c->needs_icw4 ? 4 : 0;
        break;
    case 4:
        c->special_nested = (value & 0x10) != 0;
        c->auto_eoi = (value & 2) != 0;
        c->init_step = 0;
        break;
    default:
        c->imr = value;
    }
}

/* A poll is an acknowledge without vector: bit 7 says whether there was one. */
static uint8_t poll(struct vpic_chip *c, bool first)
{
    unsigned input = next_input(c, first);
    c->poll = false;
    if (input == NONE) {
        return 0;
    }
    accept(c, input);
    return (uint8_t)(0x80 | input);
}

uint8_t vpic_read(struct vpic *p, uint16_t port)
{
    unsigned index = (port & 0x80) != 0 ? 1 : 0;
    struct vpic_chip *c = &p->chips[index];
    uint8_t value;
    switch (port) {
    case 0x20:
    case 0xa0:
    case 0x21:
    case 0xa1:
        if (c->poll) {
            value = poll(c, index == 0);
            update_cascade(p);
            return value;
        }
        return (port & 1) != 0 ? c->imr : (c->read_isr ? c->isr : c->irr);
    case 0x4d0:
        return p->chips[0].elcr;
    case 0x4d1:
        return p->chips[1].elcr;
    default:
        return 0xff;
    }
}

void vpic_write(struct vpic *p, uint16_t port, uint8_t value)
{
    struct vpic_chip *c = &p->chips[(port & 0x80) != 0 ? 1 : 0];
    switch (port) {
    case 0x20:
    case 0xa0:
        write_command(c, value);
        break;
    case 0x21:
    case 0xa1:
        write_data(c, value);
        break;
    case 0x4d0:
        p->chips[0].elcr = value & ELCR_FIRST;
        break;
    case 0x4d1:
        p->chips[1].elcr = value & ELCR_SECOND;
        break;
    default:
        break;
    }
    update_cascade(p);
}
