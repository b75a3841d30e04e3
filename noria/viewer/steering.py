"""What steers a session, in lines."""

from typing import Any


def steering_lines(found: dict[str, Any]) -> list[str]:
    """Templates, notes, trials, rulings and the pause of a summary (see `steered`); none where nobody steered."""
    said = [f"Steering: {one['said']}" for one in found["templates"]]
    said += [f"Steering: note {one['note']}, {one['left']} {one['unit']} left: {one['text']}" for one in found["notes"]]
    for one in found["trials"]:
        how = "runs" if one["running"] else f"ended, kept {one['keep'] or 'neither'}"
        dealt = ", ".join(f"{side} {count}" for side, count in one["dealt"].items())
        said.append(f"Steering: trial {one['trial']} of {one['a']} against {one['b']} {how}; episodes: {dealt}")
    if found["approved"] or found["refused"]:
        said.append(f"Rulings of a person: {found['approved']} approved, {found['refused']} refused")
    if found["paused"]:
        said.append("Paused: `noria go-on` lets it go on")
    if found["waits_for"]:
        said.append(f"Waits: {found['waits_for']['said']}")
    return said
