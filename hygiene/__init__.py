"""Pure, columnar hygiene: frames in, frames out; no clock, network, disk or chance.

`rules.py` is the catalogue of everything it can find or propose. A field kind is one file in `kinds/`.
"""
