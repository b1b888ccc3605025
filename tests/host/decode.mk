# The decoder as a filter, compared with objdump by tests/host/test_decode_objdump.py.
$(BUILD)/host/decode_dump: $(BUILD)/host/tests/host/decode_dump.c.o $(BUILD)/host/guest/decode.c.o \
		$(BUILD)/host/guest/decode_name.c.o $(BUILD)/host/guest/decode_table.c.o $(BUILD)/host/kernel/lib/cursor.c.o \
		$(BUILD)/host/kernel/lib/status.c.o
	$(CC) $^ -o $@
