/* SPDX-License-Identifier: GPL-2.0-only
 * A guest on a network between guests, by its option "role": 1 sends numbered frames and checks what comes back, 2
 * sends back what it gets until it was quiet for a while, 3 breaks its own device in every way meanwhile, floods the
 * others in their names, and takes nothing. Addresses are 52:54:00:00:00:0R. */
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/net/card.h"

#define LINK_US 20000000u
#define QUIET_US 2000000u
#define ANSWER_US 20000u /* then the frame was lost, and is sent again */
#define TRIES 500u
#define FRAME_MAX 1514u
#define FRAME_MIN 60u
#define TYPE_AT 12u /* 0x88b5, for experiments (IEEE 802) */
#define ROLE_AT 14u
#define NUMBER_AT 16u
#define BEYOND (UINT64_C(64) << 20)

static struct card card;
static uint8_t frame[CARD_BUFFER], got[CARD_BUFFER];

static void put_mac(uint8_t *at, uint8_t role)
{
    static const uint8_t base[6] = {0x52, 0x54};
    memcpy(at, base, sizeof(base));
    at[5] = role;
}

static uint32_t make(uint8_t to, uint8_t from, uint32_t number, uint32_t bytes)
{
    put_mac(frame, to);
    put_mac(frame + 6, from);
    frame[TYPE_AT] = 0x88;
    frame[TYPE_AT + 1] = 0xb5;
    frame[ROLE_AT] = from;
    memcpy(frame + NUMBER_AT, &number, sizeof(number));
    for (uint32_t i = NUMBER_AT + sizeof(number); i < bytes; i++) {
        frame[i] = (uint8_t)(number + i * 3);
    }
    return bytes;
}

static bool wait_for_link(void)
{
    for (uint64_t waited = 0; waited < LINK_US; waited += 1000) {
        if (card_has_link(&card)) {
            return true;
        }
        machine_wait_us(1000);
    }
    return false;
}

/* What we sent, with the other one's name in it. */
static bool is_answer(uint32_t bytes, uint32_t expected)
{
    return bytes == expected && got[ROLE_AT] == 2 && memcmp(got + NUMBER_AT, frame + NUMBER_AT, bytes - NUMBER_AT) == 0;
}

static bool wait_for_answer(uint32_t bytes)
{
    for (uint64_t waited = 0; waited < ANSWER_US * (uint64_t)machine_slowness(); waited += 100) {
        uint32_t n = card_receive(&card, got);
        if (n != 0 && is_answer(n, bytes)) {
            return true;
        }
        if (n == 0) {
            machine_wait_us(100);
        }
    }
    return false;
}

static void ask(uint32_t frames)
{
    uint32_t answered = 0, lost = 0;
    for (uint32_t i = 0; i < frames; i++) {
        uint32_t bytes = make(2, 1, i, FRAME_MIN + i * 97 % (FRAME_MAX - FRAME_MIN + 1));
        bool done = false;
        for (unsigned tries = 0; !done && tries < TRIES; tries++) {
            done = card_send(&card, frame, bytes, 1000000) && wait_for_answer(bytes);
            lost += !done;
        }
        answered += done;
    }
    check(answered == frames, "all of %u frames came back as they were", frames);
    say("net: %u sent again", lost);
}

static void answer(uint32_t frames)
{
    uint32_t answered = 0;
    for (uint64_t quiet = 0; quiet < QUIET_US || answered == 0;) {
        uint32_t n = card_receive(&card, got);
        if (n == 0) {
            machine_wait_us(100);
            quiet += 100;
            continue;
        }
        if (n < FRAME_MIN || got[ROLE_AT] != 1) {
            continue;
        }
        quiet = 0;
        memcpy(frame, got, n);
        put_mac(frame, 1);
        put_mac(frame + 6, 2);
        frame[ROLE_AT] = 2;
        answered += card_send(&card, frame, n, 1000000);
    }
    check(answered >= frames, "%u frames or more were sent back", frames);
}

/* --- role 3 */

static void bad_address(unsigned queue)
{
    card_describe(queue, 0, BEYOND - 8, 64, queue == CARD_RECEIVE ? CARD_WRITE : 0, 0);
    card_offer(&card, queue, 0);
}

static void wraps(unsigned queue)
{
    card_describe(queue, 0, UINT64_MAX - 8, UINT32_MAX, queue == CARD_RECEIVE ? CARD_WRITE : 0, 0);
    card_offer(&card, queue, 0);
}

static void loops(unsigned queue)
{
    card_describe(queue, 0, 0x1000, 64, (uint16_t)(CARD_NEXT | (queue == CARD_RECEIVE ? CARD_WRITE : 0)), 0);
    card_offer(&card, queue, 0);
}

static void indirect(unsigned queue)
{
    card_describe(queue, 0, 0x1000, 64, CARD_INDIRECT, 0);
    card_offer(&card, queue, 0);
}

static void jumps(unsigned queue)
{
    card_jump(&card, queue, 1000);
}

static void out_of_range(unsigned queue)
{
    card_offer(&card, queue, 0xffff);
}

static void attack_queues(void)
{
    static void (*const attacks[])(unsigned) = {bad_address, wraps, loops, indirect, jumps, out_of_range};
    for (unsigned i = 0; i < 2 * ARRAY_LENGTH(attacks); i++) {
        unsigned queue = i % 2;
        check(card_start(&card, 0), "starts again");
        attacks[i / 2](queue);
        card_notify(&card, queue);
        check((card_status(&card) & CARD_NEEDS_RESET) != 0, "attack %u on queue %u breaks the device", i / 2, queue);
    }
}

/* In the others' names, to them, to all, to nobody; with lengths that no link carries; and resets in between. */
static void flood(uint32_t frames)
{
    static const uint32_t sizes[] = {1, 13, 14, 60, 1514, 1518, 1519, 2000};
    unsigned sent = 0;
    for (uint32_t i = 0; i < frames; i++) {
        if (i % 64 == 0) {
            check(card_start(&card, i / 64 % 2), "starts again");
        }
        uint32_t bytes = sizes[i % ARRAY_LENGTH(sizes)];
        make((uint8_t)(i % 5), (uint8_t)(1 + i % 3), i, bytes);
        frame[0] = i % 7 == 0 ? 0xff : frame[0];
        frame[ROLE_AT] = 3;
        sent += card_send(&card, frame, bytes, 1000000);
    }
    check(sent == frames, "all of %u frames were taken or dropped", frames);
    check((card_status(&card) & CARD_NEEDS_RESET) == 0, "and none broke the device");
}

void guest_main(void)
{
    uint64_t role = machine_option("role", 1);
    uint32_t frames = (uint32_t)machine_option("frames", 200);
    check(card_find(&card), "a virtio network device is at 00:1d.0");
    check(card_start(&card, CARD_QUEUE), "features are agreed on");
    check(wait_for_link(), "the link comes up");
    expect(card_mac_end(&card), role, "its address is as configured");
    if (role == 1) {
        ask(frames);
    } else if (role == 2) {
        answer(frames);
    } else {
        attack_queues();
        flood(frames);
        check(card_start(&card, CARD_QUEUE), "works again");
    }
}
