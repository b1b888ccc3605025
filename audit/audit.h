/* SPDX-License-Identifier: GPL-2.0-only
 * The isolation auditor: reads the tables that hardware uses (nested, root, context, second-level and interrupt
 * remapping tables, found by the units' own registers) and proves page by page and source id by source id that only the
 * owner reaches each. It shares no code with what builds those tables: formats are from the manuals (Intel SDM 3C 29.3,
 * AMD APM 2 15.25, VT-d 4.1 chapters 3, 5, 9 and 11). It changes nothing. What must be true is given as plain data. */
#ifndef BULKHEAD_AUDIT_AUDIT_H
#define BULKHEAD_AUDIT_AUDIT_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define AUDIT_READ 1u
#define AUDIT_WRITE 2u
#define AUDIT_EXECUTE 4u

/* Owners by number: an index in audit_facts.owners, or one of these. */
#define AUDIT_HOST UINT32_MAX         /* the hypervisor */
#define AUDIT_NOBODY (AUDIT_HOST - 1) /* in findings: nobody, or not known */
#define AUDIT_ALL AUDIT_NOBODY        /* audit_run: every owner, and all that belongs to none */

#define AUDIT_NO_UNIT UINT32_MAX

enum audit_format {
    AUDIT_NO_TABLES, /* the owner has no vCPUs */
    AUDIT_EPT,
    AUDIT_NPT,
    AUDIT_SECOND_LEVEL, /* VT-d's own */
};

/* Who may reach memory. Guests, and for each device that firmware goes on using its own owner with exactly its
 * reserved regions. */
struct audit_owner {
    const char *name;
    enum audit_format format; /* of its vCPUs' tables */
    uint64_t root;            /* host-physical, of the same */
    unsigned levels;          /* 3 to 5 */
    unsigned max_leaf;        /* largest leaf in them: 1 4 KiB, 2 2 MiB, 3 1 GiB */
    uint64_t cpus;            /* host CPUs that its interrupts may go to: a bit each */
};

enum audit_kind {
    AUDIT_RAM,       /* its memory: write-back */
    AUDIT_REGISTERS, /* BARs of its devices: uncached, or as its own PAT says */
    AUDIT_RESERVED,  /* regions that firmware reserved for its devices (RMRR): devices reach them one to one */
    AUDIT_PAGES,     /* pages that the hypervisor made for it */
};

/* Host-physical start..end - 1, page-aligned, that its owner may reach, and how. */
struct audit_range {
    uint64_t start, end;
    uint32_t owner;
    enum audit_kind kind;
    uint8_t cpu, device; /* AUDIT_READ ...: at most these */
};

/* Host-physical memory that nobody may reach; the name is for findings. */
struct audit_forbidden {
    uint64_t start, end;
    const char *name;
};

struct audit_span {
    uint64_t start, end;
};

struct audit_unit {
    uint64_t base; /* of its registers, mapped */
    uint16_t segment;
    bool remapping; /* it must remap interrupts */
};

/* A requester id whose requests a unit translates for its owner. */
struct audit_source {
    uint32_t unit; /* index in units */
    uint16_t rid;
    uint32_t owner;
    bool optional;   /* it need not have a context entry */
    bool device_tlb; /* it may keep translations itself: type 1 is allowed */
};

/* How an interrupt entry may name who sends (VT-d 4.1 9.10: SVT, SQ, SID), and whose it then is; an entry that says
 * anything else is nobody's. */
struct audit_sender {
    uint32_t unit;
    uint8_t svt; /* 1: SID with SQ's bits ignored; 2: bus SID[15:8] to bus SID[7:0] */
    uint8_t sq;
    uint16_t sid;
    uint32_t owner; /* AUDIT_HOST: I/O APICs, HPETs: to any CPU */
};

/* A posted-interrupt descriptor, 64 bytes of hypervisor memory. */
struct audit_posted {
    uint64_t at;
    uint32_t owner;
};

/* Every array is sorted by its first members, in the order in which the structure lists them. Ranges, forbidden ranges
 * and spans do not overlap, within their array or another's: the audit checks all of that first. */
