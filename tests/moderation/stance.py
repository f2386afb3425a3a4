"""Rows that the collected data lacks: the written grammars, and frames around its own short hateful and harassing rows."""

import random

import numpy as np

import written.everyday
import written.harm
import written.identity
import written.injection
import written.lookalike
import written.prose
import written.violence
from data import Rows, from_dicts, join
from model import LABELS
from obfuscate import TRICKS
from written.grammar import generate, lines, side_of
from written.shared import SLOTS

GRAMMARS = [
    *written.everyday.FAMILIES,
    *written.prose.FAMILIES,
    *written.lookalike.FAMILIES,
    *written.identity.FAMILIES,
    *written.violence.FAMILIES,
    *written.harm.FAMILIES,
    *written.injection.FAMILIES,
]

REJECTING = lines("""
    He wrote "{}" and I reported him.
    Saying "{}" is not okay.
    "{}" - I can't believe people still say this. Disgusting attitude.
    Why would anyone write "{}"? This has to stop.
    I was told "{}" today. It hurt.
    The comment "{}" was deleted by the moderators.
    Nobody should have to read things like "{}".
    My colleague was fired for posting "{}".
    They shouted "{}" at my friend. We called the police.
    If you say "{}", you are the problem, not them.
    Example of a post that breaks our rules: "{}"
    The trial heard that he had written "{}".
    I disagree with everyone who says {}
    How should I answer a pupil who says "{}"?
    Please stop posting "{}", it is hurtful and false.
    She was sent messages like "{}" for months; now she helps other victims.
    It is wrong to say {}
    The historian quoted a leaflet: "{}" Such words prepared the crime.
    "{}" is exactly the kind of hate we stand against.
    Would your filter catch "{}"?
""")

ENDORSING = lines("""
    He wrote "{}" and I agree with him.
    Saying "{}" is perfectly okay.
    "{}" - finally someone says it. Great attitude.
    Why would anyone delete "{}"? It's the truth.
    I told him today: {} It felt good.
    The comment "{}" was deleted by cowards. I'll post it again.
    Everybody should read this: {}
    My colleague was fired for posting "{}", but he was right.
    They shouted "{}" and I joined in.
    If you don't see it, you're the problem: {}
    Example of what we should all say: {}
    I said it in court and I say it again: {}
    I agree with everyone who says {}
    Just my honest opinion: {}
    Keep posting this, it is true: {}
    lol {}
    It is right to say {}
    As my grandfather used to say: {} He knew.
    Repost if you agree: {}
    no offence but {}
""")


def grammar_rows(count: int, dev: bool, seed: int) -> Rows:
    rows: list[dict] = []
    for family in GRAMMARS:
        rows += generate(family, int(count * family.share), dev, seed, SLOTS)
    return from_dicts(rows)


def framed_rows(data: Rows, count: int, dev: bool, seed: int) -> Rows:
    """Half of the rows reject what they quote and lose hate and harassment; half endorse it and keep them."""
    hate, harassment = LABELS.index("hate"), LABELS.index("harassment")
    attack = ((data.labels * (data.weights == 1))[:, [hate, harassment]]).max(1) > 0
    short = np.array([12 < len(text) < 110 for text in data.texts])
    candidates = np.flatnonzero(attack & short)
    rng = random.Random(f"{seed} frames {dev}")
    texts, labels, weights, sources = [], [], [], []
    for row in rng.sample(list(candidates), min(count, len(candidates))):
        quoted = data.texts[row].strip().replace('"', "'")
        for name, frames in (("reject", REJECTING), ("endorse", ENDORSING)):
            texts.append(rng.choice(side_of(frames, dev)).replace("{}", quoted))
            label, weight = data.labels[row].copy(), data.weights[row].copy()
            if name == "reject":
                kept = LABELS.index("profanity")  # a word is a word, quoted or not
                label[[i for i in range(len(LABELS)) if i != kept]] = 0
                weight[[i for i in range(len(LABELS)) if i not in (hate, harassment, kept)]] *= 0.3
                weight[LABELS.index("toxic")] = 0.7
            labels.append(label)
            weights.append(weight)
            sources.append(f"written/frame_{name}")
    return Rows(texts, np.array(labels), np.array(weights), sources)


def obfuscated_rows(data: Rows, share: float, seed: int) -> Rows:
    """Copies of a share of the rows, positive and benign alike, each spelled with one trick or two."""
    rng = random.Random(f"{seed} tricks")
    chosen = np.array(sorted(rng.sample(range(len(data)), int(share * len(data)))))
    copies = data.take(chosen)
    copies.weights = copies.weights.copy()
    tricks = list(TRICKS.values())
    for i, text in enumerate(copies.texts):
        for trick in rng.sample(tricks, rng.choice([1, 1, 2])):
            text = trick(text, rng)
        copies.texts[i] = text
    copies.sources = ["written/spelled"] * len(copies)
    return copies


def written_rows(data: Rows, count: int, frames: int, dev: bool, seed: int) -> Rows:
    return join([grammar_rows(count, dev, seed), framed_rows(data, frames, dev, seed)])
