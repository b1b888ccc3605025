/* SPDX-License-Identifier: GPL-2.0-only
 * Reading the TPM's event log. */
#include "drivers/tpm_log.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define EV_NO_ACTION 3u
#define ALG_SHA1 0x4u
#define ALG_SHA256 0xbu
#define SHA1_BYTES 20u
#define SIGNATURE "Spec ID Event03" /* with its NUL 16 bytes (10.4.5.1) */
#define HEADER_BYTES 8u             /* PCR and type */

#define TPM2_START_METHOD 48u
#define TPM2_METHOD_PARAMETERS 12u
#define TCPA_CLASS 36u

/* --- where it is */

static enum status found(const struct cursor *c, uint64_t address, uint64_t length, struct hpa *at, uint64_t *bytes)
{
    uint64_t end;
    if (c->failed) {
        return STATUS_BAD_FORMAT;
    }
    if (address == 0 || length == 0 || __builtin_add_overflow(address, length, &end)) {
        return STATUS_NOT_FOUND;
    }
    *at = hpa(address);
    *bytes = length;
    return STATUS_OK;
}

/* Tables of revisions before 4 end before these fields. */
enum status tpm_log_of_tpm2(const uint8_t *table, size_t length, struct hpa *at, uint64_t *bytes)
{
    struct cursor c = cursor_make(table, length);
    cursor_take(&c, TPM2_START_METHOD);
    cursor_u32(&c);
    if (c.failed) {
        return STATUS_BAD_FORMAT;
    }
    if (cursor_left(&c) < TPM2_METHOD_PARAMETERS + sizeof(uint32_t) + sizeof(uint64_t)) {
        return STATUS_NOT_FOUND;
    }
    cursor_take(&c, TPM2_METHOD_PARAMETERS);
    uint64_t size = cursor_u32(&c);
    uint64_t address = cursor_u64(&c);
    return found(&c, address, size, at, bytes);
}

enum status tpm_log_of_tcpa(const uint8_t *table, size_t length, struct hpa *at, uint64_t *bytes)
{
    struct cursor c = cursor_make(table, length);
    cursor_take(&c, TCPA_CLASS);
    bool server = cursor_u16(&c) != 0;
    if (server) {
        cursor_u16(&c);
    }
    uint64_t size = server ? cursor_u64(&c) : cursor_u32(&c);
    uint64_t address = cursor_u64(&c);
    return found(&c, address, size, at, bytes);
}

/* --- events */

static bool is_blank(const struct cursor *c)
{
    uint8_t first = cursor_left(c) == 0 ? 0 : c->bytes[c->position];
    for (size_t i = c->position; i < c->length; i++) {
        if (c->bytes[i] != first || (first != 0 && first != 0xff)) {
            return false;
        }
    }
    return true;
}

/* The area's unused rest is zeros or ones: no event has a header and a digest of just those. */
static bool is_end(const struct cursor *c)
{
    struct cursor head = *c;
    if (cursor_left(c) < HEADER_BYTES + SHA1_BYTES + sizeof(uint32_t)) {
        return is_blank(c);
    }
    head = cursor_slice(&head, HEADER_BYTES + SHA1_BYTES + sizeof(uint32_t));
    return is_blank(&head);
}

static size_t bytes_of(const struct tpm_log *log, uint16_t algorithm)
{
    for (size_t i = 0; i < log->algorithm_count; i++) {
        if (log->algorithms[i].id == algorithm) {
            return log->algorithms[i].bytes;
        }
    }
    return 0;
}

static void take_digest(struct tpm_event *e, uint16_t algorithm, const uint8_t *digest, size_t bytes)
{
    if (e->digest == NULL || algorithm == ALG_SHA256) {
        e->algorithm = algorithm;
        e->digest = digest;
        e->digest_bytes = bytes;
    }
}

/* An algorithm that the first event did not name has a length that nobody knows. */
static bool read_digests(struct tpm_log *log, struct cursor *c, struct tpm_event *e)
{
    uint32_t count = cursor_u32(c);
    if (count == 0 || count > log->algorithm_count) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint16_t algorithm = cursor_u16(c);
        size_t bytes = bytes_of(log, algorithm);
        const uint8_t *digest = cursor_take(c, bytes);
        if (bytes == 0 || digest == NULL) {
            return false;
        }
        take_digest(e, algorithm, digest, bytes);
    }
    return true;
}

static bool is_readable(uint8_t byte)
{
    return byte >= ' ' && byte <= '~';
}

/* ASCII, or UTF-16 of ASCII characters: until something else comes. */
static void read_text(struct cursor data, char text[TPM_LOG_TEXT_SIZE])
{
    size_t step = cursor_left(&data) >= 2 && data.bytes[data.position + 1] == 0 ? 2 : 1;
    size_t n = 0;
    while (n + 1 < TPM_LOG_TEXT_SIZE && cursor_left(&data) >= step) {
        const uint8_t *at = cursor_take(&data, step);
        if (!is_readable(at[0]) || (step == 2 && at[1] != 0)) {
            break;
        }
        text[n++] = (char)at[0];
    }
    text[n] = 0;
}

