"""A control plane on paper: know what the cluster will say and do, before you ask it."""

__version__ = "0.1.0"
