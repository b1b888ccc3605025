# The Bochs plugin: built against nothing but the stock binary, around the very models that the host tests use.
CXX ?= g++
BOCHS_PLUGIN_SRC := $(wildcard tests/bochs/plugin/*.cc)
BOCHS_MODEL_SRC := $(wildcard tests/model/*.c)
BOCHS_PLUGIN_OBJ := $(patsubst %,$(BUILD)/bochs-plugin/%.o,$(BOCHS_PLUGIN_SRC) $(BOCHS_MODEL_SRC))
BOCHS_PLUGIN := $(BUILD)/bochs/libbx_bulkhead.so

# Bochs casts between its types freely, and so do we at its border.
BOCHS_CXXFLAGS := -std=gnu++17 -I. -O2 -g -fPIC -fvisibility=hidden -fno-strict-aliasing -Wall -Wextra -Werror \
	-Wundef -Wpointer-arith -Wwrite-strings -MMD -MP
BOCHS_CFLAGS := $(COMMON) -D_GNU_SOURCE -O2 -fPIC -fvisibility=hidden

$(BUILD)/bochs-plugin/%.cc.o: %.cc
	@mkdir -p $(@D)
	@echo "  plugin $<"; $(CXX) $(BOCHS_CXXFLAGS) -c $< -o $@

$(BUILD)/bochs-plugin/%.c.o: %.c
	@mkdir -p $(@D)
	@echo "  plugin $<"; $(CC) $(BOCHS_CFLAGS) -c $< -o $@

$(BOCHS_PLUGIN): $(BOCHS_PLUGIN_OBJ)
	@mkdir -p $(@D)
	@echo "  ld $@"; $(CXX) -shared -o $@ $^ -ldl

# What `make test` needs before pytest.
test-programs: $(BOCHS_PLUGIN)

.PHONY: bochs-plugin
bochs-plugin: $(BOCHS_PLUGIN)
