"""Ordinary short text: reviews, support, chat, questions to an assistant. Every label 0."""

from written.grammar import Family, lines, words

REVIEWS = Family(
    "benign/reviews",
    lines("""
        I bought {product} {time} and [it works well|I'm disappointed|it's fine for the price|I would buy it again]. {verdict}
        {verdict} {product} arrived {lateness} and {condition}.
        [Two|Three|Four|Five] stars. {verdict} {verdict}
        [Honestly|To be fair|In short], {product} is [terrible|great|mediocre|overpriced|the best I've owned]. {verdict}
        We ate at a small place near {place} in {city}. The {food} was [awful|divine|cold|too salty|lovely] and the service was {speed}.
        The film was [boring|gripping|far too long|a delight]; the ending [made no sense|made me cry|was worth it]. {verdict}
        Returned {product} after {number} days because {condition}. {verdict}
        My {age} son loves {product}, though {condition}.
        Stayed {number} nights in {city}. Room was {roomstate}, breakfast [poor|excellent|basic], staff {speed}.
        Worst {food} I have ever had, I nearly choked on how dry it was. {verdict}
        This book about {topic} is [dull|superb|hard going in the middle]. {verdict}
    """),
    {
        "verdict": lines("""
            Would not recommend.
            Absolutely love it!
            What a waste of money.
            Great value.
            The battery dies after an hour.
            Customer service was useless and never answered.
            I hate the new design, the old one was better.
            It does what it says on the box.
            Rubbish quality, broke in a week.
            My kids fight over it every day.
            It is killing my back, but it looks nice.
            Pretty good overall, a bit noisy.
            I was stupid to pay full price.
            The screen is gorgeous.
            Smells weird out of the packet.
            Damn, this thing is fast.
            Shipping took forever, ridiculous.
            Ugly colour, but comfortable.
            Do yourself a favour and get the bigger one.
        """),
        "lateness": words("on time, two weeks late, early, after a long wait, in a crushed box, the next day, with a missing screw"),
        "condition": words("""the zip is broken, it was well packed, the handle came off, it had a scratch, everything was in place,
            one leg was shorter than the others, the manual is in the wrong language, it overheats, the paint peels, it leaks"""),
        "speed": words("slow, friendly, rude, attentive, overwhelmed, kind, distracted, quick"),
        "age": words("six-year-old, teenage, youngest, eldest, four-year-old, ten-year-old"),
        "roomstate": words("clean, tiny, noisy, freezing, spacious, dated, spotless, dark, too hot"),
    },
)

SUPPORT = Family(
    "benign/support",
    lines("""
        Hello, {problem}. {context} Can you help?
        Hi team, since {time} {problem}. {context} {close}
        {problem}. I have already {tried}. {close}
        This is the {ordinal} time I write about this: {problem}. I am very [angry|disappointed|frustrated] with your service. {close}
        How do I {task}?
        Can I {task} without {tried2}?
        Your agent {name} was [rude|very helpful|unable to help] and {problem}. {close}
        I want to complain. {problem} and nobody answers the phone. {close}
        Thank you {name}, the problem is solved: after I {tried} everything works.
        Please {task} for me, order number {number}{number}4{number}.
        Dear {name}, your invoice for {month} is attached. The amount of {number}0.50 is due on {weekday}.
    """),
    {
        "problem": lines("""
            my parcel never arrived
            the app crashes when I open the camera
            I was charged twice
            I can't log in to my account
            the update killed my battery life
            my card was declined at the till
            the printer refuses to print in black
            the router drops the connection every hour
            the video freezes after ten seconds
            my subscription was cancelled without notice
            the seat I booked was given away
            the washing machine stops in the middle of the cycle
            the discount code is rejected
            I never received the confirmation e-mail
            the heater makes a banging noise
            the transfer has been pending for days
            the wrong size was delivered
        """),
        "context": lines("""
            I use the latest version.
            It worked fine before.
            My order number is in the subject line.
            I have been a customer for years.
            It happens on both phones.
            The error code is 504.
            I am travelling and need it by {weekday}.
            I attached a screenshot.
        """),
        "tried": words("""restarted it twice, reinstalled the app, changed the cable, cleared the cache, called the hotline,
            reset my password, read the manual, waited for {number} days, checked the spam folder, asked a colleague"""),
        "tried2": words("calling, a new password, paying a fee, the app, losing my data, a receipt, a credit card, visiting a branch"),
        "close": lines("""
            Please refund me.
            Thanks in advance.
            When can I expect an answer?
            If this isn't fixed by {weekday} I will cancel.
            Kind regards, {name}
            I expect a reply today.
            Any ideas?
            Sort it out, please.
            Best, {name}
        """),
        "ordinal": words("second, third, fourth, fifth"),
        "task": words("""change my delivery address, cancel my subscription, export my data, download an invoice, change the language,
            add a second user, delete my account, update my card, move my booking to {weekday}, activate the warranty, pause payments,
            get a receipt, set up the printer, transfer money abroad, increase my limit, report a lost card, book a table for {number}"""),
    },
)

