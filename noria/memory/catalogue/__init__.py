"""The catalogue: the session in flat tables, for reading; deleted and made again at will."""

from noria.memory.catalogue.reading import FILE, Catalogue, catalogue
from noria.memory.catalogue.words import match

__all__ = ["FILE", "Catalogue", "catalogue", "match"]
