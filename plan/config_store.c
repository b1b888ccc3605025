/* SPDX-License-Identifier: GPL-2.0-only
 * Checks of single values. */
#include "plan/config_store.h"

#include "kernel/lib/format.h"
#include "kernel/lib/sbdf.h"
#include "kernel/lib/string.h"
#include "plan/network.h"

#define GROUP_PREFIX "group:"
#define CONFIG_SHA256_DIGITS 64

void config_store_wrong_type(struct config_lexer *lx, const struct config_key *key, struct config_position at,
                             const char *found)
{
    char fix[DIAG_TEXT_SIZE];
    format_text(fix, sizeof(fix), "write for example: %s = %s", key->name, key->example);
    config_lexer_error(lx, at, CONFIG_WRONG_TYPE, fix, "'%s' takes %s, not %s", key->name,
                       config_keys_type_text(key->type), found);
}

static void wrong_token(struct config_lexer *lx, const struct config_key *key, const struct config_token *token)
{
    static const char *const names[] = {[CONFIG_TOKEN_STRING] = "a string",
                                        [CONFIG_TOKEN_INTEGER] = "an integer",
                                        [CONFIG_TOKEN_BOOLEAN] = "a boolean"};
    config_store_wrong_type(lx, key, token->at, names[token->type]);
}

static enum config_token_type token_type(enum config_type type)
{
    if (type == CONFIG_INTEGER || type == CONFIG_INTEGERS) {
        return CONFIG_TOKEN_INTEGER;
    }
    return type == CONFIG_BOOLEAN ? CONFIG_TOKEN_BOOLEAN : CONFIG_TOKEN_STRING;
}

static void store_integer(struct config_lexer *lx, const struct config_key *key, const struct config_token *token,
                          struct config_value *value)
{
    if (token->number < 0 || (uint64_t)token->number < key->low || (uint64_t)token->number > key->high) {
        char fix[DIAG_TEXT_SIZE];
        format_text(fix, sizeof(fix), "write a number from %llu to %llu", (unsigned long long)key->low,
                    (unsigned long long)key->high);
        config_lexer_error(lx, token->at, CONFIG_BAD_RANGE, fix, "%lld is outside the limits of '%s'",
                           (long long)token->number, key->name);
        return;
    }
    value->number = (uint64_t)token->number;
}

struct unit {
    const char *name;
    uint64_t size;
};

/* The digits at the start of text; how many there are, or 0 when there is none or the number is beyond 64 bits. */
static size_t read_digits(const char *text, uint64_t *number)
{
    size_t i = 0;
    *number = 0;
    for (; text[i] >= '0' && text[i] <= '9'; i++) {
        if (__builtin_mul_overflow(*number, (uint64_t)10, number) ||
            __builtin_add_overflow(*number, (uint64_t)(text[i] - '0'), number)) {
            return 0;
        }
    }
    return i;
}

static bool apply_unit(const struct unit *units, size_t count, const char *name, uint64_t number, uint64_t *out)
{
    for (size_t k = 0; k < count; k++) {
        if (strcmp(name, units[k].name) == 0) {
            return !__builtin_mul_overflow(number, units[k].size, out);
        }
    }
    return false;
}

/* "512MiB" in bytes; false when malformed or beyond 64 bits. */
static bool read_size(const char *text, uint64_t *out)
{
    static const struct unit units[] = {{"KiB", KIB}, {"MiB", MIB}, {"GiB", GIB}, {"TiB", GIB << 10}};
    uint64_t number;
    size_t digits = read_digits(text, &number);
    return digits != 0 && apply_unit(units, ARRAY_LENGTH(units), text + digits, number, out);
}

/* "10/10ms", or "10/s": the number and microseconds. */
static bool read_rate(const char *text, uint64_t *count, uint64_t *us)
{
    static const struct unit units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"min", 60000000}};
    uint64_t number = 1;
    size_t digits = read_digits(text, count);
    if (digits == 0 || text[digits] != '/') {
        return false;
    }
    const char *time = text + digits + 1;
    bool given = *time >= '0' && *time <= '9';
    digits = given ? read_digits(time, &number) : 0;
    return (!given || digits != 0) && apply_unit(units, ARRAY_LENGTH(units), time + digits, number, us);
}

static void store_rate(struct config_lexer *lx, const struct config_key *key, const struct config_token *token,
                       struct config_value *value)
{
    uint64_t count = 0, us = 0;
    if (!read_rate(token->text, &count, &us)) {
        config_lexer_error(lx, token->at, CONFIG_BAD_RATE,
                           "write a number, '/', and a time in us, ms, s or min: \"10/10ms\", \"100/s\"",
                           "\"%.60s\" is not a number in a time", token->text);
    } else if (count < key->low || count > key->high || us == 0 || us > CONFIG_RATE_US_HIGH) {
        char fix[DIAG_TEXT_SIZE];
        format_text(fix, sizeof(fix), "write a number from %llu to %llu and a time from 1us to 1440min",
                    (unsigned long long)key->low, (unsigned long long)key->high);
        config_lexer_error(lx, token->at, CONFIG_BAD_RANGE, fix, "\"%.60s\" is outside the limits of '%s'", token->text,
                           key->name);
    } else {
        value->number = count << CONFIG_RATE_SHIFT | us;
    }
}

