# `make seeded`: every deliberately broken variant of the driver must be rejected by the test that its list names.
SEEDED_TESTS := $(sort $(shell sed -nE 's/^[^\#].*\| *([^ |]+) *$$/\1/p' tests/seeded/vtd.txt))
.PHONY: seeded seeded-variants
seeded: setup-test
	@$(MAKE) --no-print-directory seeded-variants
seeded-variants: $(SEEDED_TESTS:%=$(BUILD)/host-gcc/unit/%)
	CC='$(CC)' CFLAGS='$(HOST_CFLAGS) $(filter-out -MMD -MP,$(SANITIZE))' tests/seeded/run.sh tests/seeded/vtd.txt $(BUILD) $(ONLY)
