/* SPDX-License-Identifier: GPL-2.0-only
 * A hostile guest: it owns an edu device ("edus=2": several, one after the other) and orders it to read and write
 * where the command line says ("targets=0x12345000,0xfed90000": addresses on the bus, outside this guest's RAM), and to
 * forge interrupt messages. Lines "ROGUE: ..." tell what the device got; whoever runs it checks that nothing changed at
 * the targets. */
#include "kernel/hw/cpu.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/edu.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define BLOCK 64
#define MARK 0xd5
#define EVIL "ROGUE WAS HERE! "

static struct edu edu;
static uint8_t page[3][4096] __attribute__((aligned(4096)));
static volatile uint32_t stray;

static void on_stray(struct trap_frame *frame)
{
    (void)frame;
    stray++;
    apic_eoi();
}

static void print_block(const char *what, uint64_t at, const uint8_t *bytes)
{
    char text[33];
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 16; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[32] = '\0';
    say("ROGUE: %s target=0x%llx buffer=%s", what, (unsigned long long)at, text);
}

/* Its own RAM: both ways work, and neighbours stay. */
static void own_memory(void)
{
    memset(page[0], 0x11, 4096);
    memset(page[1], 0x22, 4096);
    memset(page[2], 0x33, 4096);
    for (unsigned i = 0; i < BLOCK; i++) {
        page[0][i] = (uint8_t)(i ^ MARK);
    }
    check(edu_to_device(&edu, (uintptr_t)page[0], BLOCK), "DMA from this guest's own RAM ends");
    check(edu_from_device(&edu, (uintptr_t)page[1] + 128, BLOCK), "DMA to this guest's own RAM ends");
    check(memcmp(page[1] + 128, page[0], BLOCK) == 0, "it moved the bytes");
    check(page[1][127] == 0x22 && page[1][128 + BLOCK] == 0x22 && page[2][0] == 0x33 && page[0][4095] == 0x11,
          "and nothing beside them");
}

/* What is the same before and after, or blank, leaked nothing. */
static bool leaked(const uint8_t *bytes)
{
    bool marked = true, blank = true;
    for (unsigned i = 0; i < BLOCK; i++) {
        marked &= bytes[i] == MARK;
        blank &= bytes[i] == bytes[0] && (bytes[i] == 0 || bytes[i] == 0xff);
    }
    return !marked && !blank;
}

static void read_target(uint64_t at)
{
    memset(page[0], MARK, BLOCK);
    memset(page[1], 0, BLOCK);
    bool ended = edu_to_device(&edu, (uintptr_t)page[0], BLOCK) && edu_to_device(&edu, at, BLOCK) &&
                 edu_from_device(&edu, (uintptr_t)page[1], BLOCK);
    print_block("read", at, page[1]);
    check(ended, "DMA read of 0x%llx ends", (unsigned long long)at);
    if (on_bulkhead()) {
        check(!leaked(page[1]), "DMA read of 0x%llx brought nothing", (unsigned long long)at);
    }
}

static void write_target(uint64_t at)
{
    for (unsigned i = 0; i < BLOCK; i++) {
        page[0][i] = (uint8_t)EVIL[i % (sizeof(EVIL) - 1)];
    }
    bool ended = edu_to_device(&edu, (uintptr_t)page[0], BLOCK) && edu_from_device(&edu, at, BLOCK);
    say("ROGUE: write target=0x%llx", (unsigned long long)at);
    check(ended, "DMA write to 0x%llx ends", (unsigned long long)at);
}

/* Interrupt messages to CPU 0 and to all, every one with a vector of its own (SDM 3A 11.11); then as a remapping unit
 * reads them (VT-d 4.1 5.1.2.2): the first entry of the table, one with reserved bits, one beyond the table. */
static void forge(void)
{
    static const struct {
        uint64_t at;
        uint32_t data;
    } messages[] = {{0xfee00000, 0x4081}, {0xfee00000, 0x82},    {0xfee01000, 0x83}, {0xfeeff00c, 0x84},
                    {0xfee00010, 0x0},    {0xfee00018, 0x10085}, {0xfee20010, 0x86}};
    for (unsigned vector = 0x81; vector < 0x90; vector++) {
        trap_handle((uint8_t)vector, on_stray);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(messages); i++) {
        memcpy(page[0], &messages[i].data, 4);
        bool ended = edu_to_device(&edu, (uintptr_t)page[0], 4);
        cpu_irq_enable();
        ended &= edu_from_device(&edu, messages[i].at, 4);
        cpu_irq_disable();
        say("ROGUE: message target=0x%llx data=0x%x interrupts=%u", (unsigned long long)messages[i].at,
            messages[i].data, stray);
        check(ended, "forged message to 0x%llx ends", (unsigned long long)messages[i].at);
    }
    if (on_bulkhead()) {
        expect(stray, 0, "no forged message became an interrupt here");
    }
}

static uint64_t next_target(const char **at)
{
    uint64_t value = 0;
    const char *p = *at + (strncmp(*at, "0x", 2) == 0 ? 2 : 0);
    for (;; p++) {
        char c = *p;
        if (c >= '0' && c <= '9') {
            value = value << 4 | (uint64_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        } else {
            break;
        }
    }
    *at = *p == ',' ? p + 1 : NULL;
    return value;
}

static const char *targets(void)
{
    for (const char *p = machine_cmdline(); *p != '\0'; p++) {
        if (strncmp(p, "targets=", 8) == 0) {
            return p + 8;
        }
    }
    return NULL;
}

static void use_edu(void)
{
    say("ROGUE: edu at 00:%02x.0 bar=0x%llx", edu.device, (unsigned long long)edu.base);
    own_memory();
    for (const char *p = targets(); p != NULL;) {
        uint64_t at = next_target(&p);
        read_target(at);
        write_target(at);
    }
    if (machine_option("forge", on_bulkhead()) != 0) {
        forge();
    }
    own_memory();
}

void guest_main(void)
{
    unsigned first = 0;
    for (uint64_t i = 0; i < machine_option("edus", 1); i++) {
        if (!check(edu_find_from(&edu, first), "there is an edu device")) {
            return;
        }
        use_edu();
        first = edu.device + 1;
    }
    say("ROGUE: done");
}
