"""A deployer of your own, over HTTP: target and callbacks."""
