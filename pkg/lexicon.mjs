// Makes src/moderation/lexicon.json from the English list of LDNOOBW (npm package `naughty-words`, CC-BY-4.0; see
// NOTICE): `node lexicon.mjs`, or `node lexicon.mjs --check` to see that the file is what this makes.
//
// The list was made to keep a search box from suggesting things. A moderator needs less: an entry stays if it is a
// swear word, a vulgar word or a slur wherever it stands. The others are left out here, by reason.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const lines = (text) => text.split('\n').flatMap((line) => line.split(',')).map((entry) => entry.trim()).filter(Boolean);

/** Words of anatomy and medicine: people ask doctors about them. */
const ANATOMY = lines(`anal, anus, butt, buttcheeks, cialis, clitoris, ejaculation, eunuch, fecal, genitals, intercourse,
  masturbate, masturbating, masturbation, nipple, nipples, orgasm, penis, pubes, rectum, semen, spastic, vagina, viagra, vulva`);

/** Subjects rather than swear words: the model's labels sexual, hate and violence judge what is said of them. */
const SUBJECTS = lines(`acrotomophilia, auto erotic, autoerotic, ball gag, barely legal, barenaked, bastinado, bbw, bdsm,
  beastiality, bestiality, big black, big breasts, bondage, busty, camgirl, coprolagnia, coprophilia, date rape, daterape,
  dendrophilia, dolcett, domination, dominatrix, dommes, double penetration, dp action, dvda, ecchi, erotic, erotism,
  escort, femdom, foot fetish, futanari, gay sex, girls gone wild, grope, group sex, guro, hentai, homoerotic, hooker,
  how to kill, how to murder, incest, jail bait, jailbait, kinbaku, kinkster, kinky, leather restraint,
  leather straight jacket, livesex, lolita, lovemaking, menage a trois, missionary position, nambla, neonazi, nsfw,
  nsfw images, nude, nudity, nympho, nymphomania, nimphomania, omorashi, paedophile, panties, panty, pedobear, pedophile,
  pegging, phone sex, playboy, porn, porno, pornography, pthc, rape, raping, rapist, sadism, s&m, sex, sexcam, sexo, sexual,
  sexually, sexuality, sexy, shibari, shota, sodomize, sodomy, strap on, strapon, strappado, strip club, sultry women,
  swastika, swinger, threesome, topless, tribadism, undressing, upskirt, urophilia, vibrator, voyeur, voyeurweb, voyuer,
  vorarephilia, white power, worldsex, xxx, yaoi, zoophilia`);

/** Mostly something else: names, films, songs, sports, animals, other languages, mild words. */
const ORDINARY = lines(`alaskan pipeline, bangbus, bareback, bastardo, beaver cleaver, bimbos, birdlock, bullet vibe,
  chocolate rosebuds, coon, coons, cornhole, deep throat, deepthroat, dingleberry, dingleberries, dirty pillows, donkey punch,
  doggie style, doggiestyle, doggy style, doggystyle, dog style, figging, fingering, fisting, frotting, g-spot, girl on,
  goo girl, goodpoop, hard core, hardcore, honkey, horny, hot carl, hot chick, huge fat, humping, jack off, jelly donut,
  juggs, knobbing, lemon party, make me come, mong, mound of venus, mr hands, negro, nutten, octopussy, orgy, pissing,
  pleasure chest, poof, poon, quim, rimming, rosy palm, santorum, scat, scissoring, shrimping, skeet, smut, snatch,
  snowballing, splooge moose, spread legs, spunk, style doggy, suck, sucks, suicide girls, tainted love, taste my,
  tea bagging, throating, tied up, tight white, tit, tongue in a, tushy, twink, twinkie, violet wand, wet dream,
  wrapping men, wrinkled starfish, xx, yiffy`);

/** Names of films, sites and acts that nobody uses to swear. They would only make the list longer. */
const OBSCURE = lines(`2g1c, 2 girls 1 cup, alabama hot pocket, anilingus, apeshit, assmunch, baby batter, baby juice, babeland,
  ball gravy, ball kicking, ball licking, ball sucking, bangbros, beaver lips, big knockers, big tits, black cock,
  blonde action, blonde on blonde action, blow your load, blue waffle, blumpkin, booty call, brown showers, brunette action,
  bung hole, clover clamps, double dong, eat my ass, female squirting, fuck buttons, fudgepacker, gang bang, giant cock,
  girl on top, goatcx, goatse, gokkun, golden shower, goregasm, male squirting, nawashi, one cup two girls, one guy one jar,
  piece of shit, ponyplay, poopchute, prince albert piercing, queaf, raging boner, reverse cowgirl, rosy palm and her 5 sisters,
  shaved beaver, shaved pussy, shitblimp, slanteye, thumbzilla, tubgirl, tub girl, two girls one cup, urethra play,
  venus mound, yellow showers`);

