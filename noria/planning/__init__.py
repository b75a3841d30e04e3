"""What a large run will take, foreseen from a small one: tokens, time, disk and money, and which stage will bind.

    a played session ─► profile (acceptance, lengths, calls a seat) ─┐
    hardware.yaml    ─► rates (measured, or a roofline)             ─┼─► plan (ranges) ─► checked against what came
    target, rounds                                                  ─┘

Nothing here plays or serves. Figures are ranges, and each says whether it was measured, published or computed.
"""
