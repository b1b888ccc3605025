/* SPDX-License-Identifier: GPL-2.0-only
 * The policy file: the same strict subset of TOML, lexer and diagnostics as the hypervisor's configuration. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kernel/lib/sbdf.h"
#include "plan/config_lexer.h"
#include "tools/bulkheadd/policy.h"

#define TABLES "[on.EVENT] or [on.EVENT.NAME]"
#define LIMIT_FORM "write \"COUNT/TIME\" such as \"3/60s\" or \"5/1h\" (ms, s, min, h), COUNT 1 to 1000"

enum rule_key {
    KEY_GUEST,
    KEY_DEVICE,
    KEY_NETWORK,
    KEY_SEVERITY,
    KEY_ACTION,
    KEY_TARGET,
    KEY_LIMIT,
    KEY_AT_MOST,
    KEYS,
};

static const char *const key_names[KEYS] = {
    [KEY_GUEST] = "guest",   [KEY_DEVICE] = "device", [KEY_NETWORK] = "network", [KEY_SEVERITY] = "severity",
    [KEY_ACTION] = "action", [KEY_TARGET] = "target", [KEY_LIMIT] = "limit",     [KEY_AT_MOST] = "at-most",
};

/* What hypervisors send; a rule for anything else would wait for ever. */
static const char *const event_types[] = {
    "fault",         "device-stopped",   "device-returned", "guest-started", "guest-exited",   "guest-reset",
    "guest-crashed", "guest-paused",     "guest-resumed",   "integrity",     "image-mismatch", "policy-applied",
    "link",          "watchdog",         "measured",        "log",           "dropped",        "interrupt-storm",
    "hello",         "vf-guest-stopped", "vfs-enabled",     "last-boot",
};

struct reader {
    struct config_lexer lx;
    struct policy *policy;
    struct policy_rule *rule; /* NULL: before the first table, or in one that is wrong */
    bool in_bad_table;
    bool has_version;
    unsigned given; /* keys of this rule, 1 << enum rule_key */
};

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static void rule_end(struct reader *r)
{
    if (r->rule != NULL && !r->rule->has_action) {
        config_lexer_error(&r->lx, r->rule->at, CONFIG_MISSING_KEY, "add a line such as: action = \"restart\"",
                           "[%s] has no action", r->rule->name);
    }
    r->rule = NULL;
    r->given = 0;
}

/* The parts of [a.b.c], up to three; 0: said why. */
static size_t header_parts(struct reader *r, struct config_token parts[3])
{
    size_t count = 0;
    do {
        config_lexer_advance(&r->lx);
        config_lexer_skip_space(&r->lx);
        if (count == 3 || config_lexer_peek(&r->lx) == '[') {
            config_lexer_error(&r->lx, r->lx.position, CONFIG_BAD_TABLE, "write " TABLES, "not a table of this file");
            return 0;
        }
        if (!config_lexer_key(&r->lx, &parts[count++])) {
            return 0;
        }
        config_lexer_skip_space(&r->lx);
    } while (config_lexer_peek(&r->lx) == '.');
    if (config_lexer_peek(&r->lx) != ']') {
        config_lexer_error(&r->lx, r->lx.position, CONFIG_BAD_TABLE, "write " TABLES, "']' is missing");
        return 0;
    }
    config_lexer_advance(&r->lx);
    return config_lexer_end_statement(&r->lx) ? count : 0;
}

/* Into the pool: "on.fault.disk". */
static const char *keep_name(struct reader *r, const struct config_token parts[3], size_t count)
{
    const char *name = r->lx.pool + r->lx.pool_used;
    for (size_t i = 0; i < count; i++) {
        for (const char *c = parts[i].text; *c != 0; c++) {
            if (!config_lexer_put(&r->lx, *c)) {
                return NULL;
            }
        }
        if (!config_lexer_put(&r->lx, i + 1 < count ? '.' : 0)) {
            return NULL;
        }
    }
    return name;
}

