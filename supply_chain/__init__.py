"""What we ship is made of: known vulnerabilities of it, its bill of materials, and the image that it stands on."""
