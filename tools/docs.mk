# `make docs` writes the documents that are made from the sources; tests/test_docs.py fails when they are stale.
$(BUILD)/host/doc_tables: $(BUILD)/host/tools/docs/doc_tables.c.o $(BUILD)/host/libfake.a $(BUILD)/host/libbulkhead.a
	$(CC) $< -Wl,--start-group $(BUILD)/host/libfake.a $(BUILD)/host/libbulkhead.a -Wl,--end-group -o $@

test-programs: $(BUILD)/host/doc_tables

.PHONY: docs
docs: $(BUILD)/host/doc_tables
	$(BUILD)/host/doc_tables config >docs/config.md
	tools/diagnostics-doc >docs/diagnostics.md
	@if command -v dot >/dev/null; then dot -Tsvg docs/architecture.dot -o docs/architecture.svg; \
		else echo 'dot (Debian: graphviz) is not installed: docs/architecture.svg stays as it is'; fi
