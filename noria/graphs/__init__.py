"""The only place that wires: an episode, a session, and what they share."""

import os
import warnings

# Only types named in a state's schema may come back from a checkpoint; set before LangGraph reads it.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
os.environ.setdefault("LANGSMITH_TRACING", "false")
# An episode is told its durability because it would inherit its parent's (see playing.py).
warnings.filterwarnings("ignore", message="`durability` has no effect when no checkpointer is present")
