/* SPDX-License-Identifier: GPL-2.0-only
 * VT-d 4.1 chapter 11 (registers), chapter 9 (structures), 6.5.2 (descriptors), 7.1.3 (fault reasons): the numbers the
 * model uses, written down a second time on purpose, so that a slip in the driver's list shows. */
#ifndef BULKHEAD_MODEL_VTD_MODEL_SPEC_H
#define BULKHEAD_MODEL_VTD_MODEL_SPEC_H

#include "kernel/lib/bits.h"

/* GCMD and GSTS (11.4.4.1, 11.4.4.2). */
#define GC_TE BIT32(31)
#define GC_SRTP BIT32(30)
#define GC_SFL BIT32(29)
#define GC_EAFL BIT32(28)
#define GC_WBF BIT32(27)
#define GC_QIE BIT32(26)
#define GC_IRE BIT32(25)
#define GC_SIRTP BIT32(24)
#define GC_CFI BIT32(23)
#define GC_ENABLES (GC_TE | GC_EAFL | GC_QIE | GC_IRE | GC_CFI)
#define GC_ONE_SHOT (GC_SRTP | GC_SFL | GC_WBF | GC_SIRTP)

/* CAP (11.4.2). */
#define CAP_ND(c) bits_get((c), 2, 0)
#define CAP_RWBF(c) bits_get((c), 4, 4)
#define CAP_PLMR(c) bits_get((c), 5, 5)
#define CAP_PHMR(c) bits_get((c), 6, 6)
#define CAP_CM(c) bits_get((c), 7, 7)
#define CAP_SAGAW(c) bits_get((c), 12, 8)
#define CAP_MGAW(c) bits_get((c), 21, 16)
#define CAP_FRO(c) bits_get((c), 33, 24)
#define CAP_SLLPS(c) bits_get((c), 37, 34)
#define CAP_PSI(c) bits_get((c), 39, 39)
#define CAP_NFR(c) bits_get((c), 47, 40)
#define CAP_MAMV(c) bits_get((c), 53, 48)
#define CAP_DWD(c) bits_get((c), 54, 54)
#define CAP_DRD(c) bits_get((c), 55, 55)
#define CAP_PI(c) bits_get((c), 59, 59)
#define CAP_ESIRTPS(c) bits_get((c), 62, 62)
#define CAP_ESRTPS(c) bits_get((c), 63, 63)

/* ECAP (11.4.3). */
#define ECAP_C(e) bits_get((e), 0, 0)
#define ECAP_QI(e) bits_get((e), 1, 1)
#define ECAP_DT(e) bits_get((e), 2, 2)
#define ECAP_IR(e) bits_get((e), 3, 3)
#define ECAP_EIM(e) bits_get((e), 4, 4)
#define ECAP_PT(e) bits_get((e), 6, 6)
#define ECAP_SC(e) bits_get((e), 7, 7)
#define ECAP_IRO(e) bits_get((e), 17, 8)
#define ECAP_MHMV(e) bits_get((e), 23, 20)

/* FSTS (11.4.7.1). */
#define FS_PFO BIT32(0)
#define FS_PPF BIT32(1)
#define FS_IQE BIT32(4)
#define FS_ICE BIT32(5)
#define FS_ITE BIT32(6)
#define FS_CLEARABLE (FS_PFO | FS_IQE | FS_ICE | FS_ITE)

/* FECTL and IECTL. */
#define CTL_IM BIT32(31)
#define CTL_IP BIT32(30)

/* PMEN (11.4.8.1). */
#define PMEN_EPM BIT32(31)
#define PMEN_PRS BIT32(0)

/* Bit 63 of CCMD (ICC) and of the IOTLB register (IVT). */
#define INVALIDATE_GO BIT64(63)

/* Granularities of context-cache and IOTLB invalidation, in registers and descriptors. */
enum { GRAIN_GLOBAL = 1, GRAIN_DOMAIN = 2, GRAIN_NARROW = 3 };

/* Descriptor types (6.5.2). */
enum { DESC_CONTEXT = 1, DESC_IOTLB = 2, DESC_DEVICE_TLB = 3, DESC_IRTE = 4, DESC_WAIT = 5 };

/* Fault reasons, legacy mode (7.1.3) and interrupt remapping (5.1.4.1). */
enum {
    FAULT_ROOT_ABSENT = 0x1,
    FAULT_CONTEXT_ABSENT = 0x2,
    FAULT_CONTEXT_INVALID = 0x3,
    FAULT_BEYOND_WIDTH = 0x4,
    FAULT_NO_WRITE = 0x5,
    FAULT_NO_READ = 0x6,
    FAULT_PAGE_TABLE_ACCESS = 0x7,
    FAULT_ROOT_ACCESS = 0x8,
    FAULT_CONTEXT_ACCESS = 0x9,
    FAULT_ROOT_RESERVED = 0xa,
    FAULT_CONTEXT_RESERVED = 0xb,
    FAULT_PAGE_RESERVED = 0xc,
    FAULT_TRANSLATED = 0xd, /* a translation or translated request that the context entry does not allow */
    FAULT_REQUEST_RESERVED = 0x20,
    FAULT_INDEX_BEYOND = 0x21,
    FAULT_IRTE_ABSENT = 0x22,
    FAULT_IRTE_ACCESS = 0x23,
    FAULT_IRTE_RESERVED = 0x24,
    FAULT_COMPATIBILITY = 0x25,
    FAULT_SOURCE = 0x26,
    FAULT_POST_ACCESS = 0x27,   /* the posted-interrupt descriptor cannot be reached */
    FAULT_POST_RESERVED = 0x28, /* reserved bits in it */
};

#define INTERRUPT_FIRST UINT64_C(0xfee00000)
#define INTERRUPT_LAST UINT64_C(0xfeefffff)

#endif
