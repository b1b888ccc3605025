/* SPDX-License-Identifier: GPL-2.0-only
 * JSON parser without recursion: what is open stands on a stack of JTREE_DEPTH_MAX. */
#include "tools/bulkheadd/jtree.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bulkhead/utf8.h"

struct parser {
    const char *text;
    size_t length, at;
    struct jtree *tree;
    struct jtree_node *open[JTREE_DEPTH_MAX];
    struct jtree_node *last[JTREE_DEPTH_MAX]; /* child so far, NULL: none */
    size_t depth;
    const char *why;
};

static int peek(const struct parser *p)
{
    return p->at < p->length ? (unsigned char)p->text[p->at] : -1;
}

static bool refuse(struct parser *p, const char *why)
{
    p->why = why;
    return false;
}

static void skip_space(struct parser *p)
{
    while (peek(p) == ' ' || peek(p) == '\t' || peek(p) == '\n' || peek(p) == '\r') {
        p->at++;
    }
}

static void keep(struct parser *p, char c)
{
    p->tree->pool[p->tree->used++] = c;
}

static void keep_utf8(struct parser *p, uint32_t c)
{
    if (c < 0x80) {
        keep(p, (char)c);
        return;
    }
    if (c < 0x800) {
        keep(p, (char)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            keep(p, (char)(0xe0 | c >> 12));
        } else {
            keep(p, (char)(0xf0 | c >> 18));
            keep(p, (char)(0x80 | (c >> 12 & 0x3f)));
        }
        keep(p, (char)(0x80 | (c >> 6 & 0x3f)));
    }
    keep(p, (char)(0x80 | (c & 0x3f)));
}

/* Four hexadecimal digits. */
static bool take_hex(struct parser *p, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        int c = peek(p);
        if (c < 0 || !isxdigit(c)) {
            return refuse(p, "\\u needs four hexadecimal digits");
        }
        *out = *out << 4 | (uint32_t)(isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return true;
}

/* Behind \u: one character, of two escapes where it is a surrogate pair. */
static bool take_unicode(struct parser *p)
{
    uint32_t c = 0;
    uint32_t low = 0;
    if (!take_hex(p, &c)) {
        return false;
    }
    if (c >= 0xd800 && c < 0xdc00) {
        if (p->length - p->at < 6 || p->text[p->at] != '\\' || p->text[p->at + 1] != 'u') {
            return refuse(p, "half of a surrogate pair");
        }
        p->at += 2;
        if (!take_hex(p, &low)) {
            return false;
        }
        if (low < 0xdc00 || low > 0xdfff) {
            return refuse(p, "half of a surrogate pair");
        }
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c < 0xe000) {
        return refuse(p, "half of a surrogate pair");
    }
    keep_utf8(p, c != 0 ? c : 0xfffd);
    return true;
}

static bool take_escape(struct parser *p)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    int c = peek(p);
    const char *found = c > 0 ? strchr(from, c) : NULL;
    p->at++;
    if (c == 'u') {
        return take_unicode(p);
    }
    if (found == NULL) {
        return refuse(p, "an escape that JSON does not know");
    }
    keep(p, to[found - from]);
    return true;
}

/* A character beyond ASCII. The bytes behind the text are not there: looked at in a copy with a NUL. */
static bool take_wide(struct parser *p)
{
    unsigned char bytes[5] = {0};
    size_t left = p->length - p->at;
    memcpy(bytes, p->text + p->at, left < 4 ? left : 4);
    size_t wide = utf8_bytes(bytes);
    for (size_t i = 0; i < wide; i++) {
        keep(p, p->text[p->at++]);
    }
    return wide != 0 || refuse(p, "bytes that are not UTF-8");
}

static bool take_string(struct parser *p, const char **out)
{
    *out = p->tree->pool + p->tree->used;
    p->at++;
    for (;;) {
        int c = peek(p);
        if (c < 0x20) {
            return refuse(p, c < 0 ? "a string is not closed" : "a control character in a string");
        }
        bool good = true;
        if (c == '"') {
            p->at++;
            keep(p, 0);
            return true;
        }
        if (c == '\\') {
            p->at++;
            good = take_escape(p);
        } else if (c >= 0x80) {
            good = take_wide(p);
        } else {
            keep(p, (char)c);
            p->at++;
        }
        if (!good) {
            return false;
        }
    }
}

static size_t take_digits(struct parser *p)
{
    size_t count = 0;
    while (peek(p) >= '0' && peek(p) <= '9') {
        p->at++;
        count++;
    }
    return count;
}

static bool take_number(struct parser *p)
{
    p->at += peek(p) == '-';
    bool zero = peek(p) == '0';
    size_t digits = take_digits(p);
    bool good = digits == 1 || (digits > 1 && !zero);
    if (good && peek(p) == '.') {
        p->at++;
        good = take_digits(p) != 0;
    }
    if (good && (peek(p) == 'e' || peek(p) == 'E')) {
        p->at++;
        p->at += peek(p) == '+' || peek(p) == '-';
        good = take_digits(p) != 0;
    }
    return good || refuse(p, "a number that JSON does not know");
}

static bool take_word(struct parser *p, const char *word)
{
    size_t length = strlen(word);
    bool is_it = p->length - p->at >= length && memcmp(p->text + p->at, word, length) == 0;
    p->at += is_it ? length : 0;
    return is_it;
}