static enum status read_event(struct tpm_log *log, struct tpm_event *out, struct cursor *data)
{
    struct cursor c = log->rest;
    *out = (struct tpm_event){.pcr = 0};
    if (is_end(&c)) {
        return STATUS_NOT_FOUND;
    }
    out->pcr = cursor_u32(&c);
    out->type = cursor_u32(&c);
    if (log->agile && !read_digests(log, &c, out)) {
        return STATUS_BAD_FORMAT;
    }
    if (!log->agile) {
        take_digest(out, ALG_SHA1, cursor_take(&c, SHA1_BYTES), SHA1_BYTES);
    }
    uint32_t size = cursor_u32(&c);
    *data = cursor_slice(&c, size);
    if (c.failed || data->failed || out->pcr >= TPM_LOG_PCRS) {
        return STATUS_BAD_FORMAT;
    }
    read_text(*data, out->text);
    log->rest = c;
    return STATUS_OK;
}

/* 10.4.5.1: signature, platform class, versions, size of UINTN, then the algorithms. */
static enum status read_specification(struct tpm_log *log, struct cursor data)
{
    cursor_take(&data, sizeof(SIGNATURE) + sizeof(uint32_t) + 4);
    uint32_t count = cursor_u32(&data);
    if (data.failed || count == 0 || count > TPM_LOG_ALGORITHMS_MAX) {
        return STATUS_BAD_FORMAT;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct tpm_log_algorithm a = {.id = cursor_u16(&data)};
        a.bytes = cursor_u16(&data);
        if (data.failed || a.bytes == 0 || a.bytes > TPM_LOG_DIGEST_MAX || bytes_of(log, a.id) != 0) {
            return STATUS_BAD_FORMAT;
        }
        log->algorithms[log->algorithm_count++] = a;
    }
    log->agile = true;
    return STATUS_OK;
}

enum status tpm_log_open(struct tpm_log *log, const uint8_t *bytes, size_t length)
{
    struct tpm_event first;
    struct cursor data = {0};
    *log = (struct tpm_log){.rest = cursor_make(bytes, length)};
    const struct cursor start = log->rest;
    enum status status = read_event(log, &first, &data);
    if (status != STATUS_OK) {
        return status;
    }
    bool says = first.type == EV_NO_ACTION && first.pcr == 0 && cursor_left(&data) >= sizeof(SIGNATURE) &&
                memcmp(data.bytes + data.position, SIGNATURE, sizeof(SIGNATURE)) == 0;
    if (says) {
        return read_specification(log, data);
    }
    log->rest = start;
    return STATUS_OK;
}

enum status tpm_log_next(struct tpm_log *log, struct tpm_event *out)
{
    struct cursor data = {0};
    return read_event(log, out, &data);
}

/* --- words */

const char *tpm_log_type_text(uint32_t type)
{
    static const char *const plain[] = {"EV_PREBOOT_CERT",
                                        "EV_POST_CODE",
                                        "unknown",
                                        "EV_NO_ACTION",
                                        "EV_SEPARATOR",
                                        "EV_ACTION",
                                        "EV_EVENT_TAG",
                                        "EV_S_CRTM_CONTENTS",
                                        "EV_S_CRTM_VERSION",
                                        "EV_CPU_MICROCODE",
                                        "EV_PLATFORM_CONFIG_FLAGS",
                                        "EV_TABLE_OF_DEVICES",
                                        "EV_COMPACT_HASH",
                                        "EV_IPL",
                                        "EV_IPL_PARTITION_DATA",
                                        "EV_NONHOST_CODE",
                                        "EV_NONHOST_CONFIG",
                                        "EV_NONHOST_INFO",
                                        "EV_OMIT_BOOT_DEVICE_EVENTS"};
    static const char *const efi[] = {"unknown",
                                      "EV_EFI_VARIABLE_DRIVER_CONFIG",
                                      "EV_EFI_VARIABLE_BOOT",
                                      "EV_EFI_BOOT_SERVICES_APPLICATION",
                                      "EV_EFI_BOOT_SERVICES_DRIVER",
                                      "EV_EFI_RUNTIME_SERVICES_DRIVER",
                                      "EV_EFI_GPT_EVENT",
                                      "EV_EFI_ACTION",
                                      "EV_EFI_PLATFORM_FIRMWARE_BLOB",
                                      "EV_EFI_HANDOFF_TABLES",
                                      "EV_EFI_PLATFORM_FIRMWARE_BLOB2",
                                      "EV_EFI_HANDOFF_TABLES2",
                                      "EV_EFI_VARIABLE_BOOT2"};
    const uint32_t efi_base = UINT32_C(0x80000000);
    if (type < ARRAY_LENGTH(plain)) {
        return plain[type];
    }
    if (type >= efi_base && type - efi_base < ARRAY_LENGTH(efi)) {
        return efi[type - efi_base];
    }
    return type == efi_base + 0x10   ? "EV_EFI_HCRTM_EVENT"
           : type == efi_base + 0xe0 ? "EV_EFI_VARIABLE_AUTHORITY"
                                     : "unknown";
}

const char *tpm_log_algorithm_text(uint16_t id)
{
    switch (id) {
    case ALG_SHA1:
        return "sha1";
    case ALG_SHA256:
        return "sha256";
    case 0xc:
        return "sha384";
    case 0xd:
        return "sha512";
    case 0x12:
        return "sm3-256";
    default:
        return "unknown";
    }
}
