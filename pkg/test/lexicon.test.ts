import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findProfanity, LEXICON_WORDS } from '../src/moderation/lexicon.js';

const found = (text: string): string[] => findProfanity(text).map(({ start, end }) => text.slice(start, end));

/** What is found of a text. */
const FOUND: readonly [string, string[]][] = [
  ['Well, shit.', ['shit']],
  ['WTF, SHIT happens!', ['SHIT']],
  ['what the fuck', ['fuck']],
  ['un-fucking-believable', ['fucking']],
  ['motherfuckers and fuckwits', ['motherfuckers', 'fuckwits']],
  ['You assholes!', ['assholes']],
  ['asses, pussies, bitches, dicks', ['asses', 'pussies', 'bitches', 'dicks']],
  ['total bullshitters', ['bullshitters']],
  ['he was wanking', ['wanking']],
  ['a blow job, a blow-job, a blowjob', ['blow job', 'blow-job', 'blowjob']],
  ['two hand jobs', ['hand jobs']],
  ['dumb ass', ['ass']],
  ['god damn it', ['god damn']],
  ['f*ck sh*t b**ch f**k', ['f*ck', 'sh*t', 'b**ch', 'f**k']],
  ['f***ing s*** f***', ['f***ing', 's***', 'f***']],
  ['What a *shit* day', ['*shit*']],
  ['**fuck**', ['**fuck**']],
  ['what a dick', ['dick']],
  ['DICK', ['DICK']],
  ['a cock and a bull', ['cock']],
  ['🖕 you', ['🖕']],
  ['stfu and gtfo', ['stfu', 'gtfo']],
];

/** Look-alikes, in which nothing is found. */
const CLEAN: readonly string[] = [
  '',
  'People of Scunthorpe, Penistone, Lightwater, Clitheroe, Cockermouth and Middlesex.',
  'The class passed an assessment; the assassin grasped the brass.',
  'Cocktails with peacocks, a cockpit, a weathercock, shuttlecocks and Hancock.',
  'He cumulated documents of circumstances; cucumber, cumin, cumbersome.',
  'Dickens met Dickinson. Moby Dick and Dick Cheney. A dickey bird.',
  'Alan Cumming and the Kikes family name: Fuk Lee of Hong Kong.',
  'Shiitake mushrooms, shitzu, a mishit ball, Matsushita.',
  'He graduated summa cum laude from a live-cum-work space.',
  'Mixed spices, slices, dices and vices.',
  'Spic and span, a cock-and-bull story, pussy willow, Pussy Riot, blue tits and great tits.',
  'Essex, Sussex, sextant, sextet, unisex.',
  'Analysis of the canal; analog; banal.',
  'Grape, drape, therapist, scrape.',
  'Niggardly sums, a snigger, Niger and Nigeria.',
  'Swank hotels, a twankle, a bastion, bastardise nothing.',
  'My bosom friend has a twin and a twinge.',
  'The raccoon and the tycoon in a cocoon.',
  'titanium, title, titillate, appetite, constitution',
  'She asked an assistant; as she; as so; bass; mass; glass.',
  'Prices from 5* hotels, see note*, a footnote** and 2*3*4.',
  '*very* important, **bold**, * a list',
  '**** out of *****',
  'the grade is c* and s* is a set',
  't*at is all, wa*k on',
  'BitChute is a site. Habit change.',
  'Where can I see a doctor about my anus, penis or vagina?',
  'A white supremacist was tried for rape.',
  'Faget, Fagan, fagot stitch and a bassoon called fagotto.',
];

test('words, their forms, phrases and stars are found where they stand', () => {
  for (const [text, words] of FOUND) assert.deepEqual(found(text), words, text);
});

test('look-alikes, names and Markdown are not found', () => {
  for (const text of CLEAN) assert.deepEqual(found(text), [], text);
});

test('names are told by how they were spelled', () => {
  const spelled = 'Dick';
  assert.equal(findProfanity('dick').length, 1);
  assert.deepEqual(findProfanity('dick', () => spelled), []);
});

test('every word of the list is found alone, in capitals and in the plural', () => {
  assert.ok(LEXICON_WORDS.length > 100);
  for (const word of LEXICON_WORDS) {
    for (const text of [word, word.toUpperCase(), `${word}s`]) assert.deepEqual(found(`so ${text}!`), [text], text);
  }
});

test('long hostile texts end', { timeout: 20_000 }, () => {
  for (const piece of ['*', 'f*', 'a*b', 'fuck ', 'pussy cat ', 'ass-', 'cum-', 'dry ']) {
    findProfanity(piece.repeat(200_000 / piece.length));
  }
});
