"""A recorded run as a short animation: the same frames, played faster.

    asciinema rec --cols 110 --rows 32 -c "make demo" demo.cast
    python docs/terminal.py demo.cast short.cast [--seconds 24] [--frames 80] [--after .venv/.installed]
    npx svg-term-cli --in short.cast --out docs/images/demo.svg --window

What was written to the terminal is kept whole and in order; only its times are changed, and what
was written between two frames is written at once. `--after` leaves out what an installer says of the
machine it runs on: all up to the last line that holds a text.
"""

import argparse
import json
from pathlib import Path

LAST = 6.0
"""Seconds that the last frame stands."""


def main() -> None:
    """Read a cast, write a shorter one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cast", type=Path)
    parser.add_argument("short", type=Path)
    parser.add_argument("--seconds", type=float, default=24.0)
    parser.add_argument("--frames", type=int, default=80)
    parser.add_argument("--after", default="")
    wanted = parser.parse_args()
    head, *lines = wanted.cast.read_text(encoding="utf-8").splitlines()
    events = [(at, said) for at, kind, said in map(json.loads, lines) if kind == "o"]
    whole = "".join(said for _, said in events)
    left = whole.rindex("\n", 0, whole.index("\n", whole.rindex(wanted.after)) + 1) + 1 if wanted.after else 0
    begun, kept = events[0][0], []
    for at, said in events:
        begun = at if left > 0 else begun
        kept.append((at - begun, said[max(0, left) :]))
        left -= len(said)
    events = [(at, said) for at, said in kept if said]
    took = events[-1][0]
    frames: dict[int, str] = {}
    for at, said in events:
        place = int(at / took * (wanted.frames - 1))
        frames[place] = frames.get(place, "") + said
    header = json.loads(head)
    short = {"version": 2, "width": header["width"], "height": header["height"]}
    parts = [[place * wanted.seconds / wanted.frames, "o", said] for place, said in sorted(frames.items())]
    parts.append([wanted.seconds + LAST, "o", ""])
    wanted.short.write_text("\n".join(json.dumps(one) for one in (short, *parts)) + "\n", encoding="utf-8")
    print(f"{took:.0f} seconds in {len(frames)} frames of {wanted.seconds:.0f} seconds")


if __name__ == "__main__":
    main()
