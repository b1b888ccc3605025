/* SPDX-License-Identifier: GPL-2.0-only
 * Images of a guest, from the loader's modules. */
#include "kernel/launch_images.h"

#include "guest/image_pins.h"
#include "kernel/core/event.h"
#include "kernel/core/log.h"
#include "kernel/launch_modules.h"

static struct image_set images_of(const struct boot_info *boot, const struct config_guest *guest)
{
    return (struct image_set){
        .kernel = launch_modules_blob(boot, &guest->kernel),
        .initrd = launch_modules_blob(boot, &guest->initrd),
        .kernel_name = guest->kernel.text,
        .initrd_name = guest->initrd.text,
        .kernel_sha256 = guest->kernel_sha256.text,
        .initrd_sha256 = guest->initrd_sha256.text,
        .cmdline = guest->cmdline.text,
    };
}

static struct image_set fallback_of(const struct boot_info *boot, const struct config_guest *guest)
{
    return (struct image_set){
        .kernel = launch_modules_blob(boot, &guest->fallback_kernel),
        .initrd = launch_modules_blob(boot, &guest->fallback_initrd),
        .kernel_name = guest->fallback_kernel.text,
        .initrd_name = guest->fallback_initrd.text,
        .kernel_sha256 = guest->fallback_kernel_sha256.text,
        .initrd_sha256 = guest->fallback_initrd_sha256.text,
        .cmdline = guest->fallback_cmdline.text != NULL ? guest->fallback_cmdline.text : guest->cmdline.text,
    };
}

static const char *outcome(const struct image_pins *pins)
{
    return pins->use == NULL ? "refused" : pins->count != 0 ? "fallback" : "ok";
}

static void put_event(const char *guest, const struct image_pins *pins, const struct image_mismatch *m)
{
    struct event e;
    event_begin(&e, EVENT_ERROR, "image-mismatch");
    json_text(&e.json, "guest", guest);
    json_text(&e.json, "image", m->name);
    json_text(&e.json, "expected", m->expected);
    json_text(&e.json, "found", m->found);
    json_bool(&e.json, "fallback", m->fallback);
    json_text(&e.json, "outcome", outcome(pins));
    event_end(&e);
}

static void tell(const char *guest, const struct image_pins *pins)
{
    for (size_t i = 0; i < pins->count; i++) {
        const struct image_mismatch *m = &pins->mismatches[i];
        put_event(guest, pins, m);
        log_only(LOG_ERROR, "guest: name=%s image=%s sha256=%s is not the one pinned", guest, m->name, m->found);
    }
    if (pins->checked) {
        log_info("guest: name=%s images=%s", guest, outcome(pins));
    }
}

void launch_images_choose(const struct boot_info *boot, const struct config_guest *guest, struct vm_request *request)
{
    const struct image_set images = images_of(boot, guest), fallback = fallback_of(boot, guest);
    const struct image_pins pins = image_pins_choose(&images, &fallback);
    tell(guest->name.text, &pins);
    if (pins.use == NULL) {
        request->refused = "its images are not those that the configuration pins";
        return;
    }
    request->kernel = pins.use->kernel;
    request->initrd = pins.use->initrd;
    request->kernel_name = pins.use->kernel_name;
    request->cmdline = pins.use->cmdline;
}
