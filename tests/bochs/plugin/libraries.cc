/* SPDX-License-Identifier: GPL-2.0-only
 * Jump slots of loaded ELF libraries (System V ABI, AMD64 supplement 5.2): one word a called function. */
#include "tests/bochs/plugin/libraries.hh"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/bochs/plugin/log.hh"

struct search {
    char file[64]; /* libbx_NAME.so */
    const char *symbol;
    void *function;
    unsigned slots;
    char path[256];
};

static bool is_library(const char *path, const struct search *s)
{
    const char *slash = strrchr(path, '/');
    return strncmp(slash != NULL ? slash + 1 : path, s->file, strlen(s->file)) == 0;
}

static struct search search_for(const char *library)
{
    struct search s = {};
    snprintf(s.file, sizeof(s.file), "libbx_%s.so", library);
    return s;
}

/* Slots are read-only after loading. */
static void fill_slot(void **slot, struct search *s)
{
    uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    void *start = reinterpret_cast<void *>(reinterpret_cast<uintptr_t>(slot) & ~(page - 1));
    if (*slot != s->function && mprotect(start, page, PROT_READ | PROT_WRITE) != 0) {
        log_error("%s: the call of %s cannot be redirected", s->file, s->symbol);
        return;
    }
    *slot = s->function;
    s->slots++;
}

struct dynamic {
    const ElfW(Sym) * symbols;
    const char *strings;
    const ElfW(Rela) * slots;
    size_t slot_bytes;
};

static void read_dynamic(const struct dl_phdr_info *info, struct dynamic *out)
{
    *out = {};
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_DYNAMIC) {
            continue;
        }
        auto entry = reinterpret_cast<const ElfW(Dyn) *>(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag == DT_SYMTAB) {
                out->symbols = reinterpret_cast<const ElfW(Sym) *>(entry->d_un.d_ptr);
            } else if (entry->d_tag == DT_STRTAB) {
                out->strings = reinterpret_cast<const char *>(entry->d_un.d_ptr);
            } else if (entry->d_tag == DT_JMPREL) {
                out->slots = reinterpret_cast<const ElfW(Rela) *>(entry->d_un.d_ptr);
            } else if (entry->d_tag == DT_PLTRELSZ) {
                out->slot_bytes = entry->d_un.d_val;
            }
        }
    }
}

static int replace_in(struct dl_phdr_info *info, size_t, void *context)
{
    struct search *s = static_cast<struct search *>(context);
    struct dynamic d;
    if (!is_library(info->dlpi_name, s)) {
        return 0;
    }
    read_dynamic(info, &d);
    if (d.symbols == NULL || d.strings == NULL || d.slots == NULL) {
        return 0;
    }
    for (size_t i = 0; i < d.slot_bytes / sizeof(*d.slots); i++) {
        const char *name = d.strings + d.symbols[ELF64_R_SYM(d.slots[i].r_info)].st_name;
        if (strcmp(name, s->symbol) == 0) {
            fill_slot(reinterpret_cast<void **>(info->dlpi_addr + d.slots[i].r_offset), s);
        }
    }
    return 0;
}

unsigned libraries_replace(const char *library, const char *symbol, void *function)
{
    struct search s = search_for(library);
    s.symbol = symbol;
    s.function = function;
    dl_iterate_phdr(replace_in, &s);
    return s.slots;
}

static int find_path(struct dl_phdr_info *info, size_t, void *context)
{
    struct search *s = static_cast<struct search *>(context);
    if (is_library(info->dlpi_name, s)) {
        snprintf(s->path, sizeof(s->path), "%s", info->dlpi_name);
        return 1;
    }
    return 0;
}

bool libraries_loaded(const char *library)
{
    struct search s = search_for(library);
    return dl_iterate_phdr(find_path, &s) != 0;
}

void *libraries_symbol(const char *library, const char *symbol)
{
    struct search s = search_for(library);
    if (dl_iterate_phdr(find_path, &s) == 0) {
        return NULL;
    }
    void *handle = dlopen(s.path, RTLD_LAZY | RTLD_NOLOAD);
    return handle == NULL ? NULL : dlsym(handle, symbol);
}

unsigned libraries_size_of(const char *object)
{
    void *at = dlsym(RTLD_DEFAULT, object);
    Dl_info info;
    void *entry = NULL;
    if (at == NULL || dladdr1(at, &info, &entry, RTLD_DL_SYMENT) == 0 || entry == NULL) {
        return 0;
    }
    return static_cast<unsigned>(static_cast<const ElfW(Sym) *>(entry)->st_size);
}
