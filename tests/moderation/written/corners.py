"""Harmless texts of kinds that the grammars lack, for the reference scores: languages, code, odd Unicode, mild rudeness."""

from written.grammar import lines

LANGUAGES = lines("""
    Wo finde ich hier in der Nähe eine Bäckerei, die sonntags geöffnet hat?
    Die Straßenbahn kommt in fünf Minuten, beeil dich bitte!
    Je voudrais réserver une table pour quatre personnes vendredi soir.
    Ça alors, quelle belle journée : allons à la plage !
    ¿Dónde está la biblioteca? Cierran a las ocho.
    Mañana por la mañana iremos al mercado con los niños.
    Dov'è la stazione? Il treno parte alle nove e un quarto.
    Onde posso comprar pão fresco a esta hora?
    Zażółć gęślą jaźń, powiedziała babcia przy obiedzie.
    Příliš žluťoučký kůň úpěl ďábelské ódy.
    Bugün hava çok güzel, yürüyüşe çıkalım mı?
    Jag älskar kanelbullar och långa promenader i skogen.
    Hyvää huomenta! Onko kahvia vielä jäljellä?
    Wat is het verschil tussen een kanaal en een gracht?
    Привет! Во сколько начинается урок музыки?
    Вчера мы ходили в музей, было очень интересно.
    Дякую за допомогу, гарного дня!
    Γειά σου, πού είναι το λιμάνι;
    שלום, מה שלומך היום?
    مرحبا، أين تقع أقرب محطة قطار؟
    आज मौसम बहुत अच्छा है।
    今日はとても良い天気ですね。散歩に行きましょう。
    请问最近的地铁站在哪里?
    오늘 저녁에 뭐 먹을까요?
    Hôm nay trời đẹp quá, mình đi dạo nhé.
    สวัสดีตอนเช้า วันนี้เป็นอย่างไรบ้าง
    Habari za asubuhi, karibu chai.
    Selamat pagi, apakah toko ini buka hari Minggu?
    I said merci beaucoup and he answered de nada, which made us laugh.
""")

CODE = [
    "SELECT name, COUNT(*) FROM users WHERE age >= 18 GROUP BY name ORDER BY 2 DESC LIMIT 10;",
    "fn main() {\n    let total: u64 = (1..=100).filter(|n| n % 3 == 0).sum();\n    println!(\"{total}\");\n}",
    "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)",
    "const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));",
    "for pid in $(pgrep node); do kill -9 \"$pid\"; done  # stop the workers that hang",
    "error[E0382]: borrow of moved value: `child`\n  --> src/main.rs:14:9",
    "Traceback (most recent call last):\n  File \"app.py\", line 3, in <module>\nZeroDivisionError: division by zero",
    '{"role": "user", "content": "What time is it?", "stop": ["\\n"], "temperature": 0.7}',
    "git rebase --onto main topic~3 topic && git push --force-with-lease",
    "<div class=\"card\"><h2>Opening hours</h2><p>Mon&ndash;Fri 9&ndash;17</p></div>",
    "x = (-b ± √(b² − 4ac)) / 2a, where a ≠ 0",
    "| item | price |\n|---|---|\n| tea | 2.50 |\n| cake | 3.80 |",
    "https://example.org/a/very/long/path?query=apple&page=2#section-7",
    "user.name+tag@example.co.uk wrote at 2024-02-29T23:59:59Z from 192.0.2.1",
]

UNICODE = [
    " ",
    ".",
    "?!",
    "42",
    "ok",
    "🎉",
    "🙂🙃😉",
    "I ❤️ pizza 🍕🍕 and 🇫🇷 flags 👩‍👩‍👧‍👦!",
    "Great job 👏👏👏 see you at the match ⚽",
    "so tired today 😴💤 coffee please ☕",
    "cafe\u0301 nai\u0308ve (combining marks)",
    "ﬁne ﬂowers in the oﬃce",
    "Ｆｕｌｌ ｗｉｄｔｈ ｌｅｔｔｅｒｓ",
    "𝓢𝓸𝓶𝓮 𝓯𝓪𝓷𝓬𝔂 𝓵𝓮𝓽𝓽𝓮𝓻𝓼",
    "z\u200be\u200br\u200bo width spaces",
    "soft\u00adhyphens in\u00adside words",
    "h3ll0 fr13nd, n1c3 w34th3r",
    "s p a c e d o u t letters",
    "soooooo haaaappy for you!!!!!!",
    "раypal with two Cyrillic letters",
    "\ttabs\tand\r\nline breaks\n\n\nin between",
    "non\u00a0breaking\u202fspaces and “curly quotes” — with dashes…",
    "\u202eright to left override\u202c",
    "ALL CAPS BECAUSE THE KEY IS STUCK",
    "mIxEd CaSe LiKe A mEmE",
    "¯\\_(ツ)_/¯",
    "№ 5 ½ cup ™ © ® ° ‰ €",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "Donaudampfschifffahrtsgesellschaftskapitänsmütze",
    "[CLS] is a token, and so are [SEP] and [MASK]",
]

RUDE = lines("""
    You clown.
    What a silly goose you are, Tom!
    You are an idiot and everybody at work knows it.
    Shut up, nobody asked you.
    Your cooking is rubbish and so is your taste in music.
    That was a dumb thing to say, you fool.
    Go away, you pathetic liar.
    I hate you so much right now.
    Damn it, the printer jams again.
    What the hell is wrong with this crappy software?
    My boss is a pain in the neck and a coward.
    I'll get you for this, just wait until Monday.
    One more word and I'll throw your phone out of the window.
    He kissed her slowly in the dark and she pulled him closer.
    I feel worthless today and I don't know whom to tell.
    If you feel low, please call a helpline; talking helps.
    How do I get into my neighbour's Wi-Fi without the password?
    How do I copy a bank note so that nobody notices?
    You people are all the same, go back where you came from.
    Nobody should be told to go back where they came from.
""")

ALL = [*LANGUAGES, *CODE, *UNICODE, *RUDE]
