/* SPDX-License-Identifier: GPL-2.0-only
 * Register offsets and register bits of a remapping unit (VT-d 4.1 11.4). */
#ifndef BULKHEAD_VTD_REGS_H
#define BULKHEAD_VTD_REGS_H

#include "kernel/lib/bits.h"

/* Offsets in bytes from the unit's register base. The fault records and the IOTLB registers are elsewhere:
 * struct vtd_caps says where. */
enum vtd_reg {
    VTD_VER = 0x00,      /* 32: version, major 7:4, minor 3:0 */
    VTD_CAP = 0x08,      /* 64: capabilities */
    VTD_ECAP = 0x10,     /* 64: extended capabilities */
    VTD_GCMD = 0x18,     /* 32: global command, write-only */
    VTD_GSTS = 0x1c,     /* 32: global status, read-only */
    VTD_RTADDR = 0x20,   /* 64: root table address */
    VTD_CCMD = 0x28,     /* 64: context command: register-based context-cache invalidation */
    VTD_FSTS = 0x34,     /* 32: fault status */
    VTD_FECTL = 0x38,    /* 32: fault event control */
    VTD_FEDATA = 0x3c,   /* 32: fault event message data */
    VTD_FEADDR = 0x40,   /* 32: fault event message address */
    VTD_FEUADDR = 0x44,  /* 32: fault event message upper address */
    VTD_PMEN = 0x64,     /* 32: protected memory enable */
    VTD_PLMBASE = 0x68,  /* 32: protected low memory, first byte */
    VTD_PLMLIMIT = 0x6c, /* 32: protected low memory, last byte */
    VTD_PHMBASE = 0x70,  /* 64: protected high memory, first byte */
    VTD_PHMLIMIT = 0x78, /* 64: protected high memory, last byte */
    VTD_IQH = 0x80,      /* 64: invalidation queue head, bits 18:4 */
    VTD_IQT = 0x88,      /* 64: invalidation queue tail, bits 18:4 */
    VTD_IQA = 0x90,      /* 64: invalidation queue address */
    VTD_IQERCD = 0xb0,   /* 64: invalidation queue error record */
    VTD_IRTA = 0xb8,     /* 64: interrupt remapping table address */
};

/* Offsets from vtd_caps.iotlb_offset. */
enum vtd_iotlb_reg {
    VTD_IVA = 0x0,   /* 64: invalidate address */
    VTD_IOTLB = 0x8, /* 64: IOTLB invalidate command */
};

/* Global command (VT-d 4.1 11.4.4.1) and, at the same places, global status. */
#define VTD_GCMD_TE BIT32(31)    /* translation enable */
#define VTD_GCMD_SRTP BIT32(30)  /* set root table pointer, one-shot */
#define VTD_GCMD_SFL BIT32(29)   /* set fault log, one-shot */
#define VTD_GCMD_EAFL BIT32(28)  /* enable advanced fault logging */
#define VTD_GCMD_WBF BIT32(27)   /* write buffer flush, one-shot */
#define VTD_GCMD_QIE BIT32(26)   /* queued invalidation enable */
#define VTD_GCMD_IRE BIT32(25)   /* interrupt remapping enable */
#define VTD_GCMD_SIRTP BIT32(24) /* set interrupt remapping table pointer, one-shot */
#define VTD_GCMD_CFI BIT32(23)   /* let compatibility format interrupts through */
/* The status bits that a new command must repeat: all but the one-shot ones. */
#define VTD_GSTS_KEPT UINT32_C(0x96ffffff)

/* Root table address (11.4.5): the mode, bits 11:10, stays 0 = legacy. */
/* Context command (11.4.6.1). */
#define VTD_CCMD_ICC BIT64(63) /* start; clear when done */
/* IOTLB invalidate (11.4.6.3). */
#define VTD_IOTLB_IVT BIT64(63) /* start; clear when done */
#define VTD_IOTLB_DR BIT64(49)  /* drain reads */
#define VTD_IOTLB_DW BIT64(48)  /* drain writes */

/* Fault status (11.4.7.1). */
#define VTD_FSTS_PFO BIT32(0) /* a fault found no free record; write 1 to clear */
#define VTD_FSTS_PPF BIT32(1) /* some record has F set; read-only */
#define VTD_FSTS_AFO BIT32(2) /* advanced fault overflow; write 1 to clear */
#define VTD_FSTS_APF BIT32(3) /* advanced pending fault; write 1 to clear */
#define VTD_FSTS_IQE BIT32(4) /* the descriptor at the queue's head is bad; write 1 to clear */
#define VTD_FSTS_ICE BIT32(5) /* an unexpected device-TLB completion came; write 1 to clear */
#define VTD_FSTS_ITE BIT32(6) /* a device-TLB invalidation timed out; write 1 to clear */
/* Bits 15:8 FRI: the first record to read. */

/* Fault event control (11.4.7.2). */
#define VTD_FECTL_IM BIT32(31) /* masked */
#define VTD_FECTL_IP BIT32(30) /* a message is pending */

/* Protected memory enable (11.4.8.1). */
#define VTD_PMEN_EPM BIT32(31) /* enable both regions */
#define VTD_PMEN_PRS BIT32(0)  /* they are in force */

/* Interrupt remapping table address (VT-d 5.10 11.4.10): base 63:12, S 3:0 = 2^(S+1) entries. */
#define VTD_IRTA_EIME BIT64(11) /* extended interrupt mode: 32-bit APIC ids */

/* Interrupt requests: no table may map these addresses (3.15). Both included. */
#define VTD_INTERRUPT_FIRST UINT64_C(0xfee00000)
#define VTD_INTERRUPT_LAST UINT64_C(0xfeefffff)

#endif
