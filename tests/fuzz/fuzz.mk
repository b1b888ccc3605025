# What the fuzz targets reach: the same sources built once more, with clang's counters of source lines and without
# sanitizers; each target runs its kept corpus and what `make fuzz` found (build/corpus), and tests/fuzz/coverage prints
# a line a file.
COVERAGE := -fprofile-instr-generate -fcoverage-mapping
$(eval $(call host_rules,host-coverage,$(CLANG),-fsanitize=fuzzer-no-link $(COVERAGE)))
$(eval $(call agent_library,host-coverage))
$(BUILD)/host-coverage/libtool.a: $(TOOL_SRC:%=$(BUILD)/host-coverage/%.o)
	@rm -f $@ && ar rcs $@ $^

COVERAGE_LIBRARIES := $(addprefix $(BUILD)/host-coverage/,libagent.a libfake.a libtool.a libbulkhead.a)
$(BUILD)/fuzz-coverage/%: $(BUILD)/host-coverage/tests/fuzz/%.c.o $(COVERAGE_LIBRARIES)
	@mkdir -p $(@D)
	@$(CLANG) -fsanitize=fuzzer $(COVERAGE) $< -Wl,--start-group $(COVERAGE_LIBRARIES) -Wl,--end-group -o $@

.PHONY: fuzz-coverage
fuzz-coverage: setup-test
	@$(MAKE) --no-print-directory $(FUZZ:%=$(BUILD)/fuzz-coverage/%)
	@BUILD=$(BUILD) tests/fuzz/coverage $(FUZZ)
