/* SPDX-License-Identifier: GPL-2.0-only
 * Bounded printf subset. */
#include "kernel/lib/format.h"

#include "kernel/lib/string.h"
#include "kernel/lib/types.h"

#define DIGITS_MAX 20 /* of UINT64_MAX in decimal */

struct output {
    char *at;
    size_t size;
    size_t length; /* of the whole text, whether it fits or not */
};

/* One conversion: %[-][0][width][.precision][l|ll|z]letter */
struct conversion {
    bool left, zero, has_precision, precision_given, wide; /* precision_given: by an argument, ".*" */
    size_t width, precision;
    char letter;
};

static void put(struct output *out, char c)
{
    if (out->length + 1 < out->size) {
        out->at[out->length] = c;
    }
    out->length++;
}

static void put_many(struct output *out, char c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(out, c);
    }
}

static void put_bytes(struct output *out, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(out, bytes[i]);
    }
}

static size_t parse_number(const char **at)
{
    size_t n = 0;
    while (**at >= '0' && **at <= '9') {
        n = n * 10 + (size_t)(**at - '0');
        (*at)++;
    }
    return n;
}

/* Parse what follows '%'; *at ends up at the conversion letter. All lengths with a letter are 64 bits on x86-64. */
static struct conversion parse(const char **at)
{
    struct conversion c = {0};
    for (; **at == '-' || **at == '0'; (*at)++) {
        c.left |= **at == '-';
        c.zero |= **at == '0';
    }
    c.width = parse_number(at);
    if (**at == '.') {
        (*at)++;
        c.has_precision = true;
        c.precision_given = **at == '*';
        *at += c.precision_given;
        c.precision = parse_number(at);
    }
    for (; **at == 'l' || **at == 'z'; (*at)++) {
        c.wide = true;
    }
    c.letter = **at;
    return c;
}

static void put_text(struct output *out, const struct conversion *c, const char *text)
{
    const char *shown = text == NULL ? "(null)" : text;
    size_t length = c->has_precision ? strnlen(shown, c->precision) : strlen(shown);
    size_t padding = c->width > length ? c->width - length : 0;
    put_many(out, ' ', c->left ? 0 : padding);
    put_bytes(out, shown, length);
    put_many(out, ' ', c->left ? padding : 0);
}

static void put_character(struct output *out, const struct conversion *c, char character)
{
    size_t padding = c->width > 1 ? c->width - 1 : 0;
    put_many(out, ' ', c->left ? 0 : padding);
    put(out, character);
    put_many(out, ' ', c->left ? padding : 0);
}

/* value in base 10 or 16, after prefix ("", "-" or "0x"). */
static void put_number(struct output *out, const struct conversion *c, const char *prefix, uint64_t value,
                       unsigned base)
{
    const char *digits = c->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char reversed[DIGITS_MAX];
    size_t count = 0;
    do {
        reversed[count++] = digits[value % base];
        value /= base;
    } while (value != 0);
    size_t length = strlen(prefix) + count;
    size_t padding = c->width > length ? c->width - length : 0;
    bool zeros = c->zero && !c->left;
    put_many(out, ' ', c->left || zeros ? 0 : padding);
    put_bytes(out, prefix, strlen(prefix));
    put_many(out, '0', zeros ? padding : 0);
    while (count > 0) {
        put(out, reversed[--count]);
    }
    put_many(out, ' ', c->left ? padding : 0);
}

static void put_signed(struct output *out, const struct conversion *c, int64_t value)
{
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    put_number(out, c, value < 0 ? "-" : "", size, 10);
}

/* text is the argument of %s, number that of all others. */
static void put_conversion(struct output *out, const struct conversion *c, const char *text, uint64_t number)
{
    switch (c->letter) {
    case 'c':
        put_character(out, c, (char)number);
        return;
    case 's':
        put_text(out, c, text);
        return;
    case 'd':
    case 'i':
        put_signed(out, c, (int64_t)number);
        return;
    case 'u':
        put_number(out, c, "", number, 10);
        return;
    case 'p':
        put_number(out, c, "0x", number, 16);
        return;
    default: /* x, X */
        put_number(out, c, "", number, 16);
        return;
    }
}

size_t format_text_v(char *out, size_t size, const char *fmt, va_list args)
{
    struct output output = {.at = out, .size = size};
    for (const char *at = fmt; *at != 0; at++) {
        if (*at != '%') {
            put(&output, *at);
            continue;
        }
        const char *raw = at++;
        struct conversion c = parse(&at);
        if (c.precision_given) {
            int precision = va_arg(args, int);
            c.has_precision = precision >= 0;
            c.precision = precision >= 0 ? (size_t)precision : 0;
        }
        switch (c.letter) {
        case '%':
            put(&output, '%');
            break;
        case 's':
            put_conversion(&output, &c, va_arg(args, const char *), 0);
            break;
        case 'c':
            put_conversion(&output, &c, NULL, (uint64_t)va_arg(args, int));
            break;
        case 'd':
        case 'i':
            put_conversion(&output, &c, NULL, (uint64_t)(c.wide ? va_arg(args, int64_t) : va_arg(args, int)));
            break;
        case 'u':
        case 'x':
        case 'X':
            put_conversion(&output, &c, NULL, c.wide ? va_arg(args, uint64_t) : va_arg(args, unsigned));
            break;
        case 'p':
            put_conversion(&output, &c, NULL, (uintptr_t)va_arg(args, void *));
            break;
        default:
            at -= c.letter == 0; /* the loop goes on at the end of the text */
            put_bytes(&output, raw, (size_t)(at + 1 - raw));
        }
    }
    if (size > 0) {
        out[output.length < size ? output.length : size - 1] = 0;
    }
    return output.length;
}

size_t format_text(char *out, size_t size, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    size_t length = format_text_v(out, size, fmt, args);
    va_end(args);
    return length;
}

void format_line_put(struct format_line *line, const char *fmt, ...)
{
    size_t used = line->length < line->size ? line->length : line->size;
    va_list args;
    va_start(args, fmt);
    line->length += format_text_v(line->out + used, line->size - used, fmt, args);
    va_end(args);
}
