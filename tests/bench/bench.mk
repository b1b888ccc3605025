# `make bench` prints the measured figures; BENCH_ARGS=--json for machines.
BENCH_PROGRAMS := $(BUILD)/bench/domain_bench
$(BUILD)/bench/%: $(BUILD)/host/tests/bench/%.c.o $(BUILD)/host/libfake.a $(BUILD)/host/libbulkhead.a
	@mkdir -p $(@D)
	$(CC) $< -Wl,--start-group $(BUILD)/host/libfake.a $(BUILD)/host/libbulkhead.a -Wl,--end-group -o $@

.PHONY: bench
bench: setup-run
	@$(MAKE) --no-print-directory all $(BENCH_PROGRAMS) >$(BUILD)-bench.txt 2>&1 || { tail -50 $(BUILD)-bench.txt; rm -f $(BUILD)-bench.txt; exit 1; }
	@rm -f $(BUILD)-bench.txt
	@/usr/bin/python3 tests/bench/bench.py $(BENCH_ARGS)

test-programs: $(BENCH_PROGRAMS)
