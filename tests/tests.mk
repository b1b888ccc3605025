# Everything that `make test` builds and runs; the last line it prints is pytest's own.
PYTEST := /usr/bin/python3 -m pytest -p no:cacheprovider
.PHONY: test test-programs setup-run setup-test fuzz
setup-run:
	@tools/setup run
setup-test:
	@tools/setup test

test-programs: all unit fuzzers $(BUILD)/bulkhead-selftest.elf $(BUILD)/guest/.made

test: setup-test
	@echo 'test: building the test programs (minutes the first time), then pytest'
	@$(MAKE) --no-print-directory -j2 test-programs >$(BUILD)-log.txt 2>&1 || { tail -50 $(BUILD)-log.txt; rm -f $(BUILD)-log.txt; exit 1; }
	@rm -f $(BUILD)-log.txt
	$(PYTEST) -q -n 2 --dist loadgroup tests $(PYTEST_ARGS)

TIME ?= 60
fuzz: setup-test
	@$(MAKE) --no-print-directory fuzzers
	@for target in $(FUZZ); do mkdir -p $(BUILD)/corpus/$$target && echo "== $$target" && \
		$(BUILD)/fuzz/$$target -max_total_time=$(TIME) -print_final_stats=1 $(BUILD)/corpus/$$target tests/fuzz/corpus/$${target#fuzz_} || exit 1; done

# DEMO=NAME runs tools/demo_NAME.py; those of BOCHS_DEMOS need Bochs and our plugin.
BOCHS_DEMOS := vmd
RUN_BOCHS := $(filter bochs,$(EMU))$(filter $(BOCHS_DEMOS),$(DEMO))
.PHONY: run
run: $(if $(RUN_BOCHS),setup-test,setup-run)
	@$(MAKE) --no-print-directory -j2 all $(BUILD)/bulkhead-selftest.elf $(BUILD)/guest/.made $(BUILD)/guest-tests/rogue.elf $(BUILD)/guest-tests/vf.elf \
		$(if $(RUN_BOCHS),$(BOCHS_PLUGIN))
	@tools/run $(if $(EMU),--emulator $(EMU)) $(if $(DEMO),--demo $(DEMO)) $(if $(filter-out 0,$(INTERACTIVE)),--interactive) $(RUN_ARGS)

# The demo's guests, from Debian's own packages (downloaded once, kept in $(BUILD)/download).
$(BUILD)/guest/.made: tools/guest_images.py $(wildcard tools/guest-scripts/*)
	@tools/guest_images.py --out $(@D) && touch $@