/* A whole number as TOML writes it in tens or, behind 0x, in sixteens; what follows it in *end. */
static bool read_number(const char *text, uint64_t *out, const char **end)
{
    bool hex = text[0] == '0' && text[1] == 'x';
    uint64_t base = hex ? 16 : 10;
    const char *first = text + (hex ? 2 : 0), *p = first;
    *out = 0;
    for (;; p++) {
        char lower = (char)(*p | ('a' - 'A'));
        uint64_t digit = *p >= '0' && *p <= '9'                ? (uint64_t)(*p - '0')
                         : hex && lower >= 'a' && lower <= 'f' ? (uint64_t)(lower - 'a' + 10)
                                                               : UINT64_MAX;
        if (digit == UINT64_MAX) {
            *end = p;
            return p != first;
        }
        if (__builtin_mul_overflow(*out, base, out) || __builtin_add_overflow(*out, digit, out)) {
            return false;
        }
    }
}

static void store_range(struct config_lexer *lx, const struct config_token *token, struct config_value *value)
{
    uint64_t start = 0, size = 0, last = 0;
    const char *rest = "";
    bool good = read_number(token->text, &start, &rest) && *rest == '+' && read_number(rest + 1, &size, &rest) &&
                *rest == 0 && is_aligned(start | size, PAGE_SIZE) && size != 0 &&
                size / PAGE_SIZE <= CONFIG_RANGE_PAGES_MAX && !__builtin_add_overflow(start, size, &last) &&
                last < BIT64(48);
    if (!good) {
        config_lexer_error(lx, token->at, CONFIG_BAD_WATCH,
                           "write where it starts, '+', and its size, both multiples of 0x1000: \"0x1000000+0x200000\"",
                           "\"%.60s\" is not a range of whole pages", token->text);
        return;
    }
    value->number = start / PAGE_SIZE << CONFIG_RANGE_SHIFT | size / PAGE_SIZE;
}

static void store_size(struct config_lexer *lx, const struct config_key *key, const struct config_token *token,
                       struct config_value *value)
{
    uint64_t bytes = 0;
    if (!read_size(token->text, &bytes) || !is_aligned(bytes, PAGE_SIZE)) {
        config_lexer_error(lx, token->at, CONFIG_BAD_SIZE,
                           "write a whole number and a unit, a multiple of 4KiB: \"64KiB\", \"512MiB\", \"4GiB\"",
                           "\"%s\" is not a size", token->text);
    } else if (bytes < key->low || bytes > key->high) {
        char fix[DIAG_TEXT_SIZE];
        format_text(fix, sizeof(fix), "write a size from %lluKiB to %lluTiB", (unsigned long long)(key->low / KIB),
                    (unsigned long long)(key->high / KIB / GIB));
        config_lexer_error(lx, token->at, CONFIG_BAD_RANGE, fix, "\"%s\" is outside the limits of '%s'", token->text,
                           key->name);
    } else {
        value->number = bytes;
    }
}

static void store_device(struct config_lexer *lx, const struct config_token *token, struct config_value *value)
{
    size_t prefix = strlen(GROUP_PREFIX);
    bool group = strncmp(token->text, GROUP_PREFIX, prefix) == 0;
    const char *address = token->text + (group ? prefix : 0);
    struct sbdf at;
    if (!sbdf_parse(address, strlen(address), &at)) {
        config_lexer_error(lx, token->at, CONFIG_BAD_DEVICE,
                           "write segment:bus:device.function, \"0000:3b:00.0\", or \"group:0000:3b:00.0\"",
                           "\"%s\" is not a device's address", token->text);
        return;
    }
    value->number = at.v | (group ? CONFIG_DEVICE_GROUP : 0);
}

/* Exactly four hexadecimal digits. */
static bool read_hex4(const char *text, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < 4; i++) {
        char c = text[i];
        bool digit = c >= '0' && c <= '9';
        char lower = (char)(c | ('a' - 'A'));
        if (!digit && !(lower >= 'a' && lower <= 'f')) {
            return false;
        }
        *out = *out << 4 | (uint32_t)(digit ? c - '0' : lower - 'a' + 10);
    }
    return true;
}

bool config_store_read_id(const char *text, uint64_t *out)
{
    uint32_t vendor = 0, device = 0;
    if (strlen(text) != strlen("8086:28c0") || text[4] != ':' || !read_hex4(text, &vendor) ||
        !read_hex4(text + 5, &device)) {
        return false;
    }
    *out = (uint64_t)vendor << 16 | device;
    return true;
}

