/* SPDX-License-Identifier: GPL-2.0-only
 * Capability registers of units that exist (VT-d 4.1 11.4.2, 11.4.3). */
#include "tests/model/vtd_model_internal.h"

struct vtd_model_config vtd_model_qemu(void)
{
    return (struct vtd_model_config){
        .version = 0x10,
        .cap = UINT64_C(0xd2008c22260286),
        .ecap = UINT64_C(0xf00f4a),
        .haw = 39,
        .pmr_shift = 21,
        .collapse_faults = true,
    };
}

struct vtd_model_config vtd_model_server(void)
{
    uint64_t cap = bits_make(6, 2, 0) |      /* ND: 65536 domains */
                   BIT64(5) | BIT64(6) |     /* PLMR, PHMR */
                   bits_make(4, 12, 8) |     /* SAGAW: 48-bit, 4 levels */
                   bits_make(47, 21, 16) |   /* MGAW: 48 bits */
                   bits_make(0x22, 33, 24) | /* FRO */
                   bits_make(3, 37, 34) |    /* SLLPS: 2 MiB, 1 GiB */
                   BIT64(39) |               /* PSI */
                   bits_make(7, 47, 40) |    /* NFR: 8 records */
                   bits_make(18, 53, 48) |   /* MAMV */
                   BIT64(54) | BIT64(55) |   /* DWD, DRD */
                   BIT64(59);                /* PI */
    uint64_t ecap = BIT64(1) | BIT64(2) |    /* QI, DT */
                    BIT64(3) | BIT64(4) |    /* IR, EIM */
                    BIT64(6) | BIT64(7) |    /* PT, SC; C = 0 */
                    bits_make(0x50, 17, 8) | /* IRO */
                    bits_make(15, 23, 20);   /* MHMV */
    return (struct vtd_model_config){.version = 0x10, .cap = cap, .ecap = ecap, .haw = 46, .pmr_shift = 21};
}

/* Bochs has no CPU caches (C), no processor with posted interrupts (PI) and, but for some of ours, no device with a TLB
 * (DT). */
struct vtd_model_config vtd_model_full(void)
{
    struct vtd_model_config config = vtd_model_server();
    config.cap &= ~BIT64(59);
    config.ecap = (config.ecap | BIT64(0)) & ~BIT64(2);
    config.haw = 40;
    return config;
}

struct vtd_model_config vtd_model_ats(void)
{
    struct vtd_model_config config = vtd_model_full();
    config.ecap |= BIT64(2);
    return config;
}

struct vtd_model_config vtd_model_unremapped(void)
{
    struct vtd_model_config config = vtd_model_full();
    config.ecap &= ~(BIT64(3) | BIT64(4));
    return config;
}

struct vtd_model_config vtd_model_minimal(void)
{
    uint64_t cap = BIT64(4) |                          /* RWBF; ND = 0: 16 domains */
                   BIT64(5) |                          /* PLMR */
                   bits_make(2, 12, 8) |               /* SAGAW: 39-bit, 3 levels */
                   bits_make(35, 21, 16) |             /* MGAW: 36 bits */
                   bits_make(0x20, 33, 24);            /* FRO; NFR = 0: 1 record; no PSI, no superpages */
    uint64_t ecap = BIT64(0) | bits_make(0x10, 17, 8); /* C, IRO */
    return (struct vtd_model_config){.version = 0x10, .cap = cap, .ecap = ecap, .haw = 36, .pmr_shift = 20};
}