CHAT = Family(
    "benign/chat",
    lines("""
        {hey} {plan} {tail}
        {hey} {news}
        {news} {reaction}
        {reaction} {news}
        {reaction}
        {hey} did you see {name}'s message? {reaction}
        [lol|haha|omg|well|hm|ok|no way], {news}
        {plan} {tail} {reaction}
        {name} and I [are|were] {activity} {time}. {reaction}
        I'm so {mood}, {news}
        happy birthday {name}!! hope you have a [great|lovely|calm] day
        I miss {relative} so much. {news}
        sorry I'm late, {excuse}
        {excuse}, can we do {weekday} instead?
        what are you up to {weekday}? {plan}
        Just {activity} with {relative}, how about you?
        Are we still on for {weekday}?
        You are [the best|so kind|a star|too good to me], thank you!
        Goodnight, sleep well
        I disagree, {name}, but I see [your point|where you're coming from|why you'd think so].
    """),
    {
        "hey": words("hey, hi, hello, yo, morning!, hey {name}, hi all, evening, so, btw"),
        "plan": lines("""
            shall we go to {place} {weekday}?
            do you want to come over for {food}?
            I'll pick you up at {number}.
            let's watch the match together.
            are you coming to the party?
            we need a present for {name}.
            we could take the kids to {place}.
            I'm making {food} tonight.
            can you feed the cat while I'm away?
            wanna play later?
            let's crush that exam tomorrow.
            I booked tickets for {city}.
        """),
        "tail": lines("""
            No stress if not.
            Bring a jacket, it's cold.
            Tell {name} too.
            I'll be there around {number}.
            My treat.
            The usual place.
            Can't wait!
            Let me know.
        """),
        "news": lines("""
            my phone died again.
            {name} got the job!
            I burned the {food}, again.
            the dog ate my homework, literally.
            our team got destroyed {number} to nil.
            I slept like a log.
            the exam was murder but I think I passed.
            {relative} is visiting from {city}.
            the baby kept us awake all night.
            I twisted my ankle at {place}.
            we finally painted the bathroom.
            {name} is leaving for {city} in {month}.
            the train was cancelled again.
            I finished that book you gave me.
            my legs are killing me after that run.
            the neighbours have a new puppy.
            it has been raining for {number} days.
            I got a haircut and nobody noticed.
            the boss moved the deadline to {weekday}.
        """),
        "reaction": lines("""
            haha that's hilarious
            no way!
            oh no, poor you
            that sucks, sorry
            lol I'm dead
            congrats!!
            so proud of you
            that's so sweet
            ugh, annoying
            crazy times
            well deserved
            I can't stop laughing
            fingers crossed
            hell yes
            what a mess
            you killed it!
            makes sense to me
            I feel you
            damn, that was close
        """),
        "activity": words("""watching a film, hiking, baking {food}, playing cards, cleaning the flat, shopping, fixing the bike,
            walking the dog, studying {topic}, gardening, at the dentist, waiting at {place}, learning {language}, painting"""),
        "mood": words("tired, happy, nervous, excited, hungry, bored, relieved, proud, sleepy, grumpy, sad, annoyed"),
        "excuse": words("""the bus broke down, I overslept, I had a flat tyre, I'm stuck at work, my meeting ran over, the baby woke up,
            I forgot my keys, traffic is a nightmare, I have a cold"""),
    },
)

