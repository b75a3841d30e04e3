"""Selection: which of a round's accepted samples are learned, by the methods that are on (see `pipeline`)."""
