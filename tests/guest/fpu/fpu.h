/* SPDX-License-Identifier: GPL-2.0-only
 * Vector and x87 state, loaded and compared in assembly: the compiler uses none of it. */
#ifndef BULKHEAD_TESTS_GUEST_FPU_H
#define BULKHEAD_TESTS_GUEST_FPU_H

#include "kernel/lib/types.h"

#define FPU_REGISTERS 16

/* Fill XMM0..15 from 256 bytes, MXCSR and the x87 control word; read them back. */
void fpu_load_sse(const uint8_t *bytes, uint32_t mxcsr, uint16_t control);
void fpu_store_sse(uint8_t *bytes, uint32_t *mxcsr, uint16_t *control);
/* The same for YMM0..15, 512 bytes; XCR0 must have SSE and AVX. */
void fpu_load_avx(const uint8_t *bytes);
void fpu_store_avx(uint8_t *bytes);
uint64_t fpu_xgetbv(uint32_t index);
/* All that XCR0 has, to and from a 64-byte aligned area that XSAVES compacts. */
void fpu_xsaves(void *area);
void fpu_xrstors(const void *area);
void fpu_xsetbv(uint32_t index, uint64_t value);

#endif
