use super::*;

/// The commonest first.
const COMMON: &str = "the of and in to was he is as for on with that it his by at from her she you had an were but be this are not \
    they all out who them me we can my your if when so no do up what go one two will just like then there some time ok please \
    call write people world text day name old new good stupid hate kill idiot damn yes over hold cold sold gate bite boss lion \
    ally pen pit tip toe sea best list mist nest east sit site size star start stop test toss else sales code price phone";
const WORDS: [&str; 5] = ["idiot", "stupid", "kill", "hate", "damn"];

struct Common(Vec<&'static str>);

impl Dictionary for Common {
    fn rank(&self, word: &str) -> Option<f32> {
        let at = self.0.iter().position(|&common| common == word)?;
        Some(0.06 + 0.002 * at as f32)
    }
}

fn common() -> Common {
    Common(COMMON.split_whitespace().collect())
}

fn normalize(text: &str, words: &[&str]) -> Normalized {
    Normalizer::new(words).normalize(text, &common())
}

fn mapped(word: &str, to: impl Fn(char) -> char) -> String {
    word.chars().map(to).collect()
}

/// With something after every character.
fn spread(word: &str, between: &str) -> String {
    let parts: Vec<String> = word.chars().map(String::from).collect();
    parts.join(between)
}

fn leet(c: char) -> char {
    match c {
        'i' => '1',
        'a' => '4',
        c => c,
    }
}

fn sign(c: char) -> char {
    match c {
        'i' => '!',
        'a' => '@',
        c => c,
    }
}

fn cyrillic(c: char) -> char {
    match c {
        'i' => 'і',
        'a' => 'а',
        c => c,
    }
}

fn fullwidth(c: char) -> char {
    char::from_u32(c as u32 - 0x61 + 0xFF41).unwrap()
}

fn mathematical(c: char) -> char {
    char::from_u32(c as u32 - 0x61 + 0x1D41A).unwrap()
}

/// The vowel four times.
fn stretched(word: &str) -> String {
    let at = word.find(['a', 'i', 'u']).unwrap();
    format!("{}{}{}", &word[..at], word[at..=at].repeat(4), &word[at + 1..])
}

/// Ten tricks, undone for words of the dictionary too.
fn tricks(word: &str) -> [String; 10] {
    [
        mapped(word, leet),
        // A sign in front of a word is punctuation, but for the words of the lexicon.
        format!("{}{}", &word[..1], mapped(&word[1..], sign)),
        mapped(word, cyrillic),
        mapped(word, fullwidth),
        mapped(word, mathematical),
        spread(word, " "),
        spread(word, "."),
        spread(word, "\u{200B}"),
        spread(word, "\u{336}"),
        stretched(word),
    ]
}

#[test]
fn undoes_ten_tricks() {
    for word in WORDS {
        for trick in tricks(word) {
            for words in [&WORDS[..], &[]] {
                for (text, want) in
                    [(trick.clone(), word.to_owned()), (format!("you {trick} !"), format!("you {word} !"))]
                {
                    assert_ne!(text, want);
                    assert_eq!(normalize(&text, words).text, want, "{text} with {} words", words.len());
                }
            }
        }
    }
}

#[test]
fn undoes_masks_and_cuts_of_lexicon_words() {
    for (text, want) in [
        ("st*pid", "stupid"),
        ("k*ll them", "kill them"),
        ("h**e", "hate"),
        ("stu pid", "stupid"),
        ("an id iot", "an idiot"),
        ("stupid123", "stupid"),
        ("st.up.id", "stupid"),
        ("!d!ot", "idiot"),
        ("d\u{E0061}mn", "damn"),
        ("🔪 you", "knife you"),
    ] {
        assert_eq!(normalize(text, &WORDS).text, want, "{text}");
    }
    for text in ["st**id", "stu pid", "stupid123"] {
        assert_eq!(normalize(text, &[]).text, text);
    }
}

#[test]
fn reads_one_star_in_a_word_of_the_dictionary() {
    assert_eq!(normalize("p*ople wh* write", &WORDS).text, "people wh* write");
    assert_eq!(normalize("P*OPLE are g*od", &[]).text, "people are good");
    // A vowel of the lexicon's word, or a consonant that a common word has too, or none has.
    for (text, want) in [("th*t", "thot"), ("t*at", "that"), ("t*ot", "thot")] {
        assert_eq!(normalize(text, &["thot", "twat"]).text, want, "{text}");
    }
    for text in ["p**ple", "*eople", "peopl*", "t*e", "p#ople", "p*0ple", "file*name"] {
        assert_eq!(normalize(text, &WORDS).text, text);
    }
}

#[test]
fn reads_tricks_beyond_ten() {
    for (text, want) in [
        ("іdісу and рrісеу", "idicy and pricey"), // no words, but letters of two alphabets
        ("st00p 1d10t, l00k", "st00p idiot, l00k"),
        ("h3ll and g00d w0r1d", "h3ll and good world"),
        ("!d!ot, |ike (o|d", "idiot, like (old"),
        ("hum|e, wor|d and ca|| me", "hum|e, world and call me"),
        ("siht, ikll the idoit", "siht, kill the idiot"),
    ] {
        assert_eq!(normalize(text, &WORDS).text, want, "{text}");
    }
}

#[test]
fn reads_letters_in_the_wrong_order() {
    for (text, want) in [
        ("teh wordl adn waht ogod dya", "the world and what good dya"),
        ("yuo cna acll him", "you cna call him"),
        ("Siht and IDOIT", "Siht and idiot"), // large letters may be a name, if the lexicon has no such word
        ("the wrld lgoo wot pits", "the wrld logo wot pits"),
    ] {
        assert_eq!(normalize(text, &[&WORDS[..], &["logo"]].concat()).text, want, "{text}");
    }
}

#[test]
fn reads_short_words_beside_others_that_are_spaced_out() {
    for (text, want) in [
        ("k i l l them in t h e world", "kill them in the world"),
        ("t h e world", "t h e world"),
        ("w i t c h e s in t.h.e world", "witches in the world"),
        ("x s t u p i d", "x stupid"),
        ("x q z s t u p i d", "x q z s t u p i d"),
    ] {
        assert_eq!(normalize(text, &[&WORDS[..], &["witch"]].concat()).text, want, "{text}");
    }
}

const BENIGN: &str = "B2B sales, mp3 and 3D in 4K
COVID-19, SARS-CoV-2
v1.2.3 and v2.0.0-beta.1
e-mail, E-mail, T-shirt, X-ray
https://example.com/a1b2?c=d3 www.k1ll.example foo.bar@example.com
S O S
S.O.S. in the U.S.A. and the U.K., e.g. here, i.e. there, 3:45 p.m.
A B C D E F G and a b c d e f
J. R. R. Tolkien and T. S. Eliot
$19.99, €5, £3.50, 100%, 1,000,000
2024-02-29, 29/02/2024, 10:30, 24/7
+1 (555) 010-1234, 0800 123456
1st, 2nd, 3rd, 21st, 70th
x86_64, i18n, l10n, a11y, W3C, R2-D2, H2O, CO2
state-of-the-art, well-known, mother-in-law
fn main() { println!(\"{}\", x+1); }
for (int i = 0; i < n; i++) { s += a[i]; }
if (x!=y && z|w) return *p;
weightᵀ · x² ≠ a
**bold** and *italic*, **OK** and **OK once
x = 2*3 + a*b, 5*size, size*2, int *p, char*s, *.txt, src/*.rs, read*
the pen is here; sit on it
I don't know if it's what you're after, isn't it?
Aaron, Isaac, vacuum, skiing, Shiites, XVIII
Привет, как дела? Это обычный текст.
Καλημέρα κόσμε, τι κάνεις;
你好，世界。ＡＢＣ株式会社
こんにちは世界 안녕하세요
שלום עולם مرحبا بالعالم हिन्दी में
café naïve résumé São Paulo Łódź tiếng Việt
😀 👍🏽 👨\u{200D}👩\u{200D}👧 🏳️\u{200D}🌈 ❤️ 1️⃣ 🇩🇪 🇺🇸 🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}
The quick brown fox jumps over the lazy dog.

\t  hello     world  ";

#[test]
fn leaves_ordinary_text_as_it_is() {
    for text in BENIGN.lines().chain([BENIGN, "", " "]) {
        let found = normalize(text, &WORDS);
        assert_eq!(found.text, text);
        let length = text.encode_utf16().count() as u32;
        assert_eq!(found.offsets, (0..=length).collect::<Vec<u32>>());
    }
}

/// What in the original a word of the normalised text was.
fn original(text: &str, found: &Normalized, word: &str) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    let start = found.text[..found.text.find(word).unwrap()].encode_utf16().count();
    let end = start + word.encode_utf16().count();
    let [start, end] = [start, end].map(|at| found.offsets[at] as usize);
    String::from_utf16(&units[start..end]).unwrap()
}

#[test]
fn tells_where_words_come_from() {
    for (text, word, want) in [
        ("😀 you k1ll it", "kill", "k1ll"),
        ("😀 you k1ll it", "you", "you"),
        ("an 𝐢𝐝𝐢𝐨𝐭 here", "idiot", "𝐢𝐝𝐢𝐨𝐭"),
        ("an 𝐢𝐝𝐢𝐨𝐭 here", "here", "here"),
        ("so stuuuupid, all", "stupid", "stuuuupid"),
        ("i d i o t, you", "idiot", "i d i o t"),
        ("k\u{200B}i\u{200B}l\u{200B}l 😀 them", "kill", "k\u{200B}i\u{200B}l\u{200B}l"),
        ("k\u{200B}i\u{200B}l\u{200B}l 😀 them", "them", "them"),
        ("an id iot!", "idiot", "id iot"),
    ] {
        let found = normalize(text, &WORDS);
        assert_eq!(original(text, &found, word), want, "{text}");
        check(text, &found);
    }
}

/// What holds for every text.
fn check(text: &str, found: &Normalized) {
    let length = text.encode_utf16().count() as u32;
    assert_eq!(found.offsets.len(), found.text.encode_utf16().count() + 1, "{text:?}");
    assert!(found.offsets.is_sorted(), "{text:?}");
    assert_eq!(found.offsets.last(), Some(&length), "{text:?}");
    assert_eq!(normalize(&found.text, &WORDS).text, found.text, "{text:?}");
}

/// xorshift
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 16) as usize
}

const HOSTILE: [&str; 40] = [
    "k",
    "i",
    "l",
    "h",
    "a",
    "t",
    "e",
    "d",
    "m",
    "n",
    "s",
    "u",
    "p",
    "o",
    " ",
    " ",
    "  ",
    "\n",
    "1",
    "0",
    "4",
    "3",
    "!",
    "@",
    "$",
    "*",
    ".",
    "-",
    "'",
    "і",
    "а",
    "ｋ",
    "𝐢",
    "\u{200B}",
    "\u{336}",
    "\u{301}",
    "🇰",
    "🔪",
    "\u{E0069}",
    "ж",
];

#[test]
fn holds_for_hostile_text() {
    let mut state = 0x2545_F491_4F6C_DD1D;
    for _ in 0..20_000 {
        let length = 1 + next(&mut state) % 16;
        let text: String = (0..length).map(|_| HOSTILE[next(&mut state) % HOSTILE.len()]).collect();
        check(&text, &normalize(&text, &WORDS));
    }
}

#[test]
fn takes_time_in_proportion() {
    const LENGTH: usize = 200_000;
    let mut state = 88_172_645_463_325_252;
    let mut texts: Vec<String> = [
        "a",
        "a ",
        "k.",
        "1a",
        "*",
        "\u{336}",
        "a\u{336}",
        "🔪",
        "k1ll ",
        "k i l l ",
        "і",
        "𝐢",
        "ki ",
        "\u{200D}",
        "(",
        "\u{E0069}",
    ]
    .map(|part| part.repeat(LENGTH / part.chars().count()))
    .into();
    texts.push((0..LENGTH).map(|_| HOSTILE[next(&mut state) % HOSTILE.len()]).collect());
    texts.push((0..LENGTH).map(|_| HOSTILE[next(&mut state) % 14]).collect());
    for text in texts {
        let start = std::time::Instant::now();
        normalize(&text, &WORDS);
        // Milliseconds where time is linear, if the machine has nothing else to do; a pass that is quadratic takes 10¹⁰
        // steps, which are minutes.
        let seconds = start.elapsed().as_secs_f64();
        assert!(seconds < 30.0, "{seconds} s for {:?}…", text.chars().take(8).collect::<String>());
    }
}
