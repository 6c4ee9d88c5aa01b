"""The ledger's tables: entries, their hash chain, audits and exports."""
