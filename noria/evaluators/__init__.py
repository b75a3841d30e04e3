"""Where truth is a program: domains, their checks, the gates, and how far a judge is believed."""
