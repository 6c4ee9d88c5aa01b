"""The engine: connections, transactions, writers, schema, on SQLite and PostgreSQL."""
