# Bulkhead. `make help` lists the targets; docs/architecture.md says where a change goes.
# Every folder adds its own rules in FOLDER/*.mk; what is here is the hypervisor image and the host libraries.
.DELETE_ON_ERROR:
.SECONDARY:
SHELL := /bin/bash
BUILD ?= build
CC := gcc
CLANG ?= clang

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wpointer-arith \
	-Wwrite-strings -Wimplicit-fallthrough
COMMON := -std=gnu11 -I. $(WARN) -g -MMD -MP

# --- the hypervisor image: our code alone, no libc
KERNEL_CFLAGS := $(COMMON) -O2 -ffreestanding -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only -mcmodel=small \
	-fno-stack-protector -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-strict-aliasing -fcf-protection=none
# One folder a layer, lowest first; tools/check-layers knows the same order.
LAYERS := kernel/lib kernel/hw kernel/core drivers vtd plan svm vmx guest audit service kernel boot
KERNEL_SRC := $(foreach d,$(LAYERS),$(sort $(wildcard $(d)/*.c $(d)/*.S)))
KERNEL_SRC += $(BUILD)/generated/guest/dsdt.c
KERNEL_OBJ := $(KERNEL_SRC:%=$(BUILD)/kernel/%.o)

.PHONY: all
all: $(BUILD)/bulkhead.elf

# Linked as one program: the way out of a guest and back crosses many small functions of many files. What the compiler
# itself calls (memcpy ...) has to stay a plain object.
LTO := -flto=auto
# Test guests do things on purpose that the compiler must not see through.
$(BUILD)/kernel/kernel/lib/string.c.o $(BUILD)/kernel/tests/guest/%.c.o $(BUILD)/kernel/tests/bench/guest/%.c.o: LTO :=

$(BUILD)/kernel/%.c.o: %.c
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(KERNEL_CFLAGS) $(LTO) -c $< -o $@

$(BUILD)/kernel/%.S.o: %.S
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(KERNEL_CFLAGS) -c $< -o $@

KERNEL_LINK = $(CC) $(KERNEL_CFLAGS) $(LTO) -nostdlib -static -no-pie -Wl,--build-id=none,-z,max-page-size=4096,-z,noexecstack,--fatal-warnings \
	-T linker.ld -o $@
$(BUILD)/bulkhead.elf: $(KERNEL_OBJ) linker.ld
	@echo "  ld $@"; $(KERNEL_LINK) $(KERNEL_OBJ)

# --- the same sources for the host, in two compilers, with sanitizers; tests and tools link them against the fakes.
# What touches the hardware stays out: kernel/hw, and the parts of kernel/core that tests/fake replaces.
HOST_EXCLUDE := $(wildcard kernel/hw/*.c) kernel/lib/string.c vmx/instructions.c $(addprefix kernel/core/,time.c log.c panic.c lock.c \
	irq.c smp.c idt.c percpu.c paging.c lapic.c stack.c ap_start.c cpu_setup.c exception.c gdt.c pci_config.c pic.c power.c \
	serial.c timer.c)
HOST_SRC := $(filter-out $(HOST_EXCLUDE) $(filter-out kernel/audit_facts.c kernel/audit_firmware.c,$(wildcard kernel/*.c)),$(filter %.c,$(KERNEL_SRC)))
FAKE_SRC := $(wildcard tests/fake/*.c tests/model/*.c)
HOST_CFLAGS := $(COMMON) -O1 -D_GNU_SOURCE -fno-strict-aliasing
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

define host_rules # $(1) folder, $(2) compiler, $(3) extra flags
$(BUILD)/$(1)/%.c.o: %.c
	@mkdir -p $$(@D)
	@echo "  $(1) $$<"; $(2) $(HOST_CFLAGS) $(3) -c $$< -o $$@
$(BUILD)/$(1)/libfake.a: $(FAKE_SRC:%=$(BUILD)/$(1)/%.o)
	@rm -f $$@ && ar rcs $$@ $$^
$(BUILD)/$(1)/libbulkhead.a: $(HOST_SRC:%=$(BUILD)/$(1)/%.o)
	@rm -f $$@ && ar rcs $$@ $$^
$(BUILD)/$(1)/unit/%: $(BUILD)/$(1)/tests/unit/%.c.o $(BUILD)/$(1)/libfake.a $(BUILD)/$(1)/libtool.a $(BUILD)/$(1)/libbulkhead.a
	@mkdir -p $$(@D)
	@$(2) $(3) $$< -Wl,--start-group $(BUILD)/$(1)/libfake.a $(BUILD)/$(1)/libtool.a $(BUILD)/$(1)/libbulkhead.a \
		-Wl,--end-group -lcmocka -o $$@
endef
$(eval $(call host_rules,host,$(CC),))
$(eval $(call host_rules,host-gcc,$(CC),$(SANITIZE)))
$(eval $(call host_rules,host-clang,$(CLANG),$(SANITIZE)))
$(eval $(call host_rules,host-fuzz,$(CLANG),-fsanitize=fuzzer-no-link $(SANITIZE)))

# tests/unit mirrors the tree: tests/unit/vtd/test_dmar.c tests vtd/dmar.c.
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c))
.PHONY: unit
unit: $(UNIT:%=$(BUILD)/host-gcc/unit/%) $(UNIT:%=$(BUILD)/host-clang/unit/%)

# tests/fuzz/fuzz_NAME.c is one libFuzzer target; its seeds are tests/fuzz/corpus/NAME.
FUZZ := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
$(BUILD)/fuzz/%: $(BUILD)/host-fuzz/tests/fuzz/%.c.o $(BUILD)/host-fuzz/libfake.a $(BUILD)/host-fuzz/libtool.a \
		$(BUILD)/host-fuzz/libbulkhead.a
	@mkdir -p $(@D)
	@$(CLANG) -fsanitize=fuzzer $(SANITIZE) $< -Wl,--start-group $(BUILD)/host-fuzz/libfake.a \
		$(BUILD)/host-fuzz/libtool.a $(BUILD)/host-fuzz/libbulkhead.a -Wl,--end-group -o $@
.PHONY: fuzzers
fuzzers: $(FUZZ:%=$(BUILD)/fuzz/%)

include $(wildcard tools/*.mk tests/*.mk tests/*/*.mk guest/*.mk boot/*.mk)

.PHONY: clean help
clean:
	rm -rf $(BUILD)

help:
	@echo 'make        build the hypervisor ($(BUILD)/bulkhead.elf), its EFI loader ($(BUILD)/bulkhead.efi) and the host tool'
	@echo '           ($(BUILD)/host/bulkhead); tools/mkimage CONFIG then makes a bootable USB stick'
	@echo 'make run    install what is missing, build, boot the demo under QEMU, end with a summary;'
	@echo '           EMU=bochs: on VMX under Bochs (some minutes); DEMO=vmd, DEMO=sriov: one thing by itself'
	@echo 'make test   install what is missing, build, run every test'
	@echo 'make lint   formatting, clang-tidy, headers alone, layers'
	@echo 'make fuzz   run every fuzz target for TIME=60 seconds; make seeded: the seeded bugs of the VT-d driver'
	@echo 'make fuzz-coverage  the source lines that the fuzz targets reach, a file a line'
	@echo 'make bench  print the measured figures; make bench-peers: beside Linux KVM + VFIO and Xen (Debian packages)'
	@echo 'make docs   write docs/config.md and docs/diagnostics.md anew'
	@echo 'make deb    pack the agent for the service guest ($(BUILD)/bulkheadd.deb)'
	@echo 'make unit   build the host unit tests; make fuzzers builds the fuzz targets'
	@echo 'make clean  remove $(BUILD)/, downloaded Debian packages of the guests included'
	@echo 'What a target needs from Debian is in tools/packages; run, test, lint, bench, fuzz and seeded install it.'

-include $(shell find $(BUILD) -path $(BUILD)/download -prune -o -type f -name '*.d' -print 2>/dev/null)
