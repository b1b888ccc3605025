/* SPDX-License-Identifier: GPL-2.0-only
 * Reading the description of a VMD, and its disks' files. */
#include "tests/model/vmd_options.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/model/platform_options.h"

#define TEXT_MAX 1024
#define PLACE 0x88 /* 11.0 */

static bool digit(const char *value, unsigned most, unsigned *out)
{
    *out = (unsigned)(value[0] - '0');
    return value[0] >= '0' && *out <= most && value[1] == '\0';
}

static const char *read_disks(struct vmd_options *o, char *files)
{
    char *rest = NULL;
    unsigned count = 0;
    for (char *file = strtok_r(files, "+", &rest); file != NULL; file = strtok_r(NULL, "+", &rest), count++) {
        if (count == VMD_MODEL_DISKS || strlen(file) >= VMD_OPTIONS_PATH) {
            return "disks names at most two files, of less than 256 characters";
        }
        memcpy(o->disk[count], file, strlen(file) + 1);
    }
    return NULL;
}

static const char *read_id(struct vmd_options *o, const char *value)
{
    bool server = strcmp(value, "28c0") == 0;
    o->config.device = server ? VMD_MODEL_SERVER : VMD_MODEL_CLIENT;
    return server || strcmp(value, "201d") == 0 ? NULL : "id is 28c0 or 201d";
}

static const char *read_place(struct vmd_options *o, const char *value)
{
    uint16_t sid = 0;
    struct platform_sources none = {0};
    bool good = platform_options_source(value, none, &sid) && sid <= 0xff && sid >= 8;
    o->devfunc = (uint8_t)sid;
    return good ? NULL : "at is a place DEVICE.FUNCTION on bus 0";
}

static const char *read_number(struct vmd_options *o, const char *key, const char *value)
{
    unsigned v = 0;
    if (strcmp(key, "busmode") == 0) {
        bool good = digit(value, 3, &v);
        o->config.bus_mode = (uint8_t)v;
        return good ? NULL : "busmode is 0 to 3";
    }
    if (!digit(value, 1, &v)) {
        return "lock, flr and numbered are 0 or 1";
    }
    if (strcmp(key, "lock") == 0) {
        o->config.lock_shadow = v != 0;
    } else if (strcmp(key, "flr") == 0) {
        o->config.flr = v != 0;
    } else if (strcmp(key, "numbered") == 0) {
        o->config.numbered = v != 0;
    } else {
        return "a key is none of id, at, lock, busmode, flr, numbered, disks";
    }
    return NULL;
}

static const char *read_part(struct vmd_options *o, char *part)
{
    char *value = strchr(part, '=');
    if (value == NULL) {
        return "a part is not KEY=VALUE";
    }
    *value++ = '\0';
    if (strcmp(part, "id") == 0) {
        return read_id(o, value);
    }
    if (strcmp(part, "at") == 0) {
        return read_place(o, value);
    }
    return strcmp(part, "disks") == 0 ? read_disks(o, value) : read_number(o, part, value);
}

const char *vmd_options_parse(struct vmd_options *out, const char *text)
{
    char copy[TEXT_MAX];
    char *rest = NULL;
    const char *wrong = NULL;
    *out = (struct vmd_options){.wanted = text[0] != '\0', .devfunc = PLACE, .file = {-1, -1}};
    out->config.device = VMD_MODEL_SERVER;
    if (strlen(text) >= sizeof(copy)) {
        return "longer than 1023 characters";
    }
    memcpy(copy, text, strlen(text) + 1);
    for (char *part = strtok_r(copy, ",", &rest); part != NULL && wrong == NULL; part = strtok_r(NULL, ",", &rest)) {
        wrong = read_part(out, part);
    }
    return wrong;
}

const char *vmd_options_open(struct vmd_options *o)
{
    for (unsigned i = 0; i < VMD_MODEL_DISKS && o->disk[i][0] != '\0'; i++) {
        struct stat info;
        o->file[i] = open(o->disk[i], O_RDWR | O_CLOEXEC);
        if (o->file[i] < 0 || fstat(o->file[i], &info) != 0 || info.st_size < NVME_MODEL_BLOCK) {
            return "a disk's file cannot be opened, or is smaller than a block";
        }
        o->config.disk_bytes[i] = (uint64_t)info.st_size;
    }
    return NULL;
}

bool vmd_options_disk(const struct vmd_options *o, unsigned disk, bool write, uint64_t offset, void *data, size_t bytes)
{
    off_t at = (off_t)offset;
    ssize_t done = write ? pwrite(o->file[disk], data, bytes, at) : pread(o->file[disk], data, bytes, at);
    return done == (ssize_t)bytes;
}

static unsigned long long plain(uint64_t count)
{
    return count;
}

void vmd_options_summary(const struct vmd_model *m, char *text, size_t bytes)
{
    const struct vmd_model_counts *c = &m->counts;
    const struct nvme_model *one = &m->port[0].nvme, *two = &m->port[1].nvme;
    snprintf(text, bytes,
             "vmd strays=%llu conflicts=%llu concurrent=%llu unread=%llu lost=%llu absent=%llu blocked=%llu "
             "messages=%llu dropped=%llu bypassed=%llu resets=%llu bus_resets=%llu reads=%llu+%llu writes=%llu+%llu "
             "errors=%llu+%llu bad_doorbells=%llu+%llu",
             plain(c->strays), plain(c->conflicts), plain(c->concurrent), plain(c->unread), plain(c->lost),
             plain(c->absent), plain(c->blocked), plain(c->messages), plain(c->dropped), plain(c->bypassed),
             plain(c->resets), plain(c->bus_resets), plain(one->reads), plain(two->reads), plain(one->writes),
             plain(two->writes), plain(one->errors), plain(two->errors), plain(one->bad_doorbells),
             plain(two->bad_doorbells));
}
