"""For whoever runs the bot: check, audit, replay, migrate and the other commands of the shell."""
