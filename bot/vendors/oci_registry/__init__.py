"""OCI registries: digests of images."""