static void store_id(struct config_lexer *lx, const struct config_token *token, struct config_value *value)
{
    if (!config_store_read_id(token->text, &value->number)) {
        config_lexer_error(lx, token->at, CONFIG_BAD_ID, "write vendor:device, \"8086:28c0\", as lspci -n prints it",
                           "\"%.60s\" is not a device's id", token->text);
    }
}

static void store_sha256(struct config_lexer *lx, const struct config_token *token)
{
    uint32_t part = 0;
    bool good = strlen(token->text) == CONFIG_SHA256_DIGITS;
    for (size_t i = 0; good && i < CONFIG_SHA256_DIGITS; i += 4) {
        good = read_hex4(token->text + i, &part);
    }
    if (!good) {
        config_lexer_error(lx, token->at, CONFIG_BAD_SHA256, "write the 64 hex digits that sha256sum prints",
                           "\"%.70s\" is not a SHA-256", token->text);
    }
}

static void store_mac(struct config_lexer *lx, const struct config_token *token, struct config_value *value)
{
    if (!network_mac_parse(token->text, &value->number)) {
        config_lexer_error(lx, token->at, CONFIG_BAD_MAC,
                           "write six bytes of two hex digits, the first byte even and not all 0: "
                           "\"52:54:00:12:34:56\"",
                           "\"%.60s\" is not a device's Ethernet address", token->text);
    }
}

/* The word that was meant, or all of them. */
static void suggest_word(const struct config_key *key, const char *wrong, char *fix, size_t size)
{
    size_t used = format_text(fix, size, "write");
    for (size_t i = 0; key->words[i] != NULL; i++) {
        if (config_keys_near(key->words[i], wrong)) {
            format_text(fix, size, "write \"%s\"", key->words[i]);
            return;
        }
        const char *before = i == 0 ? " " : key->words[i + 1] == NULL ? " or " : ", ";
        used += used < size ? format_text(fix + used, size - used, "%s\"%s\"", before, key->words[i]) : 0;
    }
}

static void store_word(struct config_lexer *lx, const struct config_key *key, const struct config_token *token,
                       struct config_value *value)
{
    for (size_t i = 0; key->words[i] != NULL; i++) {
        if (strcmp(key->words[i], token->text) == 0) {
            value->number = i;
            return;
        }
    }
    char fix[DIAG_TEXT_SIZE];
    suggest_word(key, token->text, fix, sizeof(fix));
    config_lexer_error(lx, token->at, CONFIG_BAD_WORD, fix, "\"%.60s\" is none of the words that '%s' takes",
                       token->text, key->name);
}

bool config_store_is_name(const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') {
            return false;
        }
    }
    return length > 0 && length <= CONFIG_NAME_MAX;
}

static void store_string(struct config_lexer *lx, const struct config_key *key, const struct config_token *token,
                         struct config_value *value)
{
    if (key->type == CONFIG_SIZE) {
        store_size(lx, key, token, value);
        return;
    }
    if (key->type == CONFIG_WORD) {
        store_word(lx, key, token, value);
        return;
    }
    if (key->type == CONFIG_RATE) {
        store_rate(lx, key, token, value);
        return;
    }
    if (key->type == CONFIG_RANGES) {
        store_range(lx, token, value);
        return;
    }
    if (key->type == CONFIG_ID) {
        store_id(lx, token, value);
        return;
    }
    if (key->type == CONFIG_SHA256) {
        store_sha256(lx, token);
        return;
    }
    if (key->type == CONFIG_MACS) {
        store_mac(lx, token, value);
        return;
    }
    size_t length = strlen(token->text);
    if (length < key->low || length > key->high) {
        char fix[DIAG_TEXT_SIZE];
        format_text(fix, sizeof(fix), "write %llu to %llu bytes", (unsigned long long)key->low,
                    (unsigned long long)key->high);
        config_lexer_error(lx, token->at, CONFIG_BAD_RANGE, fix, "a string of %zu bytes is outside the limits of '%s'",
                           length, key->name);
    } else if (key->type == CONFIG_DEVICES) {
        store_device(lx, token, value);
    } else if ((key->type == CONFIG_GUEST_NAME || key->type == CONFIG_GUESTS) && !config_store_is_name(token->text)) {
        config_lexer_error(lx, token->at, CONFIG_BAD_NAME, "use a-z, 0-9 and '-', at most 31 characters",
                           "\"%s\" is not a guest's name", token->text);
    }
}

void config_store(struct config_lexer *lx, const struct config_key *key, const struct config_token *token,
                  struct config_value *value)
{
    value->at = token->at;
    if (token->type != token_type(key->type)) {
        wrong_token(lx, key, token);
        return;
    }
    value->text = token->text;
    if (token->type == CONFIG_TOKEN_INTEGER) {
        store_integer(lx, key, token, value);
    } else if (token->type == CONFIG_TOKEN_BOOLEAN) {
        value->number = (uint64_t)token->number;
    } else {
        store_string(lx, key, token, value);
    }
}
