"""Where the schema of a definition holds others: fields of JSONSchemaProps (apiextensions.k8s.io/v1)."""

from __future__ import annotations

ONE = ("items", "not", "additionalProperties", "additionalItems")
"""Each may hold one schema."""
SEVERAL = ("allOf", "anyOf", "oneOf", "items")
"""Each may hold a list of schemas."""
NAMED = ("properties", "patternProperties", "definitions", "dependencies")
"""Each may hold schemas by name."""
HOLDERS = frozenset((*ONE, *SEVERAL, *NAMED))
"""Four of five schemas have none of them."""
