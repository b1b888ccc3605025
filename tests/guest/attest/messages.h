/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt messages of a device, forged. */
#ifndef BULKHEAD_TESTS_GUEST_ATTEST_MESSAGES_H
#define BULKHEAD_TESTS_GUEST_ATTEST_MESSAGES_H

#include "tests/guest/attest/driver.h"

/* By its MSI or MSI-X registers, and by DMA to the interrupt addresses where the driver can; driver NULL: the registers
 * are written, but nobody can make the device send. */
void attest_messages(const struct config_function *f, const struct driver *driver);

#endif
