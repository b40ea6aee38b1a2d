"""What kubectl does before it speaks to a cluster: find files, cut them into documents, read them, expand Lists."""

from __future__ import annotations

from manifold.read.reader import Reading, read

__all__ = ["Reading", "read"]
