# EFI programs that stand in for firmware which Debian's OVMF is not.
test-programs: $(BUILD)/left_on.efi $(BUILD)/unwilling.efi

$(BUILD)/efi/tests/efi/%.c.o: tests/efi/%.c
	@mkdir -p $(@D)
	@echo "  efi $<"; $(CC) $(EFI_CFLAGS) -Wno-missing-prototypes -Wno-write-strings -c $< -o $@
$(BUILD)/%.efi.so: $(BUILD)/efi/tests/efi/%.c.o $(BUILD)/efi/tests/efi/next.c.o
	@ld -nostdlib -znocombreloc -znoexecstack -T /usr/lib/elf_x86_64_efi.lds -shared -Bsymbolic --no-undefined \
		/usr/lib/crt0-efi-x86_64.o $^ -L/usr/lib -lefi -lgnuefi -o $@
