/* SPDX-License-Identifier: GPL-2.0-only
 * The log of what firmware and boot loader measured into the TPM: where the ACPI tables say it is (TCG ACPI
 * Specification 1.2: TPM2 7.3, TCPA 8), and what it holds, in the format with SHA-1 alone or with several algorithms
 * (TCG PC Client Platform Firmware Profile 1.05, 10.2). Outside bytes: nothing in it is believed. Pure. */
#ifndef BULKHEAD_DRIVERS_TPM_LOG_H
#define BULKHEAD_DRIVERS_TPM_LOG_H

#include "kernel/lib/cursor.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define TPM_LOG_BYTES_MAX MIB /* a longer one is cut */
#define TPM_LOG_ALGORITHMS_MAX 8
#define TPM_LOG_DIGEST_MAX 64
#define TPM_LOG_TEXT_SIZE 65
#define TPM_LOG_PCRS 32u

/* Where the log area is, by an ACPI table "TPM2" or "TCPA" (whole, its checksum right). STATUS_NOT_FOUND: the table
 * names none; STATUS_BAD_FORMAT: it is too short. */
MUST_CHECK enum status tpm_log_of_tpm2(const uint8_t *table, size_t length, struct hpa *at, uint64_t *bytes);
MUST_CHECK enum status tpm_log_of_tcpa(const uint8_t *table, size_t length, struct hpa *at, uint64_t *bytes);

struct tpm_log_algorithm {
    uint16_t id; /* TPM_ALG_ID: 0x4 SHA-1, 0xb SHA-256, 0xc SHA-384, 0xd SHA-512 */
    uint16_t bytes;
};

struct tpm_log {
    struct cursor rest;
    bool agile; /* digests of several algorithms in each event */
    struct tpm_log_algorithm algorithms[TPM_LOG_ALGORITHMS_MAX];
    size_t algorithm_count;
};

struct tpm_event {
    uint32_t pcr; /* below TPM_LOG_PCRS */
    uint32_t type;
    uint16_t algorithm;           /* of the digest: SHA-256 where there is one, else the first */
    const uint8_t *digest;        /* in the log */
    size_t digest_bytes;          /* at most TPM_LOG_DIGEST_MAX */
    char text[TPM_LOG_TEXT_SIZE]; /* what is readable at the start of its data, ASCII or UTF-16; may be empty */
};

/* At its first event, which in the second format says what the others look like and is not given out. STATUS_NOT_FOUND:
 * there is no event; STATUS_BAD_FORMAT: that first event is unsound. The bytes must stay. */
MUST_CHECK enum status tpm_log_open(struct tpm_log *log, const uint8_t *bytes, size_t length);

/* The next event. STATUS_NOT_FOUND: there is none (what is behind the last one is blank). STATUS_BAD_FORMAT: what comes
 * is no event, and nothing further can be read. */
MUST_CHECK enum status tpm_log_next(struct tpm_log *log, struct tpm_event *out);

/* "EV_SEPARATOR"; "unknown". */
const char *tpm_log_type_text(uint32_t type);

/* "sha256"; "unknown". */
const char *tpm_log_algorithm_text(uint16_t id);

#endif
