/* SPDX-License-Identifier: GPL-2.0-only
 * Intel e1000 and e1000e (82540EM, 82574 manuals): frames in the card's own loopback, so that nothing is on the wire.
 * A write is a frame received into the target; a read is one sent from it. */
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/guest/attest/driver.h"
#include "tests/guest/lib/machine.h"

#define REG_CTRL 0x0000
#define REG_MDIC 0x0020
#define REG_ICR 0x00c0
#define REG_ICS 0x00c8
#define REG_IMS 0x00d0
#define REG_IMC 0x00d8
#define REG_RCTL 0x0100
#define REG_TCTL 0x0400
#define REG_RX 0x2800 /* base, +4, length +8, head +0x10, tail +0x18 */
#define REG_TX 0x3800
#define CTRL_RESET BIT32(26)
#define CTRL_LINK_UP (BIT32(6) | BIT32(0))
#define MDIC_WRITE_CONTROL (UINT32_C(1) << 26 | UINT32_C(1) << 21)         /* PHY 1, register 0 */
#define PHY_LOOPBACK 0x4140u                                               /* 1000 Mb/s, full duplex */
#define RCTL_VALUE (BIT32(1) | BIT32(3) | BIT32(4) | BIT32(6) | BIT32(15)) /* on, promiscuous, MAC loopback */
#define TCTL_VALUE (BIT32(1) | BIT32(3))
#define TX_COMMAND (UINT32_C(0x0b) << 24) /* end of packet, CRC, report status */
#define RX_DONE 1u
#define CAUSE_LINK BIT32(2)
#define ENTRIES 8u
#define FRAME_BYTES DRIVER_BYTES
#define TRY_MS 200u

static struct {
    uint64_t base;
    unsigned rx, tx;
} card;
static volatile uint64_t receive[ENTRIES][2] __attribute__((aligned(4096)));
static volatile uint64_t transmit[ENTRIES][2] __attribute__((aligned(4096)));
static uint8_t frame[2][2048] __attribute__((aligned(4096)));

/* 82540EM, 82545EM, 82546GB; 82571 to 82583, and the ones built into chipsets are not listed: their loopback differs.
 */
static bool fits(const struct config_function *f)
{
    static const uint32_t ids[] = {0x100e8086, 0x100f8086, 0x10798086, 0x10d38086, 0x10f68086};
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
        if (f->id == ids[i]) {
            return true;
        }
    }
    return false;
}

static void put(uint32_t at, uint32_t value)
{
    mmio_write32(hpa(card.base + at), value);
}

static void ring(uint32_t at, volatile void *entries)
{
    put(at, (uint32_t)(uintptr_t)entries);
    put(at + 4, (uint32_t)((uint64_t)(uintptr_t)entries >> 32));
    put(at + 8, ENTRIES * 16);
    put(at + 0x10, 0);
    put(at + 0x18, 0);
}

static void stop(void)
{
    put(REG_IMC, UINT32_MAX);
    put(REG_RCTL, 0);
    put(REG_TCTL, 0);
}

static void restart(void)
{
    put(REG_IMC, UINT32_MAX);
    put(REG_CTRL, CTRL_RESET);
    machine_wait_us(20000);
    put(REG_IMC, UINT32_MAX);
    put(REG_CTRL, CTRL_LINK_UP);
    put(REG_MDIC, MDIC_WRITE_CONTROL | PHY_LOOPBACK);
    machine_wait_us(20000);
    memset((void *)(uintptr_t)receive, 0, sizeof(receive));
    memset((void *)(uintptr_t)transmit, 0, sizeof(transmit));
    card.rx = card.tx = 0;
    ring(REG_RX, receive);
    ring(REG_TX, transmit);
    put(REG_RCTL, RCTL_VALUE);
    put(REG_TCTL, TCTL_VALUE);
}

static bool start(const struct config_function *f)
{
    card.base = config_bar(f, 0);
    restart();
    return true;
}