static bool known_table(struct reader *r, struct config_position at, const struct config_token parts[3], size_t count)
{
    if (count < 2 || strcmp(parts[0].text, "on") != 0) {
        config_lexer_error(&r->lx, at, CONFIG_UNKNOWN_TABLE, "write " TABLES, "nothing reads this table");
        return false;
    }
    if (!is_one_of(parts[1].text, event_types, ARRAY_LENGTH(event_types))) {
        config_lexer_error(&r->lx, parts[1].at, CONFIG_BAD_WORD,
                           "take a type of event from docs/agent.md, such as fault or guest-crashed",
                           "there are no events \"%.40s\"", parts[1].text);
        return false;
    }
    return true;
}

static void read_table(struct reader *r)
{
    struct config_token parts[3];
    struct config_position at = r->lx.position;
    rule_end(r);
    r->in_bad_table = true;
    size_t count = header_parts(r, parts);
    if (count == 0 || !known_table(r, at, parts, count)) {
        return;
    }
    const char *name = keep_name(r, parts, count);
    for (size_t i = 0; name != NULL && i < r->policy->count; i++) {
        if (strcmp(r->policy->rules[i].name, name) == 0) {
            config_lexer_error(&r->lx, at, CONFIG_DUPLICATE_TABLE, "give it a name: [on.EVENT.NAME]",
                               "[%s] stands at line %" PRIu32 " already", name, r->policy->rules[i].at.line);
            return;
        }
    }
    if (name != NULL && r->policy->count == POLICY_RULES_MAX) {
        config_lexer_error(&r->lx, at, CONFIG_TOO_MANY, "join rules that differ little", "more than %d rules",
                           POLICY_RULES_MAX);
    } else if (name != NULL) {
        r->in_bad_table = false;
        r->rule = &r->policy->rules[r->policy->count++];
        *r->rule = (struct policy_rule){.name = name, .at = at, .type = parts[1].text, .limit = {.count = 1, .ms = 1}};
    }
}

static void bad_word(struct reader *r, const struct config_token *value, const char *fix)
{
    config_lexer_error(&r->lx, value->at, CONFIG_BAD_WORD, fix, "\"%.60s\" is none of the words", value->text);
}

static void set_limit(struct reader *r, const struct config_token *value, struct policy_limit *out)
{
    if (!policy_limit_parse(value->text, out)) {
        config_lexer_error(&r->lx, value->at, CONFIG_BAD_RANGE, LIMIT_FORM, "\"%.60s\" is no limit", value->text);
    }
}

static void set_action(struct reader *r, const struct config_token *value)
{
    r->rule->has_action = true;
    for (int i = 0; i < POLICY_ACTIONS; i++) {
        if (strcmp(policy_action_command((enum policy_action)i), value->text) == 0) {
            r->rule->action = (enum policy_action)i;
            return;
        }
    }
    bad_word(r, value,
             "write log, restart, shutdown, stop, start, pause, resume, stop-device, return-device, cut, restore, "
             "reboot or poweroff");
}

static void set_device(struct reader *r, const struct config_token *value)
{
    struct sbdf device;
    r->rule->device = value->text;
    if (!sbdf_parse(value->text, strlen(value->text), &device)) {
        config_lexer_error(&r->lx, value->at, CONFIG_BAD_DEVICE, "write it as \"0000:3b:00.0\"",
                           "\"%.60s\" is no device", value->text);
    }
}

static void set_key(struct reader *r, enum rule_key key, const struct config_token *value)
{
    switch (key) {
    case KEY_GUEST:
        r->rule->guest = value->text;
        break;
    case KEY_DEVICE:
        set_device(r, value);
        break;
    case KEY_NETWORK:
        r->rule->network = value->text;
        break;
    case KEY_SEVERITY:
        if (!severity_parse(value->text, &r->rule->severity)) {
            bad_word(r, value, "write info, warning, error or critical");
        }
        break;
    case KEY_ACTION:
        set_action(r, value);
        break;
    case KEY_TARGET:
        r->rule->target = value->text;
        break;
    case KEY_LIMIT:
        set_limit(r, value, &r->rule->limit);
        break;
    default:
        set_limit(r, value, &r->rule->most);
        break;
    }
}

