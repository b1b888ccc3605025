/* SPDX-License-Identifier: GPL-2.0-only
 * Claims and refusals. */
#include "plan/plan_work.h"

#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define END_ROOM 64 /* kept free for what ends a list */

static void emit(struct plan_work *w, const struct plan_claim *c, struct config_position at,
                 enum plan_devices_diag code, enum diag_severity severity, const char *fix, const char *what)
{
    char where[CONFIG_WHERE_SIZE], address[SBDF_TEXT_SIZE];
    diag_add(w->diags, (uint16_t)code, severity, config_where(w->file, at, where), fix, "%s %s",
             sbdf_text(w->pci->functions[c->function].at, address), what);
}

/* The first reason counts: rules run in one order, whatever the order of the facts. */
static void throw_out(struct plan_work *w, const struct plan_claim *c, const char *what)
{
    char address[SBDF_TEXT_SIZE];
    struct plan_left *left = &w->left[w->groups->of[c->function].group];
    if (left->out) {
        return;
    }
    left->out = true;
    w->changed = true;
    format_text(left->why, sizeof(left->why), "%s %s", sbdf_text(w->pci->functions[c->function].at, address), what);
}

static void refuse(struct plan_work *w, const struct plan_claim *c, struct config_position at,
                   enum plan_devices_diag code, const char *fix, const char *what)
{
    if (c->left_over) {
        throw_out(w, c, what);
    } else if (!w->quiet) {
        emit(w, c, at, code, DIAG_ERROR, fix, what);
    }
}

void plan_work_refuse(struct plan_work *w, const struct plan_claim *c, enum plan_devices_diag code, const char *fix,
                      const char *what, ...)
{
    char text[DIAG_TEXT_SIZE];
    va_list args;
    va_start(args, what);
    format_text_v(text, sizeof(text), what, args);
    va_end(args);
    refuse(w, c, c->at, code, fix, text);
}

void plan_work_refuse_at(struct plan_work *w, const struct plan_claim *c, struct config_position at,
                         enum plan_devices_diag code, const char *fix, const char *what, ...)
{
    char text[DIAG_TEXT_SIZE];
    va_list args;
    va_start(args, what);
    format_text_v(text, sizeof(text), what, args);
    va_end(args);
    refuse(w, c, at, code, fix, text);
}

void plan_work_say(struct plan_work *w, const struct plan_claim *c, enum plan_devices_diag code,
                   enum diag_severity severity, const char *fix, const char *what, ...)
{
    char text[DIAG_TEXT_SIZE];
    va_list args;
    if (w->quiet) {
        return;
    }
    va_start(args, what);
    format_text_v(text, sizeof(text), what, args);
    va_end(args);
    emit(w, c, c->at, code, severity, fix, text);
}

struct plan_claim *plan_work_claim(const struct plan_work *w, uint32_t function)
{
    uint32_t index = w->claim_of[function];
    return index == PLAN_NO_CLAIM ? NULL : &w->claims[index];
}

uint32_t plan_work_owner(const struct plan_work *w, uint32_t function)
{
    const struct plan_claim *c = plan_work_claim(w, function);
    return c == NULL ? PLAN_NO_GUEST : c->guest;
}

const char *plan_work_guest_name(const struct plan_work *w, uint32_t guest)
{
    return w->config->guests[guest].name.text;
}

struct plan_list plan_list_make(char *text, size_t size, const char *start)
{
    struct plan_list list = {.text = text, .size = size};
    list.used = format_text(text, size, "%s", start);
    return list;
}

void plan_list_add(struct plan_list *list, struct sbdf at, bool quoted)
{
    char item[SBDF_TEXT_SIZE + 4], address[SBDF_TEXT_SIZE];
    const char *quote = quoted ? "\"" : "";
    bool first = list->used == 0 || list->text[list->used - 1] == ' ';
    size_t length =
        format_text(item, sizeof(item), "%s%s%s%s", first ? "" : ", ", quote, sbdf_text(at, address), quote);
    if (list->left_out != 0 || list->used + length + END_ROOM > list->size) {
        list->left_out++;
        return;
    }
    memcpy(list->text + list->used, item, length + 1);
    list->used += length;
}

void plan_list_end(struct plan_list *list, const char *end)
{
    char more[32] = "";
    if (list->left_out != 0) {
        format_text(more, sizeof(more), " and %zu more", list->left_out);
    }
    format_text(list->text + list->used, list->size - list->used, "%s%s", more, end);
}
