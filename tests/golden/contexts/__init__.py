"""Example contexts of every template: one module per command, each with ``CONTEXTS``.

``CONTEXTS = {"deploy/card": {...}, "deploy/card#rolled-back": {...}}``: a template's name, then, for a second
example of it, ``#`` and what the example shows. People are those of ``tests/golden/golden.py: NAMES``.
"""
