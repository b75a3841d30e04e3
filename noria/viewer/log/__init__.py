"""The log as people read it: what an address asks for, rows by keyset, and an episode as a conversation.

address ─► Asked ─► listing ─► rows, a bounded count, older and newer          (accepted, refused)
id ─► naming ─► one thing, or the few that begin so                            (the search box jumps)
turns + episode ─► conversation · waterfall · wording                          (sample, episode)
"""
