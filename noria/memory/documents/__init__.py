"""The user's own documents: found, read, and cut into passages.

paths ─► files in sorted order ─► blocks with their heading and line or page ─► passages
"""
