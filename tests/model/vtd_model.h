/* SPDX-License-Identifier: GPL-2.0-only
 * A strict model of one VT-d remapping unit in legacy mode (VT-d 4.1 chapters 3-11): registers, caches, walks, faults.
 * It is written from the specification, knows nothing of the driver, holds no globals and no heap, and reaches the
 * world through callbacks only, so that host tests and an emulator plugin can share it.
 *
 * Whatever real hardware would let pass but the specification forbids is recorded as a violation. */
#ifndef BULKHEAD_MODEL_VTD_MODEL_H
#define BULKHEAD_MODEL_VTD_MODEL_H

#include "kernel/lib/types.h"

#define VTD_MODEL_IOTLB 512
#define VTD_MODEL_PAGING 128
#define VTD_MODEL_CONTEXTS 256
#define VTD_MODEL_IRTES 256
#define VTD_MODEL_FAULTS 256
#define VTD_MODEL_VIOLATIONS 16
#define VTD_MODEL_TEXT 120

/* Why the unit reads memory. */
enum vtd_model_path {
    VTD_MODEL_TABLE,         /* a table, ECAP.C = 0: sees only what was written back from the CPU's caches */
    VTD_MODEL_TABLE_SNOOPED, /* a table, ECAP.C = 1 */
    VTD_MODEL_QUEUE,         /* the invalidation queue: always coherent */
    VTD_MODEL_DESCRIPTOR,    /* a posted-interrupt descriptor: always coherent */
};

/* How the unit reaches the world. Addresses are host-physical. */
struct vtd_model_io {
    void *context;
    /* Read memory; false when nothing answers there. */
    bool (*read)(void *context, uint64_t address, void *data, size_t bytes, enum vtd_model_path path);
    bool (*write)(void *context, uint64_t address, const void *data, size_t bytes);
    /* The unit's own message-signalled interrupt: an event of its own, or a notification of a posted interrupt. */
    void (*interrupt)(void *context, uint64_t address, uint32_t data);
    /* Chipset write buffers drain: memory reads made without it may be stale when CAP.RWBF; may be NULL. */
    void (*drain)(void *context);
    /* A device is told to forget [address, address + bytes) (bytes UINT64_MAX: all), max_pending as in the descriptor:
     * false when it does not answer, which is a time-out. NULL: every device answers. */
    bool (*invalidate)(void *context, uint16_t sid, uint64_t address, uint64_t bytes, unsigned max_pending);
};

struct vtd_model_config {
    uint32_t version;     /* VER_REG: major 7:4, minor 3:0 */
    uint64_t cap, ecap;   /* CAP_REG and ECAP_REG as software reads them */
    unsigned haw;         /* host address width in bits */
    unsigned pmr_shift;   /* protected regions have this granularity (log2 of bytes) */
    bool hidden_buffer;   /* it needs GCMD.WBF although CAP.RWBF does not say so (an erratum of old chipsets) */
    bool collapse_faults; /* a second fault of a requester with a pending record is dropped (VT-d 4.1 7.2.1) */
};

/* What a test can turn; all zero is a prompt and healthy unit. */
struct vtd_model_knobs {
    unsigned latency;      /* ticks until a command, an invalidation or one descriptor is done */
    uint32_t stuck_gcmd;   /* GCMD bits that never take effect */
    bool stuck_queue;      /* descriptors are never fetched */
    bool stuck_waits;      /* wait descriptors are consumed but never write their status */
    bool stuck_context;    /* CCMD.ICC never clears */
    bool stuck_iotlb;      /* IOTLB.IVT never clears */
    bool stuck_pmen;       /* PMEN.PRS never follows EPM */
    unsigned inject_iqe;   /* the n-th descriptor from now fails with IQE (1 = the next), 0 = none */
    unsigned inject_ite;   /* likewise: a device-TLB invalidation time-out */
    unsigned inject_ice;   /* likewise: a bad device-TLB completion */
    uint16_t inject_sid;   /* source id that IQERCD then names */
    bool stop_after_error; /* nothing is fetched again even after the error is cleared */
};

