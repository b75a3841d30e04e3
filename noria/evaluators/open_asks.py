"""Asks of our own with good answers, written by hand: what stands as an example, and what a judge is measured on.

(kind, level, ask, answer)        level 1 asks plainly, 2 with a condition, 3 with several

A program cannot answer a free-form ask, so these few are the only ones whose right answer is known.
"""

from typing import Literal

Kind = Literal["explain", "advise", "describe", "compare", "plan", "write"]

ASKS: tuple[tuple[Kind, int, str, str], ...] = (
    ("explain", 1, "Why does bread rise in the oven?",
     "Yeast in the dough makes small bubbles of gas. The heat of the oven makes them grow, and so the bread rises."),
    ("explain", 1, "What is a rainbow?",
     "A rainbow is sunlight that raindrops bend and split into its colours, so that we see them as an arc in the sky."),
    ("explain", 2, "Explain to a child why the moon changes its shape.",
     "The moon is always a ball, but the sun lights only one side of it. As it goes around us we see more or less of "
     "the bright side."),
    ("explain", 3, "Explain in two sentences, without hard words, how a bicycle stays upright.",
     "When a moving bicycle begins to fall to one side, the front wheel turns a little that way. The wheels come back "
     "under the rider, and the bicycle stands again."),
    ("advise", 1, "How can I fall asleep more easily?",
     "Go to bed at the same time each night, keep the room dark and cool, and put your phone away an hour before."),
    ("advise", 1, "What should I do when my houseplant has brown leaves?",
     "Cut the brown leaves off, feel whether the soil is too dry or too wet, and move the plant out of strong sun."),
    ("advise", 2, "Give me advice on saving money when I earn very little.",
     "Write down what you spend for a month, drop the smallest pleasures that you do not miss, and put a fixed sum "
     "aside on the day you are paid."),
    ("advise", 3, "Tell a shy student in a friendly tone, in at most three sentences, how to ask a teacher for help.",
     "Write your question down first, so that you need not find the words in front of everyone. Then go to your "
     "teacher after class and read it out. Teachers are glad to be asked!"),
    ("describe", 1, "Describe a market in the morning.",
     "Traders put up their stalls and call to each other, crates of fruit smell sweet in the cold air, and the first "
     "people walk slowly past the tables."),
    ("describe", 1, "What does an old library look like?",
     "Tall shelves of dark wood hold rows of worn books, dust turns in the light of narrow windows, and green lamps "
     "stand on long tables."),
    ("describe", 2, "Describe the sea to somebody who has never seen it.",
     "Think of a field of water that has no end. It is never still, it breathes in waves that fall on the sand, and "
     "the air above it tastes of salt."),
    ("describe", 3, "Describe a thunderstorm from the view of a dog, in a humorous tone and in two sentences.",
     "The sky growled at me, so I growled back, and I am sorry to say that the sky won. I am now guarding the space "
     "under the bed, where nobody needs a brave dog more."),
    ("compare", 1, "What is the difference between a cat and a dog as a pet?",
     "A cat looks after itself and likes to be alone for hours, while a dog needs walks, training and company each "
     "day."),
    ("compare", 1, "Is it better to read books on paper or on a screen?",
     "Paper is easier on the eyes and keeps you from other things, while a screen carries many books and lets you "
     "search them."),
    ("compare", 2, "Compare travelling by train and by car for a family with small children.",
     "On a train children can walk about and parents can play with them, but there are fixed times. A car leaves when "
     "the family is ready and carries everything, yet everyone must sit still."),
    ("compare", 3, "Compare tea and coffee in three sentences, fairly, and say at the end which suits the evening.",
     "Coffee wakes you quickly and has a strong taste. Tea works more slowly and comes in many gentle kinds. For the "
     "evening a herbal tea suits better, because it lets you sleep."),
    ("plan", 1, "How do I plan a small birthday party at home?",
     "Choose a date and invite your guests, decide on simple food and a cake, prepare some music and games, and tidy "
     "the room the day before."),
    ("plan", 1, "What are the steps to paint a room?",
     "Empty the room and cover the floor, tape the edges, fill the holes in the walls, then paint the ceiling first "
     "and the walls afterwards."),
    ("plan", 2, "Plan a day in a city for somebody who has no money to spend.",
     "Begin with a walk through the old town, eat your own bread in a park at noon, visit a free museum when it is "
     "hot, and watch the sunset from a hill."),
    ("plan", 3, "Plan a week of learning ten new words a day, with a rest day and a short test at its end.",
     "Learn ten words each morning from Monday to Friday and repeat the old ones each evening. Rest on Saturday. On "
     "Sunday test yourself on all fifty words, and note those that you missed."),
    ("write", 1, "Write a short greeting for a new neighbour.",
     "Welcome to our street! We live next door, so please knock whenever you need a hand or a cup of sugar."),
    ("write", 1, "Write a sentence that praises a cook.",
     "Your soup was so good that the whole table fell silent, and then everyone asked for more."),
    ("write", 2, "Write a polite message to cancel a dinner because of illness.",
     "I am very sorry, but I have caught a cold and cannot come to dinner tonight. Thank you for the kind invitation, "
     "and I hope that we can find another day soon."),
    ("write", 3, "Write a tiny story of three sentences about a lost key, with a happy end and no names.",
     "A girl lost the key of her house on the way to school. All day she worried, until an old man knocked at her "
     "classroom with the key in his hand. He had followed her small footprints through the snow."),
)  # fmt: skip
"""What is asked, and how it may be answered well."""