struct audit_facts {
    const struct audit_owner *owners;
    size_t owner_count;
    const struct audit_range *ranges;
    size_t range_count;
    const struct audit_forbidden *forbidden;
    size_t forbidden_count;
    const struct audit_span *memory; /* the hypervisor's: where tables and descriptors may be */
    size_t memory_count;
    const struct audit_unit *units;
    size_t unit_count;
    const struct audit_source *sources;
    size_t source_count;
    const struct audit_sender *senders;
    size_t sender_count;
    const struct audit_posted *posted;
    size_t posted_count;
    const uint32_t *apic_ids; /* of the host's CPUs, at most 64 */
    size_t cpu_count;
    uint8_t vector_first, vector_last; /* that devices' interrupts may have */
    unsigned address_bits;             /* of host-physical addresses */
    uint64_t pat;                      /* the host's IA32_PAT, for AUDIT_NPT */
};

/* What is wrong. Words in audit/finding.c. */
enum audit_code {
    AUDIT_OK,
    AUDIT_BAD_FACTS,         /* the description itself contradicts itself */
    AUDIT_SCRATCH,           /* more tables than the owner's memory can need */
    AUDIT_TRANSLATION_OFF,   /* GSTS.TES is 0 */
    AUDIT_ROOT_UNSET,        /* GSTS.RTPS is 0 */
    AUDIT_ROOT_MODE,         /* extended or scalable root table */
    AUDIT_QUEUE_OFF,         /* GSTS.QIES is 0 */
    AUDIT_REMAPPING_OFF,     /* GSTS.IRES or IRTPS is 0 */
    AUDIT_COMPATIBILITY,     /* GSTS.CFIS is 1 */
    AUDIT_REGISTER_RESERVED, /* reserved bits in an address register */
    AUDIT_TABLE_PLACE,       /* a table is not in hypervisor memory */
    AUDIT_TABLE_SHARED,      /* a table page has two users */
    AUDIT_TABLE_TWICE,       /* reached twice: a cycle, or two parents */
    AUDIT_ROOT_RESERVED,     /* reserved bits in a root entry */
    AUDIT_CONTEXT_RESERVED,  /* reserved bits in a context entry */
    AUDIT_CONTEXT_TYPE,      /* translation type is not "untranslated requests only", nor allowed to be another */
    AUDIT_CONTEXT_WIDTH,     /* address width that the unit cannot do */
    AUDIT_CONTEXT_STRANGER,  /* entry of a source id of no owner */
    AUDIT_CONTEXT_MISSING,   /* no entry for an owner's source id */
    AUDIT_DOMAIN_ID,         /* domain id out of range, or of two tables in one unit */
    AUDIT_TREE_SHARED,       /* source ids of two owners lead to one table */
    AUDIT_ENTRY_RESERVED,    /* reserved bits, or a combination that is not allowed, in a paging entry */
    AUDIT_LEAF_SIZE,         /* larger leaf than the CPU or unit may use */
    AUDIT_LEAF_STRANGER,     /* leaf reaches memory that is not its owner's */
    AUDIT_LEAF_FORBIDDEN,    /* leaf reaches memory that nobody may reach */
    AUDIT_LEAF_OTHER,        /* leaf reaches another owner's memory */
    AUDIT_LEAF_RIGHTS,       /* more rights than allowed there */
    AUDIT_LEAF_TYPE,         /* memory type that is not allowed there */
    AUDIT_LEAF_IDENTITY,     /* reserved region not mapped one to one for devices */
    AUDIT_LEAF_WINDOW,       /* device addresses in the interrupt window 0xfee00000-0xfeefffff */
    AUDIT_IRTE_RESERVED,     /* reserved bits in an interrupt entry */
    AUDIT_IRTE_UNVALIDATED,  /* SVT is 0 or reserved: any source may use it */
    AUDIT_IRTE_SOURCE,       /* validated, but for nobody's source id */
    AUDIT_IRTE_DELIVERY,     /* not fixed or lowest priority, or logical destination */
    AUDIT_IRTE_CPU,          /* goes to a CPU that the owner may not interrupt */
    AUDIT_IRTE_VECTOR,       /* a vector that devices may not have, or that another owner has on that CPU */
    AUDIT_IRTE_POSTED,       /* not one of the owner's descriptors */
    AUDIT_IRTE_NOTIFY,       /* descriptor notifies a CPU that is not the owner's */
    AUDIT_VCPU_OFF,          /* a vCPU would run without nested tables */
    AUDIT_VCPU_ROOT,         /* a vCPU would run on tables that are not the owner's */
    AUDIT_VCPU_MODE,         /* a vCPU's pointer says another depth, memory type, or reserved bits */
    AUDIT_CODES
};

