/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes as a TPM event log, and as the ACPI tables that say where it is. */
#include <stdlib.h>
#include <string.h>

#include "drivers/tpm_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct tpm_event *e, const uint8_t *data, size_t size)
{
    bool inside = e->digest >= data && e->digest_bytes != 0 && e->digest_bytes <= TPM_LOG_DIGEST_MAX &&
                  e->digest + e->digest_bytes <= data + size;
    if (!inside || e->pcr >= TPM_LOG_PCRS || strnlen(e->text, sizeof(e->text)) == sizeof(e->text) ||
        tpm_log_type_text(e->type) == NULL || tpm_log_algorithm_text(e->algorithm) == NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tpm_log log;
    struct tpm_event event;
    struct hpa at;
    uint64_t bytes;
    if (tpm_log_of_tpm2(data, size, &at, &bytes) == STATUS_OK && (at.v == 0 || bytes == 0 || at.v + bytes < at.v)) {
        abort();
    }
    if (tpm_log_of_tcpa(data, size, &at, &bytes) == STATUS_OK && (at.v == 0 || bytes == 0 || at.v + bytes < at.v)) {
        abort();
    }
    enum status status = tpm_log_open(&log, data, size);
    for (size_t left = size; status == STATUS_OK && (status = tpm_log_next(&log, &event)) == STATUS_OK;) {
        check(&event, data, size);
        size_t now = cursor_left(&log.rest);
        if (now >= left) {
            abort(); /* it must come to an end */
        }
        left = now;
    }
    return 0;
}
