# The interrupt stress: the hypervisor's own code with tests/stress in the place of kernel/selftest.c.
STRESS_SRC := $(wildcard tests/stress/*.c tests/stress/*.S)
STRESS_OBJ := $(STRESS_SRC:%=$(BUILD)/kernel/%.o) $(BUILD)/kernel/tests/selftest/edu.c.o \
	$(filter-out %/kernel/selftest.c.o,$(KERNEL_OBJ))
$(BUILD)/bulkhead-stress.elf: $(STRESS_OBJ) linker.ld
	@echo "  ld $@"; $(KERNEL_LINK) $(STRESS_OBJ)

.PHONY: test-programs
test-programs: $(BUILD)/bulkhead-stress.elf