struct audit_finding {
    enum audit_code code;
    uint32_t unit;  /* or AUDIT_NO_UNIT */
    uint32_t owner; /* or AUDIT_NOBODY, AUDIT_HOST */
    uint32_t other; /* likewise: whose memory it is, who else uses it */
    bool has_source;
    uint16_t source;
    unsigned level;   /* of a table, 1 the lowest; 0: none */
    uint64_t address; /* guest-physical or device address; bus and devfn; index of an interrupt entry */
    uint64_t value;   /* host-physical address or raw bits: what was found there */
    const char *name; /* of forbidden memory, or what of the facts is wrong; or NULL */
};

#define AUDIT_FINDINGS_MAX 32

struct audit_result {
    struct audit_finding findings[AUDIT_FINDINGS_MAX];
    size_t found;                /* all, also those that did not fit */
    uint32_t codes[AUDIT_CODES]; /* how many of each */
    uint64_t tables;             /* table pages of all kinds read */
    uint64_t nested, second;     /* pages of 4 KiB reached by vCPUs and by devices */
    uint64_t leaves;             /* leaves of both */
    uint64_t contexts, entries;  /* present context and interrupt entries */
};

/* How a CPU finds a vCPU's nested tables, read where the CPU reads it. */
struct audit_vcpu {
    unsigned index;   /* in its owner */
    bool nested;      /* nested tables are in use at all */
    uint64_t pointer; /* EPTP, or nCR3 */
};

/* Receives a text, a line a call, without line end. */
struct audit_writer {
    void (*line)(void *context, const char *text);
    void *context;
};

/* Bytes that audit_run wants to work in, for these facts and this owner or AUDIT_ALL. */
size_t audit_scratch_bytes(const struct audit_facts *facts, uint32_t owner);

/* Audit one owner (its tables, source ids and interrupt entries) or AUDIT_ALL. `out`, when not NULL, receives what
 * each owner reaches (docs/audit.md). True: nothing found. Tables of owners audited must not change meanwhile.
 * scratch: 16-byte aligned, audit_scratch_bytes(). */
MUST_CHECK bool audit_run(const struct audit_facts *facts, uint32_t owner, void *scratch, size_t scratch_bytes,
                          const struct audit_writer *out, struct audit_result *result);

/* Does the vCPU run on the tables that audit_run() walks for that owner? False: no, and *finding. Pure. */
MUST_CHECK bool audit_vcpu_check(const struct audit_facts *facts, uint32_t owner, const struct audit_vcpu *vcpu,
                                 struct audit_finding *finding);

/* One verdict line, then a line for each finding, all key=value (docs/audit.md). ns: how long it took. */
void audit_print(const struct audit_facts *facts, uint32_t owner, const struct audit_result *result, uint64_t ns,
                 const struct audit_writer *out);

/* The line of one finding alone. */
void audit_print_finding(const struct audit_facts *facts, const struct audit_finding *finding,
                         const struct audit_writer *out);

/* One finding in words, without "audit: "; returns the full length. */
size_t audit_finding_text(const struct audit_facts *facts, const struct audit_finding *finding, char *out, size_t size);

/* A short stable word for a code: "leaf-of-another". */
const char *audit_code_text(enum audit_code code);

#endif