/* One frame from `from` to `to`. A card that receives nothing is set up anew, for its ring may be stuck. */
static enum driver_result send(uint64_t from, uint64_t to)
{
    unsigned rx = card.rx;
    receive[rx][0] = to;
    receive[rx][1] = 0;
    transmit[card.tx][0] = from;
    transmit[card.tx][1] = FRAME_BYTES | TX_COMMAND;
    card.rx = (rx + 1) % ENTRIES;
    card.tx = (card.tx + 1) % ENTRIES;
    cpu_fence();
    put(REG_RX + 0x18, card.rx);
    put(REG_TX + 0x18, card.tx);
    for (unsigned ms = 0; ms < TRY_MS; ms++) {
        if ((receive[rx][1] >> 32 & RX_DONE) != 0) {
            return DRIVER_DONE;
        }
        machine_wait_us(1000);
    }
    restart();
    return DRIVER_SILENT;
}

static enum driver_result read(uint64_t at, uint8_t out[DRIVER_BYTES], unsigned *bytes)
{
    memset(frame[1], DRIVER_MARK, sizeof(frame[1]));
    enum driver_result result = send(at, (uintptr_t)frame[1]);
    memcpy(out, frame[1], DRIVER_BYTES);
    *bytes = DRIVER_BYTES - 4; /* the last ones may be the checksum */
    return result;
}

static enum driver_result write(uint64_t at)
{
    memset(frame[0], DRIVER_MARK, sizeof(frame[0]));
    return send((uintptr_t)frame[0], at);
}

static void raise(void)
{
    put(REG_IMS, CAUSE_LINK);
    put(REG_ICS, CAUSE_LINK);
}

static void acknowledge(void)
{
    put(REG_IMC, UINT32_MAX);
    (void)mmio_read32(hpa(card.base + REG_ICR));
}

const struct driver driver_e1000 = {
    .name = "e1000",
    .how = "frames in the card's own loopback, sent from the target and received into it",
    .passes = 2,
    .fits = fits,
    .start = start,
    .read = read,
    .write = write,
    .raise = raise,
    .acknowledge = acknowledge,
    .stop = stop,
};

/* --- without loopback: the ring itself lies on the target, and fetching an entry of it is the read. Entries of own
 * are context descriptors, which send nothing (82540EM 3.3.6). */

#define CONTEXT_DESCRIPTOR (UINT64_C(0x28) << 24) /* extended, report status */

static bool fetch(uint64_t at)
{
    put(REG_TCTL, 0);
    ring(REG_TX, (volatile void *)(uintptr_t)at);
    put(REG_TCTL, TCTL_VALUE);
    put(REG_TX + 0x18, 1);
    for (unsigned ms = 0; ms < TRY_MS; ms++) {
        if (mmio_read32(hpa(card.base + REG_TX + 0x10)) == 1) {
            return true;
        }
        machine_wait_us(1000);
    }
    return false;
}

static bool fetches(void)
{
    memset((void *)(uintptr_t)transmit, 0, sizeof(transmit));
    transmit[0][1] = CONTEXT_DESCRIPTOR;
    return fetch((uintptr_t)transmit) && (transmit[0][1] >> 32 & RX_DONE) != 0;
}

static enum driver_result fetch_target(uint64_t at, uint8_t out[DRIVER_BYTES], unsigned *bytes)
{
    memset(out, DRIVER_MARK, DRIVER_BYTES);
    *bytes = 0;
    enum driver_result result = fetch(at) ? DRIVER_DONE : DRIVER_SILENT;
    restart();
    return result;
}

const struct driver driver_e1000_ring = {
    .name = "e1000-ring",
    .how = "its ring of frames to send lies on the target: it fetches 16 bytes",
    .passes = 2,
    .fits = fits,
    .start = start,
    .works = fetches,
    .read = fetch_target,
    .raise = raise,
    .acknowledge = acknowledge,
    .stop = stop,
};
