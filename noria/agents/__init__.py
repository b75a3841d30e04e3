"""The seats: a role, a prompt, a policy and a trace to write in."""
