# The second image: tests/selftest in the place of kernel/selftest.c; everything else is the product's own objects.
SELFTEST_OBJ := $(filter-out %/kernel/selftest.c.o,$(KERNEL_OBJ)) \
	$(patsubst %,$(BUILD)/kernel/%.o,$(wildcard tests/selftest/*.c tests/selftest/*.S))
$(BUILD)/bulkhead-selftest.elf: $(SELFTEST_OBJ) linker.ld
	@echo "  ld $@"; $(KERNEL_LINK) $(SELFTEST_OBJ)
