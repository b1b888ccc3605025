# `make bench` prints the measured figures; BENCH_ARGS=--json for machines.
BENCH_PROGRAMS := $(BUILD)/bench/domain_bench $(BUILD)/bench/plan_bench $(BUILD)/bench/audit_bench $(BUILD)/bench/fault_bench
$(BUILD)/bench/%: $(BUILD)/host/tests/bench/%.c.o $(BUILD)/host/libfake.a $(BUILD)/host/libbulkhead.a
	@mkdir -p $(@D)
	$(CC) $< -Wl,--start-group $(BUILD)/host/libfake.a $(BUILD)/host/libbulkhead.a -Wl,--end-group -o $@

# The guest that measures exits: built like those of tests/guest, from their library.
BENCH_GUEST_SRC := $(wildcard tests/bench/guest/*.c tests/guest/lib/*.c tests/guest/lib/*.S) \
	$(addprefix kernel/hw/,cpu.c port.c mmio.c msr.c) $(addprefix kernel/lib/,format.c string.c)
BENCH_GUEST := $(BUILD)/bench/exits.elf
$(BENCH_GUEST): $(BENCH_GUEST_SRC:%=$(BUILD)/kernel/%.o) tests/guest/lib/guest.ld
	@mkdir -p $(@D)
	@echo "  ld $@"; $(CC) -nostdlib -static -no-pie -Wl,--build-id=none,-z,max-page-size=4096,-z,noexecstack,--no-warn-rwx-segments \
		-T tests/guest/lib/guest.ld -o $@.64 $(filter %.o,$^)
	@objcopy -O elf32-i386 $@.64 $@

.PHONY: bench
bench: setup-run
	@$(MAKE) --no-print-directory all bochs-plugin $(BENCH_PROGRAMS) $(BENCH_GUEST) >$(BUILD)-bench.txt 2>&1 || { tail -50 $(BUILD)-bench.txt; rm -f $(BUILD)-bench.txt; exit 1; }
	@rm -f $(BUILD)-bench.txt
	@/usr/bin/python3 tests/bench/bench.py $(BENCH_ARGS)

# Linux KVM + VFIO and Xen on the same machine, made of Debian packages (tests/bench/peers): one table with ours.
.PHONY: bench-peers
bench-peers: setup-run
	@$(MAKE) --no-print-directory all $(BENCH_GUEST) >$(BUILD)-bench.txt 2>&1 || { tail -50 $(BUILD)-bench.txt; rm -f $(BUILD)-bench.txt; exit 1; }
	@rm -f $(BUILD)-bench.txt
	@/usr/bin/python3 tests/bench/peers/peers.py

test-programs: $(BENCH_PROGRAMS) $(BENCH_GUEST)