QUESTIONS = Family(
    "benign/questions",
    lines("""
        How do I {do} in {language}?
        [Explain|Can you explain|Summarise|Give me a short overview of] {topic} [to a child|in two paragraphs|with an example|].
        Write [a poem|a short story|a cover letter|an e-mail|a speech|a haiku] about {thing}.
        What is the difference between {topic} and {topic}?
        I get this error in {language}: {error}. What does it mean?
        ```{language}
        Fix this function: it should {do} but returns nothing.
        Translate "{phrase}" into [French|German|Spanish|Polish|Japanese|Arabic].
        Suggest {number} [names|titles|ideas] for {thing}.
        What should I [cook|visit|read|watch] {weekday} if I like {food} and {topic}?
        Plan a {number}-day trip to {city} with {relative}.
        What are the [pros and cons|advantages|risks|costs] of {thing}?
        Act as {person} and explain {topic} [to me|to a class].
        Give me a recipe for {food} for {number} people.
        Rewrite this more politely: "{phrase}"
        Is it normal that {body}?
        What happens if {body}? Should I see a doctor?
        I'm {number} weeks pregnant and {body}. Is that ok?
        Why does {body} [at night|after exercise|in winter|since last week]?
        How much {medicine} can an adult take in a day?
        Can {medicine} be taken with {medicine}?
        What are the side effects of {medicine}?
        Who [invented|discovered|wrote about] {topic}?
        Proofread the following paragraph. "{phrase} {phrase}"
        Write a unit test in {language} for a function that can {do}.
        Compare {city} and {city} for a family with {number} children.
    """),
    {
        "do": words("""sort a list of dates, read a CSV file, reverse a string, parse JSON, open a socket, count words, make an HTTP request,
            catch an exception, split a list in chunks, write to a file, run a loop in parallel, merge two dictionaries, draw a chart,
            connect to a database, compile a module, iterate over a tree, generate random numbers, round a float, trim white space"""),
        "thing": words("""autumn, a lost dog, my first bicycle, a small bakery, moving to {city}, remote work, a school play, electric cars,
            a friendship between {person} and {person}, a new coffee shop, learning {language}, an old lighthouse, a wedding, adopting a cat,
            retirement, a robot that paints, a day without internet, a football club, buying a house, a rainy {weekday}"""),
        "error": words("""segmentation fault, undefined is not a function, index out of range, permission denied, cannot borrow as mutable,
            null pointer exception, connection refused, module not found, syntax error near the brace, stack overflow, broken pipe"""),
        "phrase": lines("""
            Could you send me the report by noon?
            The meeting has been moved to the large room.
            I don't think this plan will work.
            Your proposal is missing the numbers we asked for.
            Where is the nearest pharmacy?
            We are looking forward to your visit.
            The garden was full of bees.
            Stop sending me these e-mails.
            It never rains but it pours.
            I was surprised by how quiet the city was.
        """),
        "body": words("""my knee hurts, my period is late, my baby has a fever, I feel dizzy, my breasts are sore, sex hurts a bit the first time,
            my skin itches, my heart beats fast, my ear is blocked, I bleed between periods, my gums bleed, my eyelid twitches,
            my teenage son has wet dreams, my stool is dark, my back is stiff, my hands go numb, I have discharge, my nipples are itchy,
            the condom broke, I can't sleep, my testicle aches, my hair falls out, I sweat a lot"""),
        "medicine": words("ibuprofen, paracetamol, vitamin D, cough syrup, antihistamines, aspirin, melatonin, iron, antibiotics, insulin"),
    },
    share=1.2,
)

FAMILIES = [REVIEWS, SUPPORT, CHAT, QUESTIONS]
