# Programs that run on the host for tests in tests/host.
$(BUILD)/host/config_dump: $(BUILD)/host/tests/host/config_dump.c.o $(BUILD)/host/libfake.a $(BUILD)/host/libbulkhead.a
	$(CC) $< -Wl,--start-group $(BUILD)/host/libfake.a $(BUILD)/host/libbulkhead.a -Wl,--end-group -o $@

test-programs: $(BUILD)/host/config_dump
