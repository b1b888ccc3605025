/* SPDX-License-Identifier: GPL-2.0-only
 * The watchdog of Intel's 6300ESB I/O controller hub (datasheet 300641, chapter 13, "Watchdog Timer"), as an emulated
 * PCI function: two stages of a timer, the second of which pulls the plug. Linux's driver is i6300esb. All calls but
 * init and free under the guest's lock. */
#ifndef BULKHEAD_GUEST_I6300ESB_H
#define BULKHEAD_GUEST_I6300ESB_H

#include "guest/pci_emulated.h"

/* What it belongs to; context is the owner. */
struct i6300esb_owner {
    /* The second stage is over; no more of it until the guest reloads the timers, nor more than once a second. */
    void (*ran_out)(void *context);
    uint64_t (*now)(const void *context); /* guest time */
    /* Guest time at which the guest was last resumed after a pause, 0: never. What ran then starts its stage again. */
    uint64_t (*resumed)(const void *context);
    void *context;
};

struct i6300esb {
    struct pci_emulated function;
    struct i6300esb_owner owner;
    uint32_t preload[2]; /* of the stages: 20 bits */
    unsigned stage;
    uint64_t since_ns, due_ns; /* of the stage that runs; due_ns UINT64_MAX: none does */
    uint64_t tell_ns;          /* from then on the owner may be told again */
    unsigned unlocked;         /* words of the two that unlock the registers, seen in their order */
    uint8_t lock;              /* as the guest last wrote it */
    bool interrupt;            /* the first stage is over */
    bool timed_out;            /* the second one was; survives a reset */
};

/* At that device number. STATUS_NO_MEMORY. */
MUST_CHECK enum status i6300esb_init(struct i6300esb *d, const struct i6300esb_owner *owner, unsigned device,
                                     const struct message_router *router);
void i6300esb_free(struct i6300esb *d);

#endif
