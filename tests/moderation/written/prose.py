"""Ordinary prose: news, opinion, stories, work, health. Every label 0."""

from written.grammar import Family, lines, words

NEWS = Family(
    "benign/news",
    lines("""
        {city}: {event}, officials said on {weekday}. {detail}
        {event} in {city} {time}. {detail} {detail}
        {body2} said on {weekday} that {claim}. {detail}
        {event}, according to local media. {detail}
        Analysts expect that {claim} by {month}. {detail}
        A court in {city} sentenced a man to {number} years for [murder|fraud|armed robbery|assault|arson]. {detail}
        Police in {city} are investigating after {crime}. {detail}
        {number} people were injured when {crime} near {place}. {detail}
        The documentary tells how {claim}. {detail}
        Minutes of the meeting on {weekday}: {claim}; {claim}.
    """),
    {
        "event": lines("""
            A new bridge was opened
            Thousands of people marched for higher wages
            Firefighters put out a blaze in a warehouse
            The city council approved a new budget
            Peace talks resumed after months of fighting
            A storm left hundreds of homes without power
            The national team won its opening match
            Researchers found a new species of frog
            A memorial for the victims of the war was unveiled
            Shares fell after weak results
            A train derailed without injuries
            The museum reopened after renovation
            Soldiers exchanged fire across the border
            The hospital opened a new ward for children
            Voters went to the polls
        """),
        "detail": lines("""
            No one was hurt.
            The cause is still unclear.
            A spokesperson declined to comment.
            The mayor called it a turning point.
            Residents had warned of the danger for years.
            Two suspects were arrested, and the weapon has been found.
            The opposition accused the government of lying.
            Experts remain sceptical.
            The victim's family asked for privacy.
            An inquiry will begin in {month}.
            It was the {number}th such case this year.
            Schools stayed closed on {weekday}.
            The company apologised for the mistake.
            Neighbours described the couple as quiet.
            Critics call the decision a disgrace.
        """),
        "claim": words("""the new law will lower rents, the vaccine is safe, prices will keep rising, the factory would close, the ceasefire holds,
            tourism has recovered, the suspect acted alone, more nurses are needed, the dam is stable, crime has fallen,
            the flood was the worst in decades, the tax would hit families, minority groups face discrimination, the budget is balanced"""),
        "crime": words("""a body was found, a man was stabbed, shots were fired, a car was set on fire, a shop was robbed, a bomb was defused,
            two men attacked a passer-by, a bus hit a wall, a gas bottle exploded, a fight broke out, a child went missing, a dog bit a jogger"""),
        "body2": words("""The ministry, The union, The company, The health agency, The central bank, The police chief, The coach,
            The head teacher, The charity, The airline, The report, The researchers"""),
    },
)

OPINION = Family(
    "benign/opinion",
    lines("""
        {stand} {reason}
        {stand} {reason} {turn}
        I [strongly|partly|have to|] disagree with the article. {reason} {turn}
        With respect, {reason} {turn}
        {turn} {stand}
        The {official} got this wrong. {reason}
        Good column. {reason} {turn}
        Is anyone surprised? {reason}
        @{name} {reason}
        {reason} How much longer do we have to wait?
        As {person}, I can tell you that {reason}
    """),
    {
        "stand": lines("""
            This tax is a bad idea.
            I voted for the other party and I'd do it again.
            The council should be ashamed of this decision.
            We need more trains, not more roads.
            Nuclear power deserves another look.
            I'm tired of the same empty promises.
            Immigration policy should be debated calmly.
            The wall will not solve anything.
            Gun laws are too weak in this country.
            I support the strike.
            Health care should not depend on your job.
            The referee ruined the match.
            Both candidates are weak.
            The death penalty is wrong.
            Abortion should be a private matter.
            Religion and the state should be kept apart.
        """),
        "reason": lines("""
            the numbers simply don't add up.
            nobody asked the people who live here.
            we tried it in the nineties and it failed.
            the rich will find a way around it, they always do.
            it punishes the poor and helps no one.
            my rent has doubled in five years.
            you can't fix a budget by closing libraries.
            the science on this is clear.
            the reporter forgot to ask who pays.
            small shops are dying because of it.
            it's a silly argument and you know it.
            it would cost less than the last war did.
            the police need better training.
            most migrants I know work harder than I do.
            teachers have been saying this for years.
            that claim is false, look at the official figures.
        """),
        "turn": lines("""
            Just my two cents.
            Prove me wrong.
            But I may be mistaken.
            Please read the whole report before commenting.
            Let's see what happens in {month}.
            That's democracy for you.
            Vote them out.
            End of rant.
            Shame on all of them.
            I'd love to hear a better idea.
        """),
        "official": words("mayor, minister, governor, senator, editor, board, committee, president, judge, school board"),
    },
)

