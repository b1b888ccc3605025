/* SPDX-License-Identifier: GPL-2.0-only
 * Reading BULKHEAD_VMD. */
#include "tests/bochs/plugin/vmd_options.hh"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/bochs/plugin/ending.hh"

#define NAME "BULKHEAD_VMD"
#define PLACE 0x88 /* 11.0 */
/* Firmware's part: Bochs' own knows no 64-bit BARs. Above all RAM; below 4 GiB where its own addresses do not reach. */
#define CFGBAR UINT64_C(0x2000000000)
#define MEMBAR1 UINT64_C(0xf0000000)
#define MEMBAR2 UINT64_C(0x2010000000)

[[noreturn]] static void refuse(const char *part, const char *why)
{
    ending_refuse(NAME ": %s: %s", part, why);
}

static unsigned digit(const char *part, const char *value, unsigned most)
{
    if (value[0] < '0' || value[0] > '0' + static_cast<char>(most) || value[1] != '\0') {
        refuse(part, "is none of the values that this can have");
    }
    return static_cast<unsigned>(value[0] - '0');
}

static void open_disks(struct vmd_options *o, char *files)
{
    char *rest = NULL;
    unsigned count = 0;
    for (char *file = strtok_r(files, "+", &rest); file != NULL; file = strtok_r(NULL, "+", &rest), count++) {
        struct stat info;
        if (count == VMD_MODEL_DISKS) {
            refuse("disks", "names more than two files");
        }
        o->disk[count] = open(file, O_RDWR | O_CLOEXEC);
        if (o->disk[count] < 0 || fstat(o->disk[count], &info) != 0 || info.st_size < NVME_MODEL_BLOCK) {
            refuse(file, "cannot be opened, or is smaller than a block");
        }
        o->config.disk_bytes[count] = static_cast<uint64_t>(info.st_size);
    }
}

static void read_id(struct vmd_options *o, const char *value)
{
    if (strcmp(value, "28c0") != 0 && strcmp(value, "201d") != 0) {
        refuse(value, "id is 28c0 or 201d");
    }
    o->config.device = value[0] == '2' && value[1] == '8' ? VMD_MODEL_SERVER : VMD_MODEL_CLIENT;
}

static void read_place(struct vmd_options *o, const char *value)
{
    uint16_t sid = 0;
    if (!platform_options_source(value, {}, &sid) || sid > 0xff || sid < 8) {
        refuse(value, "at is a place DEVICE.FUNCTION on bus 0");
    }
    o->devfunc = static_cast<uint8_t>(sid);
}

static void read_part(struct vmd_options *o, char *part)
{
    char *value = strchr(part, '=');
    if (value == NULL) {
        refuse(part, "is not KEY=VALUE");
    }
    *value++ = '\0';
    if (strcmp(part, "id") == 0) {
        read_id(o, value);
    } else if (strcmp(part, "at") == 0) {
        read_place(o, value);
    } else if (strcmp(part, "lock") == 0) {
        o->config.lock_shadow = digit(part, value, 1) != 0;
    } else if (strcmp(part, "flr") == 0) {
        o->config.flr = digit(part, value, 1) != 0;
    } else if (strcmp(part, "numbered") == 0) {
        o->config.numbered = digit(part, value, 1) != 0;
    } else if (strcmp(part, "busmode") == 0) {
        o->config.bus_mode = static_cast<uint8_t>(digit(part, value, 3));
    } else if (strcmp(part, "disks") == 0) {
        open_disks(o, value);
    } else {
        refuse(part, "is no key");
    }
}

struct vmd_options vmd_options_read()
{
    struct vmd_options o = {};
    char copy[1024];
    char *rest = NULL;
    const char *text = getenv(NAME);
    o.devfunc = PLACE;
    o.config.device = VMD_MODEL_SERVER;
    o.config.bar[0] = CFGBAR;
    o.config.bar[1] = MEMBAR1;
    o.config.bar[2] = MEMBAR2;
    o.wanted = text != NULL && text[0] != '\0';
    if (o.wanted && strlen(text) >= sizeof(copy)) {
        refuse("text", "longer than 1023 characters");
    }
    snprintf(copy, sizeof(copy), "%s", o.wanted ? text : "");
    for (char *part = strtok_r(copy, ",", &rest); part != NULL; part = strtok_r(NULL, ",", &rest)) {
        read_part(&o, part);
    }
    return o;
}
