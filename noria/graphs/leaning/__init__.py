"""Leaning: what the methods that are on make of what was played, as factors on the next plan (see `leans`)."""
