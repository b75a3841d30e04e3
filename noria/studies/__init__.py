"""Studies: the same session played several ways, to know what a part of it does (see `ablation`)."""
