"""The pages of the viewer, a module each: its routes, what it asks the catalogue, and its template in `html/`."""
