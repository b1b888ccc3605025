/* SPDX-License-Identifier: GPL-2.0-only
 * From names to a set of features. */
#include "plan/features.h"

#include "kernel/lib/format.h"
#include "plan/config_codes.h"
#include "plan/config_keys.h"

static void suggest(const char *wrong, char *fix, size_t size)
{
    size_t used = format_text(fix, size, "write one of");
    for (unsigned i = 0; i < CPU_FEATURE_COUNT; i++) {
        const char *name = cpu_feature_name((enum cpu_feature)i);
        if (config_keys_near(name, wrong)) {
            format_text(fix, size, "write \"%s\"", name);
            return;
        }
        if (used < size) {
            used += format_text(fix + used, size - used, "%s \"%s\"", i == 0 ? "" : ",", name);
        }
    }
}

static void refuse(const struct config_value *v, const char *file, struct diag_list *diags)
{
    char where[CONFIG_WHERE_SIZE], fix[DIAG_TEXT_SIZE];
    suggest(v->text, fix, sizeof(fix));
    diag_add(diags, CONFIG_UNKNOWN_FEATURE, DIAG_ERROR, config_where(file, v->at, where), fix,
             "'%s' is nothing that can be left unused", v->text);
}

uint32_t features_without(const struct config_list *list, const char *file, struct diag_list *diags)
{
    uint32_t set = 0;
    for (size_t i = 0; i < list->count; i++) {
        enum cpu_feature feature = cpu_feature_find(list->items[i].text);
        if (feature == CPU_FEATURE_COUNT) {
            refuse(&list->items[i], file, diags);
        } else {
            set |= cpu_feature_bit(feature);
        }
    }
    return set;
}
