# The EFI loader, build/bulkhead.efi: boot/efi, a few files of kernel/lib, and Debian's gnu-efi (entry, relocation).
# What knows no UEFI is in the host libraries too, for unit tests and fuzz targets.
EFI_PURE := $(addprefix boot/efi/,boot_cfg.c dhcp.c file_rules.c info_block.c kernel_image.c pe_section.c place_use.c spcr.c tcg_event.c)
EFI_LIB := $(addprefix kernel/lib/,cursor.c format.c sha256.c status.c string.c)
EFI_SRC := $(sort $(wildcard boot/efi/*.c boot/efi/*.S)) $(EFI_LIB)
EFI_OBJ := $(EFI_SRC:%=$(BUILD)/efi/%.o)
EFI_INCLUDE := -isystem /usr/include/efi -isystem /usr/include/efi/x86_64
EFI_CFLAGS := $(COMMON) $(EFI_INCLUDE) -DGNU_EFI_USE_MS_ABI -O2 -ffreestanding -fpic -fvisibility=hidden -fshort-wchar -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing -fcf-protection=none
EFI_SECTIONS := .text .sdata .data .dynamic .rodata .rel .rela .rela.* .reloc

all: $(BUILD)/bulkhead.efi

$(BUILD)/efi/%.o: %
	@mkdir -p $(@D)
	@echo "  efi $<"; $(CC) $(EFI_CFLAGS) -c $< -o $@

$(BUILD)/bulkhead.efi.so: $(EFI_OBJ)
	@ld -nostdlib -znocombreloc -znoexecstack -T /usr/lib/elf_x86_64_efi.lds -shared -Bsymbolic --no-undefined \
		/usr/lib/crt0-efi-x86_64.o $^ -L/usr/lib -lgnuefi -o $@
$(BUILD)/%.efi: $(BUILD)/%.efi.so
	@echo "  ld $@"; objcopy $(EFI_SECTIONS:%=-j %) --target efi-app-x86_64 --subsystem=10 $< $@

$(foreach h,host host-gcc host-clang host-fuzz host-coverage,$(eval $(BUILD)/$(h)/libbulkhead.a: $(EFI_PURE:%=$(BUILD)/$(h)/%.o)))

# The gates, with UEFI's headers.
$(foreach c,gcc clang,$(BUILD)/lint/$(c)/boot/efi/% $(BUILD)/lint/$(c)/tests/efi/%): HOST_CFLAGS += $(EFI_INCLUDE) -DGNU_EFI_USE_MS_ABI
$(BUILD)/lint/tidy-deep/boot/efi/% $(BUILD)/lint/tidy-shallow/boot/efi/%: KERNEL_CFLAGS := $(filter-out -fcf-protection=none,$(EFI_CFLAGS))
