/* SPDX-License-Identifier: GPL-2.0-only
 * Measuring through EFI_TCG2_PROTOCOL. */
#include "boot/efi/measure.h"

#include "boot/efi/firmware.h"
#include "boot/efi/tcg2.h"
#include "boot/efi/tcg_event.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

enum {
    PCR_TEXT = 8,
    PCR_FILES = 9,
    EVENT_IPL = 0xd, /* EV_IPL: what a boot loader loads (TCG PFP 10.4.1) */
    EVENT_BYTES = 400,
    LAST_EVENT_MAX = 65536,
};

static struct {
    struct tcg2_protocol *tpm; /* NULL: none */
} measure;

void measure_start(void)
{
    static const EFI_GUID guid = TCG2_PROTOCOL_GUID;
    measure.tpm = firmware_any_protocol(&guid);
    firmware_say(measure.tpm != NULL ? "TPM: what is loaded is measured (PCR 8, 9)" : "TPM: none");
}

static size_t put(uint8_t *to, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
    return bytes;
}

/* The event's text names what was measured; nobody checks it, the digest is what counts. */
static void extend(unsigned pcr, const char *what, const void *data, size_t bytes)
{
    if (measure.tpm == NULL) {
        return;
    }
    uint8_t event[EVENT_BYTES];
    size_t text_room = sizeof(event) - TCG2_EVENT_HEADER_BYTES;
    size_t text = format_text((char *)event + TCG2_EVENT_HEADER_BYTES, text_room, "bulkhead: %s", what) + 1;
    size_t used = TCG2_EVENT_HEADER_BYTES + (text < text_room ? text : text_room), at = 0;
    at += put(event + at, (uint32_t)used, 4);
    at += put(event + at, TCG2_EVENT_HEADER_BYTES - 4, 4);
    at += put(event + at, 1, 2); /* version of this header */
    at += put(event + at, pcr, 4);
    put(event + at, EVENT_IPL, 4);
    EFI_STATUS done = measure.tpm->hash_log_extend(measure.tpm, 0, (UINT64)(uintptr_t)data, bytes, event);
    if (EFI_ERROR(done)) {
        firmware_say("TPM: measuring %s failed: 0x%llx", what, (unsigned long long)done);
    }
}

void measure_text(const char *what, const char *text)
{
    extend(PCR_TEXT, what, text, strlen(text));
}

void measure_file(const char *what, const struct file_blob *file)
{
    extend(PCR_FILES, what, file->bytes, file->size);
}

bool measure_log(struct file_blob *out)
{
    UINT64 first = 0, last = 0;
    BOOLEAN cut = FALSE;
    if (measure.tpm == NULL ||
        EFI_ERROR(measure.tpm->get_event_log(measure.tpm, TCG2_LOG_AGILE, &first, &last, &cut)) || first == 0 ||
        last < first) {
        return false;
    }
    size_t end = tcg_event_bytes((const void *)(uintptr_t)last, LAST_EVENT_MAX, last == first);
    out->size = (size_t)(last - first) + end;
    out->bytes = end != 0 ? firmware_pages(out->size, EfiLoaderData) : NULL;
    if (out->bytes == NULL) {
        firmware_say("TPM: its event log cannot be read");
        return false;
    }
    memcpy(out->bytes, (const void *)(uintptr_t)first, out->size);
    firmware_say("TPM: event log of %zu bytes%s", out->size, cut ? ", cut by firmware" : "");
    return true;
}