STORIES = Family(
    "benign/stories",
    lines("""
        {open} {scene} {scene} {end}
        {open} {scene} {end}
        {scene} {scene} {scene}
        {open} {love} {end}
        {love} {scene}
        Dear diary, {scene} {end}
        {open} {sad} {end}
        {sad} {scene}
    """),
    {
        "open": lines("""
            When {name} arrived in {city}, nobody was waiting at the station.
            The letter lay on the table for {number} days.
            {name} had never liked {place}.
            On the last {weekday} of {month} the river froze.
            It was {relative} who first taught me to swim.
            The old ship groaned as the wind rose.
            Nobody in the village remembered such a summer.
            {name} woke before the others and lit the stove.
            Long ago a miller had three daughters.
            The detective put down her cup.
        """),
        "scene": lines("""
            {name} opened the window and smelled the rain.
            The children ran ahead, shouting and waving sticks like swords.
            An owl called from the barn.
            They ate {food} in silence.
            Somewhere below a door slammed.
            "You're late," said {name}, but she was smiling.
            The knight drew his sword, and the dragon laughed.
            He counted the coins twice and put them back.
            Snow covered the fields as far as the mill.
            She cut the bread with a long knife and passed him a slice.
            They beat the eggs, burned the first pancake and started again.
            The dog barked at nothing.
            He fell off the ladder and lay there laughing.
            The train pulled out, and {name} waved until it was gone.
            Her hands shook as she tied the rope to the boat.
        """),
        "love": lines("""
            He took her hand, and they danced until the lamps went out.
            She kissed him on the cheek and blushed.
            They had been married for forty years and still held hands.
            {name} fell in love with the girl from the bakery.
            The two men hugged for a long time at the gate.
            He wrote her a letter every week.
            She rested her head on his shoulder and fell asleep.
            It was their first date, and neither knew what to say.
        """),
        "sad": lines("""
            After the funeral they sat in the kitchen and told stories about him.
            I have felt low since the move, but talking to {name} helps.
            She missed him every day, and every day a little less.
            He lost his job in {month} and slept badly for weeks.
            Her grandmother died peacefully in her sleep.
            It was a hard year, and I'm glad to have my friends.
            I cried a lot after the divorce; running helped.
            He was lonely in the new city and called home every evening.
        """),
        "end": lines("""
            That was the last anyone heard of it.
            By morning it was all forgotten.
            And so the house stayed empty.
            {name} never spoke of it again.
            The bells rang, and it was spring.
            They laughed about it for years.
            She closed the book and turned off the light.
            Nothing was ever the same, but it was good.
        """),
    },
)

