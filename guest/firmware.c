/* SPDX-License-Identifier: GPL-2.0-only
 * Vectors, handlers and device settings of a PC's firmware. */
#include "guest/firmware.h"

#include "kernel/lib/bits.h"

#define CODE_SEGMENT 0xf000
#define VECTORS 256
#define VECTOR_TIMER 0x08  /* IRQ 0 to 7 */
#define VECTOR_SECOND 0x70 /* IRQ 8 to 15 */
#define DATA_START UINT64_C(0x400)

/* Offsets in the BIOS data area. */
enum {
    DATA_COM1 = 0x00,
    DATA_EXTENDED = 0x0e, /* segment of the extended area: the end of low RAM */
    DATA_KIB = 0x13,      /* low RAM in KiB */
    DATA_SIZE = 0x100,
};

/* 16-bit code. */
static const uint8_t handlers[] = {
    0xcf, /* nobody's: IRET */
    /* IRQ 0: count at 0:46C, call INT 1C, end of interrupt */
    0x1e, 0x50,                   /* PUSH DS; PUSH AX */
    0x31, 0xc0, 0x8e, 0xd8,       /* XOR AX, AX; MOV DS, AX */
    0x66, 0xff, 0x06, 0x6c, 0x04, /* INC DWORD [46C] */
    0xcd, 0x1c,                   /* INT 1C */
    0xb0, 0x20, 0xe6, 0x20,       /* MOV AL, 20; OUT 20, AL */
    0x58, 0x1f, 0xcf,             /* POP AX; POP DS; IRET */
    /* IRQ 1 to 7 */
    0x50, 0xb0, 0x20, 0xe6, 0x20, /* PUSH AX; MOV AL, 20; OUT 20, AL */
    0x58, 0xcf,                   /* POP AX; IRET */
    /* IRQ 8 to 15 */
    0x50, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, 0xcf, /* the same with OUT A0, AL first */
};

/* Offsets in handlers. */
enum {
    HANDLER_NONE = 0,
    HANDLER_TIMER = 1,
    HANDLER_FIRST = 21,
    HANDLER_SECOND = 28,
    HANDLERS_SIZE = 37,
};
_Static_assert(sizeof(handlers) == HANDLERS_SIZE, "the offsets above count the bytes of the handlers");

static unsigned handler_of(unsigned vector)
{
    if (vector == VECTOR_TIMER) {
        return HANDLER_TIMER;
    }
    if (vector > VECTOR_TIMER && vector < VECTOR_TIMER + 8) {
        return HANDLER_FIRST;
    }
    return vector >= VECTOR_SECOND && vector < VECTOR_SECOND + 8 ? HANDLER_SECOND : HANDLER_NONE;
}

static void put_word(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

enum status firmware_write(const struct guest_memory *memory)
{
    uint8_t table[VECTORS * 4];
    uint8_t data[DATA_SIZE] = {0};
    for (unsigned i = 0; i < VECTORS; i++) {
        put_word(table + 4 * i, (unsigned)(GUEST_FIRMWARE_CODE - CODE_SEGMENT * 16) + handler_of(i));
        put_word(table + 4 * i + 2, CODE_SEGMENT);
    }
    put_word(data + DATA_COM1, 0x3f8);
    put_word(data + DATA_EXTENDED, GUEST_LOW_RAM_END / 16);
    put_word(data + DATA_KIB, GUEST_LOW_RAM_END / KIB);
    enum status status = guest_memory_write(memory, gpa(GUEST_FIRMWARE_CODE), handlers, sizeof(handlers));
    status = status == STATUS_OK ? guest_memory_write(memory, gpa(0), table, sizeof(table)) : status;
    return status == STATUS_OK ? guest_memory_write(memory, gpa(DATA_START), data, sizeof(data)) : status;
}

void firmware_set_wire(struct vlapic *bootstrap, uint64_t now_ns)
{
    vlapic_write(bootstrap, LAPIC_SVR, 4, LAPIC_SVR_ENABLE | 0xff, now_ns);
    vlapic_write(bootstrap, LAPIC_LVT_LINT0, 4, (uint32_t)bits_make(APIC_EXTINT, 10, 8), now_ns);
    vlapic_write(bootstrap, LAPIC_LVT_LINT1, 4, (uint32_t)bits_make(APIC_NMI, 10, 8), now_ns);
}

void firmware_set_devices(struct vpic *pic, struct pit *pit, uint64_t now_ns)
{
    pit_write(pit, PIT_CONTROL, 0x36, now_ns); /* channel 0, both bytes, square wave */
    pit_write(pit, PIT_CHANNEL0, 0, now_ns);
    pit_write(pit, PIT_CHANNEL0, 0, now_ns);
    vpic_write(pic, 0x21, 0xfe);
}