enum vtd_model_register {
    VTD_R_VER,
    VTD_R_CAP,
    VTD_R_ECAP,
    VTD_R_GCMD,
    VTD_R_GSTS,
    VTD_R_RTADDR,
    VTD_R_CCMD,
    VTD_R_FSTS,
    VTD_R_FECTL,
    VTD_R_FEDATA,
    VTD_R_FEADDR,
    VTD_R_FEUADDR,
    VTD_R_PMEN,
    VTD_R_PLMBASE,
    VTD_R_PLMLIMIT,
    VTD_R_PHMBASE,
    VTD_R_PHMLIMIT,
    VTD_R_IQH,
    VTD_R_IQT,
    VTD_R_IQA,
    VTD_R_ICS,
    VTD_R_IECTL,
    VTD_R_IEDATA,
    VTD_R_IEADDR,
    VTD_R_IEUADDR,
    VTD_R_IQERCD,
    VTD_R_IRTA,
    VTD_R_IVA,
    VTD_R_IOTLB,
    VTD_R_COUNT,
};

/* A 128-bit structure in memory. */
struct vtd_model_pair {
    uint64_t low, high;
};

struct vtd_model_iotlb_entry {
    bool valid;
    uint8_t reason; /* 0, or the fault that CM=1 allows the unit to remember */
    uint8_t shift;  /* 12, 21, 30 */
    uint8_t rights; /* bit 0 read, bit 1 write */
    uint16_t did;
    uint64_t iova, host; /* of the page */
};

/* A cached non-leaf entry: it leads to a table of level `level - 1`. */
struct vtd_model_paging_entry {
    bool valid;
    uint8_t level, rights;
    uint16_t did;
    uint64_t iova; /* start of what the entry spans */
    uint64_t table;
};

struct vtd_model_context_entry {
    bool valid;
    uint8_t reason; /* 0, or a remembered fault (CM=1); then did is 0 */
    uint16_t sid, did;
    struct vtd_model_pair entry;
};

struct vtd_model_irte_entry {
    bool valid;
    uint16_t index;
    struct vtd_model_pair entry;
};

struct vtd_model {
    struct vtd_model_io io;
    struct vtd_model_config config;
    struct vtd_model_knobs knobs;
    uint64_t reg[VTD_R_COUNT];
    bool written[VTD_R_COUNT]; /* by software since reset */
    struct vtd_model_pair fault[VTD_MODEL_FAULTS];
    unsigned fault_next;

    /* What SRTP and SIRTP latched. */
    uint64_t root, irta;
    bool needs_context_flush, needs_iotlb_flush, needs_irte_flush; /* since SRTP, SIRTP */

    /* Commands under way: bit or register, and ticks left. */
    uint32_t gcmd_bit;
    bool gcmd_set;
    unsigned gcmd_left, context_left, iotlb_left, pmen_left, queue_left;
    bool queue_halted;
    bool device_is_silent;  /* one of the device-TLB invalidations before the next wait was not answered ... */
    uint16_t silent_device; /* ... by this one */

    struct vtd_model_iotlb_entry iotlb[VTD_MODEL_IOTLB];
    struct vtd_model_paging_entry paging[VTD_MODEL_PAGING];
    struct vtd_model_context_entry contexts[VTD_MODEL_CONTEXTS];
    struct vtd_model_irte_entry irtes[VTD_MODEL_IRTES];
    unsigned iotlb_turn, paging_turn, context_turn, irte_turn;

    bool quiet; /* a walk that leaves no trace is under way: no violations, no caching */
    unsigned violations;
    char violation[VTD_MODEL_VIOLATIONS][VTD_MODEL_TEXT];
    uint64_t descriptors, faults_seen, interrupts_sent, posted;
};

/* Presets of what real and emulated units report. */
struct vtd_model_config vtd_model_qemu(void);    /* QEMU 7.2: 39-bit, QI, IR, one fault record, no snoop control */
struct vtd_model_config vtd_model_server(void);  /* 48-bit, 8 fault records, C=0, SC, PI, 1 GiB pages, EIM, PMRs */
struct vtd_model_config vtd_model_minimal(void); /* register-based invalidation only, no IR, 16 domains, RWBF */
struct vtd_model_config vtd_model_full(void);    /* the server's without PI and DT, coherent, 40 address bits: Bochs */
struct vtd_model_config vtd_model_unremapped(void); /* the same without IR and EIM */
struct vtd_model_config vtd_model_ats(void);        /* vtd_model_full() with DT */

