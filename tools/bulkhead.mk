# The host tool: build/host/bulkhead for use, build/host-gcc/bulkhead with sanitizers for tests.
TOOL_SRC := $(sort $(wildcard tools/bulkhead/*.c))

all: $(BUILD)/host/bulkhead

$(BUILD)/host/bulkhead: $(TOOL_SRC:%=$(BUILD)/host/%.o) $(BUILD)/host/libbulkhead.a
	$(CC) $^ -o $@

$(BUILD)/host-gcc/bulkhead: $(TOOL_SRC:%=$(BUILD)/host-gcc/%.o) $(BUILD)/host-gcc/libbulkhead.a
	$(CC) $(SANITIZE) $^ -o $@
