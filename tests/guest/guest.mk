# Bare-metal test guests: one image a folder, build/guest-tests/NAME.elf, for Bulkhead and for QEMU's own -kernel.
# 64-bit code in an ELF32 file: multiboot loaders take no other.
GUEST_LIB := $(wildcard tests/guest/lib/*.c tests/guest/lib/*.S) $(addprefix kernel/hw/,cpu.c port.c mmio.c msr.c) \
	$(addprefix kernel/lib/,format.c string.c)
GUEST_TESTS := $(filter-out lib,$(notdir $(patsubst %/,%,$(sort $(dir $(wildcard tests/guest/*/*.c))))))
# Parts of other test guests that one links as well.
GUEST_ALSO_attest := tests/guest/config/find.c tests/guest/config/access.c tests/guest/forbidden/code.S
GUEST_IMAGES := $(GUEST_TESTS:%=$(BUILD)/guest-tests/%.elf)

define guest_rules # $(1) folder
$(BUILD)/guest-tests/$(1).elf: $(patsubst %,$(BUILD)/kernel/%.o,$(GUEST_LIB) $(wildcard tests/guest/$(1)/*.c tests/guest/$(1)/*.S) $(GUEST_ALSO_$(1))) \
		tests/guest/lib/guest.ld
	@mkdir -p $$(@D)
	@echo "  ld $$@"; $(CC) -nostdlib -static -no-pie -Wl,--build-id=none,-z,max-page-size=4096,-z,noexecstack,--no-warn-rwx-segments \
		-T tests/guest/lib/guest.ld -o $$@.64 $$(filter %.o,$$^)
	@objcopy --strip-debug -O elf32-i386 $$@.64 $$@
endef
# The test guests keep their asm where they wrote it: no link-time optimisation.
$(BUILD)/kernel/tests/guest/%.c.o: LTO :=
$(foreach g,$(GUEST_TESTS),$(eval $(call guest_rules,$(g))))
.PHONY: guest-tests
guest-tests: $(GUEST_IMAGES)
test-programs: guest-tests
# `bulkhead attest` boots this one on users' machines.
all: $(BUILD)/guest-tests/attest.elf
