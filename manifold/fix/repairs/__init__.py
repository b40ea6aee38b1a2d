"""One module a kind of repair.

`SAFE`: it changes no meaning; `ORDER`: lower ones go first; `WHOLE`: it looks at other objects; `find(subject)`: the
repairs of one object, each with the operations that do it.
"""
