/* SPDX-License-Identifier: GPL-2.0-only
 * Reader of boot.cfg. */
#include "boot/efi/boot_cfg.h"

#include "kernel/lib/string.h"

#define FIX_LINE "write kernel FILE, cmdline WORDS, module FILE [NAME], sha256 HEX, or a comment behind #"

/* A piece of a line. */
struct piece {
    const char *at;
    size_t length;
};

struct parser {
    struct boot_cfg *out;
    struct boot_cfg_file *last; /* what a sha256 line would pin; NULL: nothing */
    bool has_cmdline;
    struct boot_cfg_error *error;
    unsigned line;
};

static enum status refuse(struct parser *p, const char *what, const char *fix)
{
    *p->error = (struct boot_cfg_error){p->line, what, fix};
    return STATUS_BAD_FORMAT;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void trim(struct piece *s)
{
    while (s->length != 0 && is_blank(s->at[0])) {
        s->at++;
        s->length--;
    }
    while (s->length != 0 && is_blank(s->at[s->length - 1])) {
        s->length--;
    }
}

/* The first word of s, which goes on behind it. */
static struct piece take_word(struct piece *s)
{
    struct piece word = {s->at, 0};
    while (word.length < s->length && !is_blank(s->at[word.length])) {
        word.length++;
    }
    s->at += word.length;
    s->length -= word.length;
    trim(s);
    return word;
}

static bool is(struct piece word, const char *text)
{
    return word.length == strlen(text) && memcmp(word.at, text, word.length) == 0;
}

static bool copy_text(struct piece from, char *to, size_t size)
{
    if (from.length >= size) {
        return false;
    }
    memcpy(to, from.at, from.length);
    to[from.length] = 0;
    return true;
}

static struct piece last_component(struct piece path)
{
    for (size_t i = path.length; i-- > 0;) {
        if (path.at[i] == '/' || path.at[i] == '\\') {
            return (struct piece){path.at + i + 1, path.length - i - 1};
        }
    }
    return path;
}

static enum status read_path(struct parser *p, struct boot_cfg_file *file, struct piece path)
{
    if (path.length == 0 || last_component(path).length == 0) {
        return refuse(p, "no file is named", "write the file's path behind the key");
    }
    if (!copy_text(path, file->path, sizeof(file->path))) {
        return refuse(p, "the path is too long", "use a path below 256 characters");
    }
    file->line = p->line;
    p->last = file;
    return STATUS_OK;
}

static enum status read_kernel(struct parser *p, struct piece rest)
{
    struct piece path = take_word(&rest);
    if (p->out->kernel.line != 0) {
        return refuse(p, "a second kernel", "name one kernel; what else is loaded is a module");
    }
    if (rest.length != 0) {
        return refuse(p, "words behind the kernel's file", "put them on a line of their own: cmdline WORDS");
    }
    return read_path(p, &p->out->kernel, path);
}

static enum status read_module(struct parser *p, struct piece rest)
{
    if (p->out->module_count == BOOT_MODULES_MAX) {
        return refuse(p, "too many modules", "load at most 64");
    }
    struct boot_cfg_file *module = &p->out->modules[p->out->module_count];
    struct piece path = take_word(&rest);
    enum status status = read_path(p, module, path);
    if (status != STATUS_OK) {
        return status;
    }
    if (!copy_text(rest.length != 0 ? rest : last_component(path), module->text, sizeof(module->text))) {
        return refuse(p, "the module's text is too long", "use a text below 1024 characters");
    }
    p->out->module_count++;
    return STATUS_OK;
}

static enum status read_cmdline(struct parser *p, struct piece rest)
{
    if (p->has_cmdline) {
        return refuse(p, "a second cmdline", "put all words on one line");
    }
    if (!copy_text(rest, p->out->cmdline, sizeof(p->out->cmdline))) {
        return refuse(p, "the command line is too long", "use one below 1024 characters");
    }
    p->has_cmdline = true;
    p->last = NULL;
    return STATUS_OK;
}

/* 16: no digit. */
static unsigned hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? (unsigned)(lower - 'a') + 10 : 16;
}

static enum status read_pin(struct parser *p, struct piece rest)
{
    const char *what = "a sha256 line needs 64 hexadecimal digits", *fix = "write what `sha256sum FILE` prints";
    if (p->last == NULL || p->last->pinned) {
        return refuse(p, "a sha256 line with no file before it", "put it on the line below kernel or module");
    }
    if (rest.length != 2 * SHA256_BYTES) {
        return refuse(p, what, fix);
    }
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        unsigned high = hex_digit(rest.at[2 * i]), low = hex_digit(rest.at[2 * i + 1]);
        if (high > 15 || low > 15) {
            return refuse(p, what, fix);
        }
        p->last->sha256[i] = (uint8_t)(high << 4 | low);
    }
    p->last->pinned = true;
    return STATUS_OK;
}

static enum status read_line(struct parser *p, struct piece line)
{
    for (size_t i = 0; i < line.length; i++) {
        unsigned char c = (unsigned char)line.at[i];
        if ((c < ' ' && !is_blank((char)c)) || c > '~') {
            return refuse(p, "a character that is not plain ASCII", "write the file as plain text");
        }
    }
    trim(&line);
    if (line.length == 0 || line.at[0] == '#') {
        return STATUS_OK;
    }
    struct piece key = take_word(&line);
    if (is(key, "kernel")) {
        return read_kernel(p, line);
    }
    if (is(key, "module")) {
        return read_module(p, line);
    }
    if (is(key, "cmdline")) {
        return read_cmdline(p, line);
    }
    if (is(key, "sha256")) {
        return read_pin(p, line);
    }
    return refuse(p, "an unknown key", FIX_LINE);
}

enum status boot_cfg_parse(const char *text, size_t length, struct boot_cfg *out, struct boot_cfg_error *error)
{
    memset(out, 0, sizeof(*out));
    struct parser p = {.out = out, .error = error};
    size_t start = 0;
    while (start < length) {
        size_t end = start;
        while (end < length && text[end] != '\n') {
            end++;
        }
        p.line++;
        enum status status = read_line(&p, (struct piece){text + start, end - start});
        if (status != STATUS_OK) {
            return status;
        }
        start = end + 1;
    }
    if (out->kernel.line == 0) {
        p.line = 0;
        return refuse(&p, "no kernel is named", "add a line: kernel bulkhead.elf");
    }
    return STATUS_OK;
}

const struct boot_cfg_file *boot_cfg_unpinned(const struct boot_cfg *cfg)
{
    if (!cfg->kernel.pinned) {
        return &cfg->kernel;
    }
    for (size_t i = 0; i < cfg->module_count; i++) {
        if (!cfg->modules[i].pinned) {
            return &cfg->modules[i];
        }
    }
    return NULL;
}
