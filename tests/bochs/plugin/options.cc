/* SPDX-License-Identifier: GPL-2.0-only
 * The environment's variables. */
#include "tests/bochs/plugin/options.hh"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bochs/plugin/ending.hh"

static struct {
    bool read;
    struct options options;
} root;

static const char *variable(const char *name, const char *otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? text : otherwise;
}

[[noreturn]] static void refuse(const char *name, const char *why)
{
    ending_refuse("%s=%s: %s", name, variable(name, ""), why);
}

static uint16_t source(const char *name, const char *otherwise)
{
    uint16_t sid = 0;
    if (!platform_options_source(variable(name, otherwise), {}, &sid)) {
        refuse(name, "is no requester id");
    }
    return sid;
}

/* What follows a place: ":ats=good", ":ats=deaf", ":ats=mute"; it is cut off. */
static enum options_ats read_ats(char *part)
{
    static const char *const words[] = {"", "ats=good", "ats=deaf", "ats=mute"};
    char *colon = strchr(part, ':');
    if (colon == NULL) {
        return OPTIONS_ATS_NONE;
    }
    *colon = '\0';
    for (unsigned i = 1; i < ARRAY_LENGTH(words); i++) {
        if (strcmp(colon + 1, words[i]) == 0) {
            return static_cast<enum options_ats>(i);
        }
    }
    refuse("BULKHEAD_EDU", "a place may be followed by :ats=good, :ats=deaf or :ats=mute");
}

static void read_edus(struct options *o)
{
    char copy[128];
    char *rest = NULL;
    snprintf(copy, sizeof(copy), "%s", variable("BULKHEAD_EDU", "10.0"));
    for (char *part = strtok_r(copy, "+", &rest); part != NULL; part = strtok_r(NULL, "+", &rest)) {
        uint16_t sid = 0;
        enum options_ats ats = read_ats(part);
        if (o->edus == OPTIONS_EDUS || !platform_options_source(part, {}, &sid) || sid > 0xff || sid < 8) {
            refuse("BULKHEAD_EDU", "names up to six places DEVICE.FUNCTION on bus 0");
        }
        o->ats[o->edus] = ats;
        o->any_ats = o->any_ats || ats != OPTIONS_ATS_NONE;
        o->edu[o->edus++] = static_cast<uint8_t>(sid);
    }
}

const struct options *options_get()
{
    struct options *o = &root.options;
    if (root.read) {
        return o;
    }
    root.read = true;
    o->sources = {source("BULKHEAD_IOAPIC", "0xf0f8"), source("BULKHEAD_HPET", "0xf078")};
    const char *wrong = platform_options_parse(&o->units, variable("BULKHEAD_VTD", "fed90000"), o->sources);
    if (wrong != NULL) {
        refuse("BULKHEAD_VTD", wrong);
    }
    read_edus(o);
    o->machine_checks = strcmp(variable("BULKHEAD_MACHINE_CHECK", ""), "edu") == 0;
    return o;
}