static void rule_statement(struct reader *r, const struct config_token *key, const struct config_token *value)
{
    unsigned which = 0;
    while (which < KEYS && strcmp(key_names[which], key->text) != 0) {
        which++;
    }
    if (which == KEYS) {
        config_lexer_error(&r->lx, key->at, CONFIG_UNKNOWN_KEY,
                           "a rule has guest, device, network, severity, action, target, limit, at-most",
                           "nothing reads \"%.60s\"", key->text);
    } else if ((r->given & 1u << which) != 0) {
        config_lexer_error(&r->lx, key->at, CONFIG_DUPLICATE_KEY, "remove one of the two", "\"%s\" for the second time",
                           key->text);
    } else if (value->type != CONFIG_TOKEN_STRING) {
        config_lexer_error(&r->lx, value->at, CONFIG_WRONG_TYPE, "put it in quotes", "\"%s\" is a string", key->text);
    } else {
        set_key(r, (enum rule_key)which, value);
    }
    r->given |= which < KEYS ? 1u << which : 0;
}

static void top_statement(struct reader *r, const struct config_token *key, const struct config_token *value)
{
    if (strcmp(key->text, "version") != 0) {
        config_lexer_error(&r->lx, key->at, CONFIG_UNKNOWN_KEY, "before the first table stands only: version = 1",
                           "nothing reads \"%.60s\"", key->text);
    } else if (value->type != CONFIG_TOKEN_INTEGER || value->number != 1) {
        config_lexer_error(&r->lx, value->at, CONFIG_BAD_RANGE, "write version = 1", "not a version of this program");
    } else if (r->has_version) {
        config_lexer_error(&r->lx, key->at, CONFIG_DUPLICATE_KEY, "remove one of the two", "version a second time");
    }
    r->has_version = true;
}

static void read_statement(struct reader *r)
{
    struct config_token key;
    struct config_token value;
    if (!config_lexer_key(&r->lx, &key)) {
        return;
    }
    config_lexer_skip_space(&r->lx);
    if (config_lexer_peek(&r->lx) != '=') {
        config_lexer_error(&r->lx, r->lx.position, CONFIG_MISSING_EQUALS, "write key = value", "'=' is missing");
        return;
    }
    config_lexer_advance(&r->lx);
    config_lexer_skip_space(&r->lx);
    if (!config_lexer_value(&r->lx, &value) || !config_lexer_end_statement(&r->lx) || r->in_bad_table) {
        return;
    }
    if (r->rule != NULL) {
        rule_statement(r, &key, &value);
    } else {
        top_statement(r, &key, &value);
    }
}

bool policy_parse(struct policy *out, const char *text, size_t length, const char *file, struct diag_list *diags)
{
    size_t before = diags->errors;
    out->count = 0;
    struct reader r = {.policy = out};
    r.lx = config_lexer_make(text, length, file, out->pool, sizeof(out->pool), diags);
    while (config_lexer_peek(&r.lx) != CONFIG_LEXER_END) {
        config_lexer_skip_space(&r.lx);
        if (r.lx.bad_line || config_lexer_at_line_end(&r.lx) || config_lexer_peek(&r.lx) == '#') {
            config_lexer_next_line(&r.lx);
            continue;
        }
        if (config_lexer_peek(&r.lx) == '[') {
            read_table(&r);
        } else {
            read_statement(&r);
        }
        config_lexer_next_line(&r.lx);
    }
    rule_end(&r);
    if (!r.has_version) {
        config_lexer_error(&r.lx, (struct config_position){1, 1}, CONFIG_MISSING_KEY,
                           "add as the first line: version = 1", "the file has no version");
    }
    return diags->errors == before;
}
