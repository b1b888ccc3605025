/* SPDX-License-Identifier: GPL-2.0-only
 * Boot modules by name. */
#include "kernel/launch_modules.h"

#include "kernel/core/cmdline.h"
#include "kernel/hw/phys.h"
#include "kernel/launch.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define CONFIG_NAME "bulkhead.toml"
#define WORDS_SEPARATOR ' '

static size_t name_length(const char *text)
{
    size_t n = 0;
    while (text[n] != 0 && text[n] != WORDS_SEPARATOR) {
        n++;
    }
    return n;
}

static bool is_named(const struct boot_module *module, const char *name)
{
    size_t n = name_length(module->text);
    return n == strlen(name) && memcmp(module->text, name, n) == 0;
}

const struct boot_module *launch_modules_find(const struct boot_info *boot, const char *name)
{
    for (size_t i = 0; i < boot->module_count; i++) {
        if (is_named(&boot->modules[i], name)) {
            return &boot->modules[i];
        }
    }
    return NULL;
}

void launch_modules_config(const struct boot_info *boot, char name[LAUNCH_NAME_SIZE])
{
    if (!cmdline_value(boot->cmdline, "config", name, LAUNCH_NAME_SIZE)) {
        memcpy(name, CONFIG_NAME, sizeof(CONFIG_NAME));
    }
}

static struct image_blob blob_of(const struct boot_module *module)
{
    const char *text = module->text + name_length(module->text);
    while (*text == WORDS_SEPARATOR) {
        text++;
    }
    return (struct image_blob){.bytes = phys_to_virt(module->start), .size = module->size, .text = text};
}

struct image_blob launch_modules_blob(const struct boot_info *boot, const struct config_value *value)
{
    const struct boot_module *module = value->at.line == 0 ? NULL : launch_modules_find(boot, value->text);
    return module == NULL ? (struct image_blob){0} : blob_of(module);
}

struct check {
    const struct boot_info *boot;
    const char *file;
    struct diag_list *diags;
};

static void check_image(const struct check *c, const struct config_value *value)
{
    if (value->at.line == 0 || launch_modules_find(c->boot, value->text) != NULL) {
        return;
    }
    char where[CONFIG_WHERE_SIZE], fix[DIAG_TEXT_SIZE];
    format_text(fix, sizeof(fix),
                "add \"module2 /path/to/file %s\" to the boot loader's entry, or name one of its modules here",
                value->text);
    diag_add(c->diags, LAUNCH_DIAG_NO_MODULE, DIAG_ERROR, config_where(c->file, value->at, where), fix,
             "the boot loader brought no module named '%s'", value->text);
}

static void check_twins(const struct check *c)
{
    for (size_t i = 0; i < c->boot->module_count; i++) {
        const char *name = c->boot->modules[i].text;
        size_t n = name_length(name);
        for (size_t k = i + 1; k < c->boot->module_count; k++) {
            const char *other = c->boot->modules[k].text;
            if (n == name_length(other) && memcmp(name, other, n) == 0) {
                diag_add(c->diags, LAUNCH_DIAG_MODULE_TWICE, DIAG_ERROR, "boot loader", "name every module differently",
                         "two modules are named '%.*s'", (int)n, name);
            }
        }
    }
}

void launch_modules_check(const struct boot_info *boot, const struct config *config, const char *file,
                          struct diag_list *diags)
{
    const struct check c = {boot, file, diags};
    check_twins(&c);
    for (size_t i = 0; i < config->guest_count; i++) {
        const struct config_guest *guest = &config->guests[i];
        check_image(&c, &guest->kernel);
        check_image(&c, &guest->initrd);
        check_image(&c, &guest->fallback_kernel);
        check_image(&c, &guest->fallback_initrd);
        for (size_t k = 0; k < guest->modules.count; k++) {
            check_image(&c, &guest->modules.items[k]);
        }
    }
}
