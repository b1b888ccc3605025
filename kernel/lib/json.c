/* SPDX-License-Identifier: GPL-2.0-only
 * Bounded JSON writer. */
#include "kernel/lib/json.h"

#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define NUMBER_SIZE 24
#define REPLACEMENT "\xef\xbf\xbd"

struct json json_make(char *out, size_t size)
{
    out[0] = 0;
    return (struct json){.out = out, .size = size};
}

/* One byte for each open bracket's closing one and the NUL are never used for anything else. */
static void put(struct json *json, const char *bytes, size_t count)
{
    size_t kept = json->depth + 1;
    if (json->full || json->length + kept > json->size || count > json->size - kept - json->length) {
        json->full = true;
        return;
    }
    memcpy(json->out + json->length, bytes, count);
    json->length += count;
}

size_t json_utf8(const uint8_t *bytes, size_t length)
{
    /* By first byte: length, and what the second one may be; all others are 0x80..0xbf. */
    static const struct {
        uint8_t first, last, bytes, low, high;
    } kinds[] = {
        {0x00, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
        {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
        {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
    };
    for (size_t i = 0; length != 0 && i < ARRAY_LENGTH(kinds); i++) {
        if (bytes[0] < kinds[i].first || bytes[0] > kinds[i].last) {
            continue;
        }
        size_t count = kinds[i].bytes;
        if (count > length || (count > 1 && (bytes[1] < kinds[i].low || bytes[1] > kinds[i].high))) {
            return 0;
        }
        for (size_t k = 2; k < count; k++) {
            if (bytes[k] < 0x80 || bytes[k] > 0xbf) {
                return 0;
            }
        }
        return count;
    }
    return 0;
}

static void put_escaped(struct json *json, uint8_t byte)
{
    static const struct {
        char byte, letter;
    } shorts[] = {{'"', '"'}, {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}};
    char text[NUMBER_SIZE] = "\\";
    for (size_t i = 0; i < ARRAY_LENGTH(shorts); i++) {
        if ((uint8_t)shorts[i].byte == byte) {
            text[1] = shorts[i].letter;
            put(json, text, 2);
            return;
        }
    }
    put(json, text, format_text(text, sizeof(text), "\\u%04x", byte));
}

static bool needs_escape(uint8_t byte)
{
    return byte < ' ' || byte == '"' || byte == '\\' || byte == 0x7f;
}

static void put_string(struct json *json, const uint8_t *bytes, size_t length)
{
    put(json, "\"", 1);
    for (size_t at = 0; at < length && !json->full;) {
        size_t count = json_utf8(bytes + at, length - at);
        if (count == 0) {
            put(json, REPLACEMENT, sizeof(REPLACEMENT) - 1);
        } else if (needs_escape(bytes[at])) {
            put_escaped(json, bytes[at]);
        } else {
            put(json, (const char *)bytes + at, count);
        }
        at += count == 0 ? 1 : count;
    }
    put(json, "\"", 1);
}

/* The comma and the key; returns where the member starts. */
static size_t begin(struct json *json, const char *key)
{
    size_t start = json->length;
    char last = start == 0 ? '[' : json->out[start - 1];
    json->full = json->skipped != 0;
    if (last != '{' && last != '[') { /* a string's last character is its quote */
        put(json, ",", 1);
    }
    if (key != NULL) {
        put_string(json, (const uint8_t *)key, strlen(key));
        put(json, ":", 1);
    }
    return start;
}

static void end(struct json *json, size_t start)
{
    if (json->full) {
        json->length = start;
        json->cut = true;
    }
    json->out[json->length] = 0;
}

static void value(struct json *json, const char *key, const char *text, size_t length)
{
    size_t start = begin(json, key);
    put(json, text, length);
    end(json, start);
}

static void enter(struct json *json, const char *key, const char *bracket, char closing)
{
    size_t start = begin(json, key);
    json->full |= json->depth == JSON_DEPTH_MAX;
    put(json, bracket, 1);
    put(json, "", 1); /* its closing bracket's place */
    json->length -= !json->full;
    end(json, start);
    if (json->full) {
        json->skipped++;
    } else {
        json->closing[json->depth++] = closing;
    }
}

void json_object(struct json *json, const char *key)
{
    enter(json, key, "{", '}');
}

void json_array(struct json *json, const char *key)
{
    enter(json, key, "[", ']');
}

void json_close(struct json *json)
{
    if (json->skipped != 0) {
        json->skipped--;
    } else if (json->depth != 0) {
        json->out[json->length++] = json->closing[--json->depth];
        json->out[json->length] = 0;
    }
}

void json_bytes(struct json *json, const char *key, const void *bytes, size_t length)
{
    size_t start = begin(json, key);
    put_string(json, bytes, length);
    end(json, start);
}

void json_text(struct json *json, const char *key, const char *text)
{
    if (text == NULL) {
        json_raw(json, key, "null", 4);
    } else {
        json_bytes(json, key, text, strlen(text));
    }
}

void json_number(struct json *json, const char *key, uint64_t number)
{
    char text[NUMBER_SIZE];
    value(json, key, text, format_text(text, sizeof(text), "%llu", (unsigned long long)number));
}

void json_hex(struct json *json, const char *key, uint64_t number)
{
    char text[NUMBER_SIZE];
    value(json, key, text, format_text(text, sizeof(text), "\"0x%llx\"", (unsigned long long)number));
}

void json_bool(struct json *json, const char *key, bool yes)
{
    value(json, key, yes ? "true" : "false", yes ? 4 : 5);
}

void json_raw(struct json *json, const char *key, const char *text, size_t length)
{
    value(json, key, text, length);
}
