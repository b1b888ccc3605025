# The model of VMD for Debian's QEMU: LD_PRELOAD=$(QEMU_VMD). Nothing of QEMU's is needed to build it.
QEMU_VMD := $(BUILD)/qemu/vmd.so
QEMU_VMD_OBJ := $(patsubst %,$(BUILD)/bochs-plugin/%.o,tests/qemu/preload/vmd_device.c tests/model/vmd_options.c \
	tests/model/platform_options.c tests/model/vtd_model_presets.c $(wildcard tests/model/vmd_model*.c tests/model/nvme_model*.c) \
	tests/model/pci_model.c tests/model/msix_model.c)

$(QEMU_VMD): $(QEMU_VMD_OBJ)
	@mkdir -p $(@D)
	@echo "  ld $@"; $(CC) -shared -o $@ $(sort $^)

test-programs: $(QEMU_VMD)
