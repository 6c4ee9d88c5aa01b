"""Release: release notes and where they are said."""
