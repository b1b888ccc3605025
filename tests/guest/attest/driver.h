/* SPDX-License-Identifier: GPL-2.0-only
 * Devices that the attacker can drive: each moves a few bytes from and to any address on the bus, and sends its
 * interrupt. One device of a kind at a time. */
#ifndef BULKHEAD_TESTS_GUEST_ATTEST_DRIVER_H
#define BULKHEAD_TESTS_GUEST_ATTEST_DRIVER_H

#include "tests/guest/config/config.h"

#define DRIVER_BYTES 64u  /* most that one attempt moves and looks at */
#define DRIVER_MARK 0xd5u /* what frames and buffers hold before: seeing it again means that nothing came */

/* What the device itself made of it. A write that it calls done may still have been blocked on its way. */
enum driver_result { DRIVER_DONE, DRIVER_REFUSED, DRIVER_SILENT };

struct driver {
    const char *name;
    const char *how; /* what an attempt is, for the report */
    unsigned passes; /* times that each target is tried: a unit may drop one of two records that come at once */
    bool (*fits)(const struct config_function *f);
    /* Take the device over, or set it up anew; memory decoding and bus mastering are on. */
    bool (*start)(const struct config_function *f);
    /* Bytes that the device found at `at` into out[], of which as many count as are returned in *bytes. */
    enum driver_result (*read)(uint64_t at, uint8_t out[DRIVER_BYTES], unsigned *bytes);
    enum driver_result (*write)(uint64_t at); /* NULL: it only reads */
    /* Where what it reads cannot be seen (*bytes is 0): does it reach this guest's own RAM? Else NULL. */
    bool (*works)(void);
    /* One write of 4 bytes, as an interrupt message; NULL: this device cannot. */
    enum driver_result (*message)(uint64_t at, uint32_t data);
    /* Send the interrupt, and clear what raised it. */
    void (*raise)(void);
    void (*acknowledge)(void);
    void (*stop)(void);
};

extern const struct driver driver_edu, driver_nvme, driver_ahci, driver_e1000, driver_e1000_ring;

#endif
