"""Rows from grammars: templates with {slots} and [this|or that], each template and large word list split into train and dev.

Where a list has eight entries or more, those whose checksum says so are used on the dev side only and the others on the
train side only, so that a dev row is a sentence whose shape and most of whose words were never trained on.
"""

import random
import re
import zlib
from dataclasses import dataclass, field

from model import LABELS

SLOT = re.compile(r"\{(\w+)\}")
CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines() if line.strip()]


def words(text: str) -> list[str]:
    """Comma-separated, so that entries may have spaces."""
    return [word.strip() for word in text.replace("\n", " ").split(",") if word.strip()]


@dataclass(frozen=True)
class Family:
    name: str
    templates: list[str]
    slots: dict[str, list[str]] = field(default_factory=dict)
    positive: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    share: float = 1.0  # of the rows that an average family gives


def side_of(entries: list[str], dev: bool) -> list[str]:
    if len(entries) < 8:
        return entries
    chosen = [entry for entry in entries if (zlib.crc32(entry.encode()) % 6 == 0) == dev]
    return chosen or entries[:1]


def expand(template: str, slots: dict[str, list[str]], rng: random.Random, dev: bool) -> str:
    text, used = template, set()
    while True:
        match = CHOICE.search(text) or SLOT.search(text)
        if not match:
            return tidy(text)
        if match.re is SLOT:
            entries = side_of(slots[match.group(1)], dev)
            # A slot named twice gives two words where it can.
            chosen = rng.choice([entry for entry in entries if entry not in used] or entries)
            used.add(chosen)
        else:
            chosen = rng.choice(match.group(1).split("|"))
        text = text[: match.start()] + chosen + text[match.end() :]


def tidy(text: str) -> str:
    text = re.sub(r"[ \t]+", " ", text).strip()
    text = re.sub(r" ([,.!?;:])", r"\1", text)
    text = re.sub(r"\b([Aa]) ([aeiouAEIOU])", r"\1n \2", text)
    return text


def voice(text: str, rng: random.Random) -> str:
    """How people type: most as written, some in lower case or without the last stop."""
    chance = rng.random()
    if chance < 0.14:
        text = text.lower()
    elif chance < 0.70:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.15 and text.endswith("."):
        text = text[:-1]
    return text


def generate(family: Family, count: int, dev: bool, seed: int, shared: dict[str, list[str]]) -> list[dict]:
    rng = random.Random(f"{seed} {family.name} {dev}")
    slots = {**shared, **family.slots}
    labels = {label: int(label in family.positive) for label in LABELS if label not in family.unknown}
    texts: dict[str, str] = {}  # by what is left without case and the last stop
    templates = side_of(family.templates, dev)
    for _ in range(count * 4):
        if len(texts) == count:
            break
        text = expand(rng.choice(templates), slots, rng, dev)
        texts.setdefault(text.lower().rstrip("."), voice(text, rng))
    return [{"text": text, "labels": labels, "source": f"written/{family.name}"} for text in texts.values()]
