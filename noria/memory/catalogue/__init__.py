"""The catalogue: the session in flat tables, for reading; deleted and made again at will."""

from noria.memory.catalogue.reading import Catalogue

__all__ = ["Catalogue"]
