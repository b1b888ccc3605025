/* SPDX-License-Identifier: GPL-2.0-only
 * Numbers that the assembly and the C of test guests share. */
#ifndef BULKHEAD_TESTS_GUEST_LAYOUT_H
#define BULKHEAD_TESTS_GUEST_LAYOUT_H

#define SELECTOR_CODE32 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_CODE64 0x18
#define SELECTOR_ABSENT 0x20
#define AP_PAGE 0x8000
#define AP_MAX 16
#define AP_STACK_BYTES 8192

#endif