static bool take_plain(struct parser *p, struct jtree_node *node)
{
    size_t start = p->at;
    bool good = true;
    if (take_word(p, "true") || take_word(p, "false")) {
        node->type = JTREE_BOOL;
    } else if (take_word(p, "null")) {
        node->type = JTREE_NULL;
    } else if (peek(p) == '-' || (peek(p) >= '0' && peek(p) <= '9')) {
        node->type = JTREE_NUMBER;
        good = take_number(p);
    } else {
        good = refuse(p, "a value is expected");
    }
    node->text = p->tree->pool + p->tree->used;
    for (size_t i = start; good && i < p->at; i++) {
        keep(p, p->text[i]);
    }
    keep(p, 0);
    return good;
}

static struct jtree_node *add_node(struct parser *p)
{
    struct jtree *tree = p->tree;
    if (tree->count == tree->most) {
        refuse(p, "too many values");
        return NULL;
    }
    struct jtree_node *node = &tree->nodes[tree->count++];
    *node = (struct jtree_node){.type = JTREE_NULL};
    if (p->depth == 0) {
        tree->root = node;
    } else if (p->last[p->depth - 1] != NULL) {
        p->last[p->depth - 1]->next = node;
    } else {
        p->open[p->depth - 1]->child = node;
    }
    if (p->depth != 0) {
        p->last[p->depth - 1] = node;
    }
    return node;
}

static bool take_key(struct parser *p, const char **key)
{
    if (peek(p) != '"') {
        return refuse(p, "a member's name is expected");
    }
    if (!take_string(p, key)) {
        return false;
    }
    skip_space(p);
    if (peek(p) != ':') {
        return refuse(p, "':' is expected");
    }
    p->at++;
    skip_space(p);
    return true;
}

static bool in_object(const struct parser *p)
{
    return p->depth != 0 && p->open[p->depth - 1]->type == JTREE_OBJECT;
}

/* One value with its key; *opened: it is a list or object whose items come next. */
static bool take_value(struct parser *p, bool *opened)
{
    const char *key = NULL;
    *opened = false;
    if (in_object(p) && !take_key(p, &key)) {
        return false;
    }
    struct jtree_node *node = add_node(p);
    if (node == NULL) {
        return false;
    }
    node->key = key;
    if (peek(p) == '"') {
        node->type = JTREE_STRING;
        return take_string(p, &node->text);
    }
    if (peek(p) != '{' && peek(p) != '[') {
        return take_plain(p, node);
    }
    if (p->depth == JTREE_DEPTH_MAX) {
        return refuse(p, "nested too deeply");
    }
    node->type = peek(p) == '{' ? JTREE_OBJECT : JTREE_LIST;
    p->at++;
    p->open[p->depth] = node;
    p->last[p->depth] = NULL;
    p->depth++;
    *opened = true;
    return true;
}

/* Close what ends here, up to a comma. True: another value follows, or depth is 0. */
static bool close_all(struct parser *p, bool opened)
{
    while (p->depth != 0) {
        skip_space(p);
        if (peek(p) == (in_object(p) ? '}' : ']')) {
            p->at++;
            p->depth--;
        } else if (opened) {
            return true;
        } else if (peek(p) == ',') {
            p->at++;
            skip_space(p);
            return true;
        } else {
            return refuse(p, "',' or a closing bracket is expected");
        }
        opened = false;
    }
    return true;
}

static bool parse(struct parser *p)
{
    do {
        bool opened = false;
        skip_space(p);
        if (!take_value(p, &opened) || !close_all(p, opened)) {
            return false;
        }
    } while (p->depth != 0);
    skip_space(p);
    return p->at == p->length || refuse(p, "text behind the value");
}

bool jtree_parse(struct jtree *tree, const char *text, size_t length, const char **why)
{
    size_t most = length / 2 + 2; /* a value has a comma or bracket of its own */
    *tree = (struct jtree){.most = most < JTREE_NODES_MAX ? most : JTREE_NODES_MAX};
    tree->nodes = calloc(tree->most, sizeof(*tree->nodes));
    tree->pool = malloc(length * 3 + 2); /* U+FFFD for \u0000 is shorter; a NUL for each value and key */
    struct parser p = {.text = text, .length = length, .tree = tree, .why = "no memory"};
    if (tree->nodes == NULL || tree->pool == NULL || !parse(&p)) {
        *why = p.why;
        jtree_free(tree);
        return false;
    }
    return true;
}

void jtree_free(struct jtree *tree)
{
    free(tree->nodes);
    free(tree->pool);
    *tree = (struct jtree){0};
}

const struct jtree_node *jtree_get(const struct jtree_node *node, const char *key)
{
    if (node == NULL || node->type != JTREE_OBJECT) {
        return NULL;
    }
    for (const struct jtree_node *member = node->child; member != NULL; member = member->next) {
        if (strcmp(member->key, key) == 0) {
            return member;
        }
    }
    return NULL;
}

const char *jtree_text(const struct jtree_node *node, const char *key)
{
    const struct jtree_node *member = jtree_get(node, key);
    return member != NULL && member->type == JTREE_STRING ? member->text : NULL;
}

uint64_t jtree_number(const struct jtree_node *node, const char *key, uint64_t otherwise)
{
    const struct jtree_node *member = jtree_get(node, key);
    if (member == NULL || member->type != JTREE_NUMBER || member->text[strspn(member->text, "0123456789")] != 0) {
        return otherwise;
    }
    errno = 0;
    uint64_t value = strtoull(member->text, NULL, 10);
    return errno == 0 ? value : otherwise;
}

bool jtree_is_true(const struct jtree_node *node, const char *key)
{
    const struct jtree_node *member = jtree_get(node, key);
    return member != NULL && member->type == JTREE_BOOL && member->text[0] == 't';
}

const struct jtree_node *jtree_items(const struct jtree_node *node, const char *key)
{
    const struct jtree_node *member = jtree_get(node, key);
    return member != NULL && member->type == JTREE_LIST ? member->child : NULL;
}
