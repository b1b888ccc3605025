/* SPDX-License-Identifier: GPL-2.0-only
 * The measured boot log. */
#include "service/measured.h"

#include "kernel/core/event.h"

static struct {
    const uint8_t *bytes;
    size_t length;
    size_t count;
    bool cut;
    const char *why_not;
} measured = {.why_not = "nobody looked"};

size_t measured_use(const uint8_t *bytes, size_t length)
{
    struct tpm_log log;
    struct tpm_event event;
    enum status status = tpm_log_open(&log, bytes, length);
    measured.bytes = bytes;
    measured.length = length;
    measured.count = 0;
    measured.why_not = NULL;
    while (status == STATUS_OK && (status = tpm_log_next(&log, &event)) == STATUS_OK) {
        measured.count++;
    }
    measured.cut = status == STATUS_BAD_FORMAT;
    if (measured.count == 0) {
        measured.why_not = measured.cut ? "its log is unsound from the start" : "its log is empty";
    }
    return measured.count;
}

void measured_absent(const char *why)
{
    measured_reset();
    measured.why_not = why;
}

void measured_reset(void)
{
    measured.bytes = NULL;
    measured.length = measured.count = 0;
    measured.cut = false;
    measured.why_not = "nobody looked";
}

size_t measured_count(void)
{
    return measured.count;
}

const char *measured_why_not(void)
{
    return measured.why_not;
}

bool measured_is_cut(void)
{
    return measured.cut;
}

enum status measured_at(size_t index, struct tpm_event *out)
{
    struct tpm_log log;
    if (index >= measured.count) {
        return STATUS_NOT_FOUND;
    }
    enum status status = tpm_log_open(&log, measured.bytes, measured.length);
    for (size_t i = 0; status == STATUS_OK && i <= index; i++) {
        status = tpm_log_next(&log, out);
    }
    return status;
}

char *measured_digest_text(const struct tpm_event *event, char text[MEASURED_DIGEST_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < event->digest_bytes; i++) {
        text[2 * i] = digits[event->digest[i] >> 4];
        text[2 * i + 1] = digits[event->digest[i] & 15];
    }
    text[2 * event->digest_bytes] = 0;
    return text;
}

static void tell(const struct tpm_event *event, size_t index)
{
    struct event e;
    char digest[MEASURED_DIGEST_TEXT_SIZE];
    event_begin(&e, EVENT_INFO, "measured");
    json_number(&e.json, "index", index);
    json_number(&e.json, "pcr", event->pcr);
    json_text(&e.json, "event-type", tpm_log_type_text(event->type));
    json_hex(&e.json, "event-code", event->type);
    json_text(&e.json, "algorithm", tpm_log_algorithm_text(event->algorithm));
    json_text(&e.json, "digest", measured_digest_text(event, digest));
    json_text(&e.json, "text", event->text);
    event_end(&e);
}

void measured_tell(void)
{
    struct tpm_log log;
    struct tpm_event event;
    enum status status = measured.count == 0 ? STATUS_NOT_FOUND : tpm_log_open(&log, measured.bytes, measured.length);
    for (size_t i = 0; status == STATUS_OK && i < measured.count && i < MEASURED_EVENTS_MAX; i++) {
        status = tpm_log_next(&log, &event);
        if (status == STATUS_OK) {
            tell(&event, i);
        }
    }
}
