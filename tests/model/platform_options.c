/* SPDX-License-Identifier: GPL-2.0-only
 * Reading the description of a machine's remapping units. */
#include "tests/model/platform_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 512
#define NAME_MAX_BYTES 64

static bool number(const char *text, int base, uint64_t most, uint64_t *out)
{
    char *end = NULL;
    bool starts_well = base == 16 ? strspn(text, "0123456789abcdefABCDEF") != 0 : strspn(text, "0123456789") != 0;
    errno = 0;
    *out = starts_well ? strtoull(text, &end, base) : 0;
    return starts_well && errno == 0 && *end == '\0' && *out <= most;
}

bool platform_options_source(const char *text, struct platform_sources sources, uint16_t *out)
{
    uint64_t device = 0;
    uint64_t function = 0;
    char copy[NAME_MAX_BYTES];
    if (strcmp(text, "ioapic") == 0 || strcmp(text, "hpet") == 0) {
        *out = text[0] == 'i' ? sources.ioapic : sources.hpet;
        return true;
    }
    if (strncmp(text, "0x", 2) == 0) {
        bool good = number(text + 2, 16, 0xffff, &device);
        *out = (uint16_t)device;
        return good;
    }
    const char *dot = strchr(text, '.');
    if (dot == NULL || (size_t)(dot - text) >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text, (size_t)(dot - text));
    copy[dot - text] = '\0';
    if (!number(copy, 16, 31, &device) || !number(dot + 1, 16, 7, &function)) {
        return false;
    }
    *out = (uint16_t)(device << 3 | function);
    return true;
}

static bool preset(const char *name, struct vtd_model_config *out)
{
    static const struct {
        const char *name;
        struct vtd_model_config (*config)(void);
    } presets[] = {{"full", vtd_model_full},     {"qemu", vtd_model_qemu},
                   {"server", vtd_model_server}, {"unremapped", vtd_model_unremapped},
                   {"ats", vtd_model_ats},       {"minimal", vtd_model_minimal}};
    for (size_t i = 0; i < ARRAY_LENGTH(presets); i++) {
        if (strcmp(presets[i].name, name) == 0) {
            *out = presets[i].config();
            return true;
        }
    }
    return false;
}

static const char *read_scope(struct platform_unit *u, char *text, struct platform_sources sources)
{
    char *rest = NULL;
    u->rest = false;
    for (char *part = strtok_r(text, "+", &rest); part != NULL; part = strtok_r(NULL, "+", &rest)) {
        if (u->scopes == PLATFORM_SCOPES) {
            return "too many sources in a scope";
        }
        if (!platform_options_source(part, sources, &u->scope[u->scopes++])) {
            return "a source is DEVICE.FUNCTION, 0xRRRR, ioapic or hpet";
        }
    }
    return u->scopes == 0 ? "empty scope" : NULL;
}

static const char *read_key(struct platform_unit *u, char *text, struct platform_sources sources)
{
    uint64_t v = 0;
    if (strncmp(text, "preset=", 7) == 0) {
        return preset(text + 7, &u->config) ? NULL : "preset is none of full, qemu, server, unremapped, ats, minimal";
    }
    if (strncmp(text, "scope=", 6) == 0) {
        return read_scope(u, text + 6, sources);
    }
    if (strncmp(text, "latency=", 8) == 0 && number(text + 8, 10, 1000, &v)) {
        u->latency = (unsigned)v;
        return NULL;
    }
    return "a unit has the keys preset=, scope= and latency= (at most 1000)";
}

static const char *read_unit(struct platform_unit *u, char *text, struct platform_sources sources)
{
    char *rest = NULL;
    char *base = strtok_r(text, ":", &rest);
    *u = (struct platform_unit){.rest = true, .config = vtd_model_full()};
    if (base == NULL || !number(base, 16, UINT32_MAX, &u->base) || u->base % PAGE_SIZE != 0 || u->base == 0) {
        return "a unit starts with its base: hexadecimal, whole pages, below 4 GiB";
    }
    const char *wrong = NULL;
    for (char *key = strtok_r(NULL, ":", &rest); key != NULL && wrong == NULL; key = strtok_r(NULL, ":", &rest)) {
        wrong = read_key(u, key, sources);
    }
    return wrong;
}

static bool names(const struct platform_unit *u, uint16_t sid)
{
    for (unsigned i = 0; i < u->scopes; i++) {
        if (u->scope[i] == sid) {
            return true;
        }
    }
    return false;
}

static const char *check_pair(const struct platform_unit *a, const struct platform_unit *b)
{
    if (a->base == b->base) {
        return "two units at one base";
    }
    if (a->rest && b->rest) {
        return "two units without a scope";
    }
    for (unsigned i = 0; i < a->scopes; i++) {
        if (names(b, a->scope[i])) {
            return "two units name one source";
        }
    }
    return NULL;
}

const char *platform_options_parse(struct platform_options *out, const char *text, struct platform_sources sources)
{
    char copy[TEXT_MAX];
    char *rest = NULL;
    *out = (struct platform_options){0};
    if (strlen(text) >= sizeof(copy)) {
        return "longer than 511 characters";
    }
    memcpy(copy, text, strlen(text) + 1);
    const char *wrong = NULL;
    for (char *part = strtok_r(copy, ",", &rest); part != NULL && wrong == NULL; part = strtok_r(NULL, ",", &rest)) {
        if (out->units == PLATFORM_UNITS) {
            return "too many units";
        }
        wrong = read_unit(&out->unit[out->units++], part, sources);
        for (unsigned i = 0; i + 1 < out->units && wrong == NULL; i++) {
            wrong = check_pair(&out->unit[i], &out->unit[out->units - 1]);
        }
    }
    return wrong;
}

int platform_options_unit_of(const struct platform_options *o, uint16_t sid)
{
    int rest = -1;
    for (unsigned i = 0; i < o->units; i++) {
        if (names(&o->unit[i], sid)) {
            return (int)i;
        }
        rest = o->unit[i].rest ? (int)i : rest;
    }
    return rest;
}
