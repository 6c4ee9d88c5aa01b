"""Flag serving: OFREP over HTTP, and flagd's file."""