/** In common use, and missing from the list. */
const ADDED = lines(`arsewipe, assclown, asshat, asswipe, ballsack, beotch, biatch, chickenshit, cockhead, cocksucker,
  cocksucking, cum dump, cunty, dick head, dickbag, dickface, dickhead, dickwad, dipshit, douchebag, dumbass, dumb ass,
  dumbshit, fatass, fck, fcking, fck you, fuk, fukin, fuking, fukken, gook, gtfo, horseshit, jackass, jizzed,
  lardass, ngga, niggas, niggaz, nutsack, phuck, pussies, shitbag, shitface, shithead, shithole, shitshow, shite, slutty, smartass,
  stfu, thundercunt, trannies, turdface, twatwaffle, wanker, whorish`);

/** Verbs: their forms are words too. The second spelling is what endings are put to. Plurals are for the matcher. */
const VERBS = [['wank'], ['bullshit', 'bullshitt'], ['jizz'], ['shit', 'shitt'], ['whore', 'whor']];

/** Names, unless they are written small or all in capitals. */
const NAMES = ['cock', 'cumming', 'dick', 'fuk', 'kike'];

/** Phrases in which such a word is none. */
const HARMLESS = lines(`cock a doodle, cock a hoop, cock and bull, cum laude, moby dick, pussy cat, pussy riot, pussy willow,
  spic and span, bitchute, great tits, blue tits, coal tits`);

/** Insults that are no swear words and that vocabularies of models lack: the normaliser is told of them. */
const INSULTS = lines(`crybaby, degenerates, despicable, disgusting, dimwit, dumbest, freaks, halfwit, hypocrite, hypocrites,
  idiocy, idiotic, idiots, imbecile, imbeciles, loser, losers, lowlife, moron, moronic, morons, nitwit, pathetic, scumbag, scumbags,
  sicko, spineless, stupidest, stupidity, subhuman, vermin, weirdo, worthless`);

/** No other English word has these inside. */
const INSIDE = ['asshole', 'bitch', 'faggot', 'fuck'];

const from = new URL('node_modules/naughty-words/en.json', import.meta.url);
const to = new URL('src/moderation/lexicon.json', import.meta.url);

export function lexicon() {
  const list = JSON.parse(readFileSync(from, 'utf8'));
  const left = new Set([...ANATOMY, ...SUBJECTS, ...ORDINARY, ...OBSCURE]);
  const gone = [...left].filter((entry) => !list.includes(entry));
  if (gone.length > 0) throw new Error(`left out, but not in the list: ${gone.join(', ')}`);
  const known = ADDED.filter((entry) => list.includes(entry));
  if (known.length > 0) throw new Error(`added, but in the list: ${known.join(', ')}`);
  const entries = new Set([...list.filter((entry) => !left.has(entry)), ...ADDED]);
  for (const [stem, long = stem] of VERBS) {
    for (const form of [stem, ...['ed', 'er', 'in', 'ing'].map((ending) => long + ending)]) entries.add(form);
  }
  const covered = (entry) =>
    INSIDE.some((inside) => entry !== inside && entry.includes(inside)) ||
    [entry.replace(/s$/, ''), entry.replace(/(?<=[sxz]|[cs]h)es$/, '')].some((single) => single !== entry && entries.has(single));
  const all = [...entries].filter((entry) => !covered(entry)).sort();
  return {
    words: all.filter((entry) => !entry.includes(' ')),
    phrases: all.filter((entry) => entry.includes(' ')),
    inside: INSIDE,
    names: NAMES,
    harmless: HARMLESS,
    insults: INSULTS,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = `${JSON.stringify(lexicon(), undefined, 1)}\n`;
  if (!process.argv.includes('--check')) writeFileSync(to, text);
  else if (readFileSync(to, 'utf8') !== text) throw new Error('lexicon.json is not what lexicon.mjs makes: run node lexicon.mjs');
}