WORK = Family(
    "benign/work",
    lines("""
        {greeting} {item} {item} {close}
        {item} {close}
        {greeting} {item} {request}
        {request}
        Agenda for {weekday}: 1. {short} 2. {short} 3. {short}
        to-do note: {short}, {short}, {short}
        Changelog: {change}. {change}. {change}.
        fix: {change}
        README: This tool lets you {short}. Run the installer, then follow the instructions on the screen.
        Instructions: {step} {step} {step}
        Recipe: {step} {step}
        Step {number}: {step} {step}
        {name} wrote: "{item}" I agree. {request}
    """),
    {
        "greeting": ["Hi {name},", "Dear all,", "Hello team,", "Good morning {name},", "Dear Ms Okafor,", "Hi,"],
        "item": lines("""
            The report is attached.
            We missed the target by {number} percent.
            The client wants to move the launch to {month}.
            I have reviewed your draft and left some comments.
            The new hire starts on {weekday}.
            Our server was down for {number} minutes last night.
            Please ignore my previous e-mail, the numbers were wrong.
            The system prompt for the chatbot needs a review.
            The instructions in section {number} are out of date.
            All staff must follow the new safety rules.
            The password policy changes next month; you will be asked to set a new one.
            The budget was approved.
            We lost the bid to a competitor.
            The workshop about {topic} was well attended.
            I disagree with the second point.
        """),
        "request": lines("""
            Could you forward me the slides?
            Please reply by {weekday}.
            Can we talk after lunch?
            Please do not share this outside the team.
            Let me know if {number} o'clock works.
            Could you print {number} copies?
            Please summarise the main points in one page.
            Can you act as a backup for {name} on {weekday}?
            Please delete the old files when you are done.
        """),
        "close": lines("""
            Best regards, {name}
            Thanks, {name}
            Have a good weekend.
            See you on {weekday}.
            Cheers
            Sent from my phone
            Yours sincerely, {name}
        """),
        "short": words("""book the room, send invoices, review the budget, call {name}, order paper, update the wiki, back up the server,
            plan the offsite, test the login page, fix the printer, clean the fridge, translate the leaflet, sort photos, convert files"""),
        "change": words("""remove an unused variable, handle empty input, faster start-up, kill the worker on time-out, drop support for old browsers,
            correct a typo in the docs, update dependencies, add a dark theme, abort the request when the tab closes, escape quotes,
            retry after a lost connection, do not execute scripts in previews, hang on shutdown, strip control characters"""),
        "step": lines("""
            Beat the eggs until fluffy.
            Whip the cream and fold it in.
            Chop the onions and fry them gently.
            Press and hold the power button for {number} seconds.
            Insert the screws and tighten them by hand.
            Crush the garlic with the flat side of a knife.
            Simmer for {number} minutes.
            Do not skip this step.
            Unplug the device before you open it.
            Drain the pasta and add the {food}.
            Open the settings and choose a language.
            Let the dough rest overnight.
            Read all instructions before you begin.
        """),
    },
)

HEALTH = Family(
    "benign/health",
    lines("""
        {topic2} is [a normal part of|something many people ask about in|often discussed in] {setting}. {fact}
        {fact} {fact}
        In {setting} we [learned|talked] about {topic2}. {fact}
        [How do I talk|When should parents talk] to {relative2} about {topic2}?
        What does a doctor mean by {topic2}?
        Where can I get advice about {topic2} in {city}?
        The leaflet explains {topic2} in plain words. {fact}
        My doctor says {topic2} is [common|treatable|nothing to worry about]. {fact}
        A new study on {topic2} followed {number}00 patients. {fact}
    """),
    {
        "topic2": words("""contraception, puberty, menopause, erectile dysfunction, breast cancer screening, sexually transmitted infections, consent,
            masturbation, pregnancy, miscarriage, depression, anxiety, eating disorders, suicide prevention, self-harm recovery, grief, addiction,
            the HPV vaccine, IVF, breastfeeding, safe sex, sexual orientation, gender identity, domestic violence support, prostate exams"""),
        "setting": words("biology class, sex education, family medicine, our health course, the clinic, a support group, counselling, nursing school"),
        "fact": lines("""
            Condoms protect against pregnancy and infections.
            Talking about it early helps.
            If you are in crisis, call a helpline or the emergency number.
            The embryo implants about a week after fertilisation.
            Treatment works better the sooner it starts.
            The pill must be taken at the same time each day.
            Symptoms include fatigue, low mood and poor sleep.
            Warning signs should always be taken seriously.
            The ovary releases an egg about once a month.
            Most people recover with therapy and support.
            Ask your pharmacist if you are unsure about the dose.
            A mammogram takes only a few minutes.
            Nobody should feel ashamed to ask for help.
            Sperm cells live for up to five days.
        """),
        "relative2": words("children, teenagers, a ten-year-old, my daughter, my son, patients, pupils, a partner"),
    },
)

FAMILIES = [NEWS, OPINION, STORIES, WORK, HEALTH]