/* Power-on state. */
void vtd_model_reset(struct vtd_model *m, const struct vtd_model_config *config, const struct vtd_model_io *io);
/* Bytes of the register window, a multiple of 4 KiB. */
uint64_t vtd_model_window(const struct vtd_model *m);

/* One access of software; width is 4 or 8 bytes. Every access is also a tick. */
uint64_t vtd_model_mmio_read(struct vtd_model *m, uint64_t offset, unsigned width);
void vtd_model_mmio_write(struct vtd_model *m, uint64_t offset, unsigned width, uint64_t value);
/* Time passes: commands under way come one step closer to their end. */
void vtd_model_tick(struct vtd_model *m);

enum vtd_model_outcome {
    VTD_MODEL_PASSED,    /* goes to memory at *host */
    VTD_MODEL_BLOCKED,   /* aborted; a fault may have been recorded */
    VTD_MODEL_INTERRUPT, /* a write to 0xFEEx_xxxx: an interrupt request, for vtd_model_interrupt() */
};

/* A device's memory request. Uses and fills the caches, records faults. */
enum vtd_model_outcome vtd_model_translate(struct vtd_model *m, uint16_t sid, uint64_t address, bool write,
                                           uint64_t *host);

/* A translation request for the page at address: true with the page's host address, and whether it may be written too,
 * when it may be read. Nothing there is no fault; a context entry that does not allow ATS is one. */
bool vtd_model_ats_translate(struct vtd_model *m, uint16_t sid, uint64_t address, uint64_t *host, bool *write);

/* A translated request: only the context entry is looked at. */
bool vtd_model_ats_access(struct vtd_model *m, uint16_t sid, uint64_t host);

/* The same question put to the tables in memory alone: no caches, no faults, no trace. True: it reaches *host. */
bool vtd_model_may(struct vtd_model *m, uint16_t sid, uint64_t address, bool write, uint64_t *host);

/* The same question answered as the hardware would now, stale caches included, and leaving no trace. */
bool vtd_model_may_now(struct vtd_model *m, uint16_t sid, uint64_t address, bool write, uint64_t *host);

/* Call visit for every leaf that the tables give to sid. Returns false when translation is off or the device is
 * passed through (then it reaches everything and visit is not called). */
typedef void vtd_model_visit(void *context, uint64_t iova, uint64_t host, uint64_t bytes, bool read, bool write);
bool vtd_model_reach(struct vtd_model *m, uint16_t sid, vtd_model_visit *visit, void *context);

struct vtd_model_message {
    bool posted;         /* it went into a posted descriptor: nothing is left to deliver; else the rest counts */
    uint8_t vector;      /* also the virtual vector of a posted one */
    uint32_t dest;       /* APIC id (x2APIC when EIME, else 8 bits) */
    bool logical;        /* destination mode */
    bool redirect;       /* redirection hint */
    uint8_t delivery;    /* 0 fixed ... 7 ExtINT */
    bool level;          /* trigger mode */
    bool urgent;         /* posted */
    bool notified;       /* posted: io.interrupt was called for it */
    uint64_t descriptor; /* posted: address of the posted-interrupt descriptor */
};

/* A device's interrupt request (32-bit address 0xFEExxxxx, data). False: blocked, a fault may have been recorded. */
bool vtd_model_interrupt(struct vtd_model *m, uint16_t sid, uint32_t address, uint32_t data,
                         struct vtd_model_message *out);

/* Software gives [at, at + bytes) another use. A violation when the unit may still post into it: by an entry in the
 * table, or by one that is cached. */
void vtd_model_reused(struct vtd_model *m, uint64_t at, uint64_t bytes);

/* The first thing that software did wrong, or NULL. */
const char *vtd_model_violation(const struct vtd_model *m);
/* True when a recorded violation contains text. */
bool vtd_model_violated(const struct vtd_model *m, const char *text);
void vtd_model_forgive(struct vtd_model *m);

#endif
