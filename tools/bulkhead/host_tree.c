/* SPDX-License-Identifier: GPL-2.0-only
 * Files of the running Linux. */
#include "tools/bulkhead/host_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool full_path(const struct host_tree *tree, const char *path, char out[HOST_TREE_PATH_SIZE])
{
    int length = snprintf(out, HOST_TREE_PATH_SIZE, "%s%s", tree->root, path);
    if (length < 0 || length >= HOST_TREE_PATH_SIZE) {
        errno = ENAMETOOLONG;
        return false;
    }
    return true;
}

/* Files of /sys do not say their size, and some give less than was asked for. */
static size_t read_all(int file, uint8_t *room, size_t size)
{
    size_t used = 0;
    while (used < size) {
        ssize_t got = read(file, room + used, size - used);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && used == 0) {
            return SIZE_MAX;
        }
        if (got <= 0) {
            break;
        }
        used += (size_t)got;
    }
    return used;
}

uint8_t *host_tree_read(const struct host_tree *tree, const char *path, size_t *length)
{
    char full[HOST_TREE_PATH_SIZE];
    int file = full_path(tree, path, full) ? open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (file < 0) {
        return NULL;
    }
    uint8_t *room = malloc(HOST_TREE_BYTES_MAX + 1);
    size_t used = room != NULL ? read_all(file, room, HOST_TREE_BYTES_MAX) : SIZE_MAX;
    int why = errno;
    close(file);
    if (used == SIZE_MAX) {
        free(room);
        errno = why;
        return NULL;
    }
    uint8_t *exact = realloc(room, used + 1);
    uint8_t *bytes = exact != NULL ? exact : room;
    bytes[used] = 0;
    *length = used;
    return bytes;
}

bool host_tree_read_at(const struct host_tree *tree, const char *path, uint64_t offset, void *to, size_t length)
{
    char full[HOST_TREE_PATH_SIZE];
    int file = full_path(tree, path, full) ? open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (file < 0) {
        return false;
    }
    ssize_t got = pread(file, to, length, (off_t)offset);
    int why = got < 0 ? errno : EIO;
    close(file);
    errno = why;
    return got >= 0 && (size_t)got == length;
}

bool host_tree_line(const struct host_tree *tree, const char *path, char *out, size_t size)
{
    size_t length = 0;
    uint8_t *bytes = host_tree_read(tree, path, &length);
    if (bytes == NULL) {
        return false;
    }
    size_t line = strcspn((char *)bytes, "\n");
    bool fits = line < size;
    if (fits) {
        memcpy(out, bytes, line);
        out[line] = 0;
    }
    free(bytes);
    return fits;
}

bool host_tree_number(const struct host_tree *tree, const char *path, uint64_t *out)
{
    char text[64];
    char *end = NULL;
    if (!host_tree_line(tree, path, text, sizeof(text)) || text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    *out = strtoull(text, &end, text[0] == '0' && text[1] == 'x' ? 16 : 10);
    return errno == 0 && *end == 0;
}

bool host_tree_link(const struct host_tree *tree, const char *path, char *out, size_t size)
{
    char full[HOST_TREE_PATH_SIZE];
    if (!full_path(tree, path, full)) {
        return false;
    }
    ssize_t length = readlink(full, out, size);
    if (length <= 0 || (size_t)length >= size) {
        return false;
    }
    out[length] = 0;
    return true;
}

bool host_tree_exists(const struct host_tree *tree, const char *path)
{
    char full[HOST_TREE_PATH_SIZE];
    return full_path(tree, path, full) && access(full, F_OK) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool keep_name(struct host_names *names, const char *name)
{
    char **items = realloc(names->items, (names->count + 1) * sizeof(*items));
    if (items == NULL) {
        return false;
    }
    names->items = items;
    items[names->count] = strdup(name);
    if (items[names->count] == NULL) {
        return false;
    }
    names->count++;
    return true;
}

bool host_tree_names(const struct host_tree *tree, const char *path, struct host_names *out)
{
    char full[HOST_TREE_PATH_SIZE];
    *out = (struct host_names){0};
    DIR *folder = full_path(tree, path, full) ? opendir(full) : NULL;
    if (folder == NULL) {
        return false;
    }
    bool kept = true;
    for (struct dirent *entry = readdir(folder); entry != NULL && kept; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            kept = keep_name(out, entry->d_name);
        }
    }
    closedir(folder);
    if (!kept) {
        host_names_free(out);
        errno = ENOMEM;
        return false;
    }
    if (out->count != 0) {
        qsort(out->items, out->count, sizeof(*out->items), by_name);
    }
    return true;
}

void host_names_free(struct host_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->items[i]);
    }
    free(names->items);
    *names = (struct host_names){0};
}
