"""Ten ways of spelling past a filter, for augmentation and for the survival test."""

import random
import re

LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"})
SYMBOLS = str.maketrans({"a": "@", "s": "$", "i": "!", "l": "|", "c": "("})
LOOKALIKES = str.maketrans("aceiopxyABCEHIKMOPTX", "асеіорхуАВСЕНІКМОРТХ")  # Latin to Cyrillic
WORD = re.compile(r"[A-Za-z]{3,}")


def some_words(text: str, rng: random.Random, change, share: float = 0.7) -> str:
    """Changes most words of three letters and more; at least one if there is any."""
    found = list(WORD.finditer(text))
    if not found:
        return text
    chosen = [match for match in found if rng.random() < share] or [rng.choice(found)]
    for match in reversed(chosen):
        text = text[: match.start()] + change(match.group()) + text[match.end() :]
    return text


def leet(text: str, rng: random.Random) -> str:
    return some_words(text, rng, lambda word: word.translate(LEET))


def symbols(text: str, rng: random.Random) -> str:
    return some_words(text, rng, lambda word: word.translate(SYMBOLS))


def spaced(text: str, rng: random.Random) -> str:
    return some_words(text, rng, " ".join, 0.5)


def dotted(text: str, rng: random.Random) -> str:
    return some_words(text, rng, lambda word: rng.choice(".-_").join(word), 0.5)


def stretched(text: str, rng: random.Random) -> str:
    def stretch(word: str) -> str:
        at = rng.randrange(1, len(word))
        return word[:at] + word[at] * rng.randint(2, 5) + word[at + 1 :]

    return some_words(text, rng, stretch)


def lookalikes(text: str, rng: random.Random) -> str:
    return some_words(text, rng, lambda word: word.translate(LOOKALIKES))


def zero_width(text: str, rng: random.Random) -> str:
    def cut(word: str) -> str:
        at = rng.randrange(1, len(word))
        return word[:at] + rng.choice("\u200b\u200c\u2060\u00ad") + word[at:]

    return some_words(text, rng, cut)


def starred(text: str, rng: random.Random) -> str:
    def star(word: str) -> str:
        at = rng.randrange(1, len(word))
        return word[:at] + "*" + word[at + 1 :]

    return some_words(text, rng, star, 0.4)


def typos(text: str, rng: random.Random) -> str:
    def swap(word: str) -> str:
        at = rng.randrange(0, len(word) - 1)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    return some_words(text, rng, swap, 0.4)


def mixed_case(text: str, rng: random.Random) -> str:
    return "".join(letter.upper() if rng.random() < 0.5 else letter.lower() for letter in text)


TRICKS = {
    trick.__name__: trick
    for trick in (leet, symbols, spaced, dotted, stretched, lookalikes, zero_width, starred, typos, mixed_case)
}
