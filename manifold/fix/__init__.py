"""Manifests mended: spans of their text are edited, and every byte that no repair touches stays what it was.

`engine.mend` goes through sources until nothing is left to do; each kind of repair is one module in `repairs/` with a
function `find(subject)`, found by its name. What is safe changes no meaning; the rest waits for `--unsafe`.
"""
