"""Short common words by subject, for lists of words and for topics."""

WORDS: dict[str, tuple[str, ...]] = {
    subject: tuple(line.split())
    for subject, line in {
        "animals": "cat dog horse bird fish lion bear wolf mouse goat duck sheep",
        "kitchen": "cup plate spoon fork knife bowl pan oven table glass kettle sink",
        "colours": "red blue green black white brown pink grey gold orange purple yellow",
        "weather": "rain snow wind cloud storm sun frost fog heat hail ice mist",
        "tools": "hammer saw nail drill rope ladder wrench brush bucket shovel tape file",
        "fruit": "apple pear plum grape lemon mango peach cherry melon banana lime berry",
        "body": "hand foot arm leg head nose mouth knee neck back heart ear",
        "travel": "car train bus ship plane road bridge map ticket hotel station bike",
        "school": "book pen desk class paper chalk bag test lesson page ruler board",
        "garden": "tree leaf seed root grass flower fence pond soil rose bush hedge",
        "house": "door window roof wall floor stairs lamp chair bed sofa clock mirror",
        "music": "song drum piano guitar band note tune choir horn flute stage violin",
    }.items()
}

TOPICS: dict[str, tuple[str, ...]] = {
    subject: tuple(line.split(", "))
    for subject, line in {
        "food": "tea, bread, soup, honey, rice, apples, coffee, cheese",
        "nature": "rivers, forests, mountains, oceans, deserts, winter, rain, the moon",
        "home": "gardens, kitchens, windows, clocks, candles, blankets, lamps, doors",
        "town": "markets, libraries, bridges, trains, parks, museums, bicycles, schools",
        "people": "friends, teachers, doctors, farmers, neighbours, artists, pilots, bakers",
        "play": "football, chess, music, painting, dancing, swimming, puzzles, reading",
        "animals": "cats, horses, bees, whales, owls, dogs, turtles, butterflies",
        "science": "magnets, planets, plants, volcanoes, bridges, computers, energy, water",
    }.items()
}
