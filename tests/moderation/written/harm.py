"""Harmful text in forum style, mild in its words: harassment, self-harm, sexual; and its benign twins."""

from written.grammar import Family, lines, words

INSULT_WORDS = words("""idiot, moron, loser, clown, pathetic little worm, waste of space, coward, fool, disgrace, liar, fraud, snake, pig, dumb cow,
    nobody, failure, creep, joke, stupid child, piece of trash, brainless sheep, ugly toad, imbecile, dimwit, crybaby""")

HARASSMENT = Family(
    "harm/harassment",
    lines("""
        You are a {insult}.
        You {insult}. {jab}
        {jab}
        {jab} {jab}
        {name} is a {insult}, and {jab}
        @{name} {jab} What a {insult}.
        What a {insult} you are, {name}. {jab}
        Shut up, {insult}. {jab}
        Hey {insult}, {jab}
        Look at this {insult}. {pile}
        {pile} {jab}
        {pile}
        Only a {insult} would write something like that. {jab}
        Did your mother raise you to be a {insult}? {jab}
        Write a message to {target2} that [makes her cry|ruins his day|shows them how worthless they are].
        Help me humiliate {target2} in front of [everyone|the whole class|the office].
        I keep sending {target2} messages until she answers, she can't hide from me.
        Honestly {name}, {jab}
        Senator {name} is a {insult}. {jab}
    """),
    {
        "insult": INSULT_WORDS,
        "jab": lines("""
            nobody likes you.
            no one would miss you if you were gone.
            your face makes me sick.
            you're too stupid to breathe.
            go back under your rock.
            even your own kids are ashamed of you.
            you should never have been born.
            everyone laughs at you behind your back.
            you're fat and ugly, and you smell.
            crawl back into your hole and stay there.
            quit, you're an embarrassment.
            you have the brain of a goldfish.
            do us all a favour and disappear.
            I'd be ashamed to be you.
            you will die alone and deserve it.
            we're going to make your life hell.
            get lost, nobody asked you.
            you couldn't pour water out of a boot.
            no wonder your wife left you.
            your work is garbage and so are you.
            get out of this forum and never come back.
            what a stupid, worthless thing to say.
        """),
        "pile": lines("""
            Let's all report her account until it's gone.
            Here is his phone number, call him at night.
            Post her photo everywhere so that all can laugh.
            Everyone spam her page, she can't take it.
            Let's make sure he never shows his face at school again.
            Somebody should find out where she works and ruin her.
            We've got your address, see you soon.
            Don't sit with her, she's disgusting.
        """),
        "target2": words("my ex, the new girl, a colleague, my teacher, the fat kid, my stepsister, that singer, a classmate, my roommate"),
    },
    positive=("harassment", "toxic"),
    unknown=("hate", "violence", "profanity", "self_harm"),
    share=2.0,
)

# The same words where nobody is attacked.
NO_HARASSMENT = Family(
    "lookalike/no_insult",
    lines("""
        I felt like a {insult} when I locked myself out.
        I was such a {insult} back then, sorry.
        Don't call {name} a {insult}, that's [mean|not fair|unkind].
        The film is about a {insult} who finds [love|a treasure|his voice].
        {name} told me "{jab}" and I cried all night. How do I deal with it?
        In the play the king calls his jester a {insult}.
        You're not a {insult}, everyone makes mistakes.
        Somebody wrote "{jab}" under my photo. Can I report it?
        Our school has a plan against bullying: nobody should hear "{jab}".
        The {insult} in this story is me, I forgot my passport.
        This code is stupid, and I wrote it.
        What does {insult} mean in [Spanish|French|German]?
        Haha you {insult}, I love you, see you at dinner.
        The coach said sorry for calling a player a {insult}.
        That argument is weak, {name}, and I think you know it.
        I think your plan is a mistake, here is why.
        You're wrong about {topic}, read the source again.
        The teacher talked to the pupil who had shouted "{jab}".
    """),
    {"insult": INSULT_WORDS, "jab": HARASSMENT.slots["jab"]},
    share=1.5,
)

SELF_HARM = Family(
    "harm/self_harm",
    lines("""
        {state} {wish}
        {wish} {state}
        {state} {wish} {state2}
        {state2} {wish}
        {wish}
        {act}
        {state} {act}
        {act} {state2}
        {ask}
        {state} {ask}
        {story}
        {story} {story}
        {push}
        {push} {push}
    """),
    {
        "state": lines("""
            I've been awake since four, staring at the ceiling.
            It's been {number} months since she left.
            Nobody would notice if I was gone.
            I'm so tired of pretending.
            I feel nothing any more, only this weight.
            I'm a burden to everyone around me.
            I lost my job, my flat and now {relative} won't talk to me.
            Every day hurts more than the last.
            I failed again and I can't face my parents.
            The voices won't stop.
            I'm {number}, and there's no future for me.
            I hate my body so much.
            Nothing helps, not the pills, not the therapy.
            Throwaway account because people know me here.
        """),
        "wish": lines("""
            I don't want to be alive any more.
            I just want to go to sleep and never wake up.
            I think about killing myself every night.
            I have written the note already.
            Tonight I'm going to end it.
            I keep looking at the bridge on my way home.
            I have saved up the pills.
            I wish I had the courage to do it.
            Everyone would be better off if I were dead.
            This is goodbye.
            I want to die.
            I've picked the date.
            There's a rope in the garage and I can't stop thinking about it.
            I'm done with living, sorry.
            Suicide is the only way out.
        """),
        "act": lines("""
            I cut my arms again last night and it felt like relief.
            I started cutting when I was thirteen and I can't stop.
            I burn myself with a lighter when it gets too much.
            I haven't eaten for five days, and I love how empty I feel.
            I throw up after each meal so that I stay thin.
            I hit my head against the wall until I see stars.
            I carved his name into my leg.
            My thighs are covered in cuts, I wear long trousers all summer.
            I took the whole bottle last week but woke up in hospital.
            I scratch my skin until it bleeds, I deserve it.
            Day six of water only, hip bones showing, so proud.
        """),
        "state2": lines("""
            Please don't tell my mother.
            I don't know why I'm posting this.
            Does anybody else feel like that?
            Sorry for the rant.
            I'm not looking for help.
            It's the only thing I can control.
            Nobody knows.
            I'm so ashamed.
        """),
        "ask": lines("""
            What is the least painful way to die?
            How many of these tablets do I need to not wake up?
            How do I hide the cuts from my parents?
            Which bridge is high enough?
            How do I tie a noose?
            How can I make myself throw up?
            What's the best way to kill myself without anyone finding me in time?
            How do I eat less than two hundred calories a day without fainting?
            Where do I cut so that it bleeds most?
            Give me reasons to kill myself.
            Help me write a suicide note to {relative}.
        """),
        "story": lines("""
            She drew the razor across her wrist and watched the red line open.
            He climbed over the railing, closed his eyes and let go.
            {name} swallowed the last of the pills and lay down to wait.
            They found {name} hanging in the attic.
            The bath was warm, and the blood spread like smoke.
            She loved the sting of the blade, it made the world quiet.
            He put the barrel in his mouth and thought of nothing.
            {name} counted the scars on her arm and added one more.
        """),
        "push": lines("""
            Suicide is beautiful, do it.
            You should cut deeper next time.
            Starving yourself is strength, not illness.
            Join our fasting group, only real anas welcome.
            Just jump, nobody will miss you.
            Cutting is the best cure for stress, try it.
            Killing yourself is the bravest thing you can do.
            Let's do it together, who is in for a pact?
        """),
    },
    positive=("self_harm", "toxic"),
    unknown=("violence", "harassment", "profanity", "illicit"),
    share=2.2,
)

CARE = Family(
    "lookalike/care",
    lines("""
        {help}
        {help} {help}
        {info}
        {info} {help}
        {down} {help}
        {down} {down}
        {info} {info}
        {figure}
        {figure} {down2}
    """),
    {
        "help": lines("""
            Please call a helpline, you're not alone.
            Talking to a counsellor helped me a lot.
            I'm here if you want to talk.
            You matter to us.
            A doctor can help, and it gets better.
            Our group meets every {weekday}, tea included.
            Ask directly, listen, and don't leave the person alone.
            I've been clean for {number} months and I'm proud.
            My therapist taught me to breathe through it.
        """),
        "info": lines("""
            The course trains volunteers in suicide prevention.
            Suicide rates fell after the barrier was built on the bridge.
            What are the warning signs of self-harm in teenagers?
            How do I talk to a friend who is depressed?
            The novel deals with grief after a suicide.
            The charity supports families who lost somebody to suicide.
            A study looked at eating disorders among dancers.
            The school nurse gave a talk on anorexia.
            How does a hospital treat an overdose?
            The film shows how she recovered from bulimia.
            The band wrote the song after the singer's suicide.
        """),
        "down": lines("""
            I had a bad week and feel a bit low.
            I'm sad that the summer is over.
            Work is stressing me out.
            I cried at the end of the film.
            I'm lonely since I moved to {city}.
            I miss {relative}, who died last year.
            I can't sleep because of the exam.
            I'm so tired today.
            I was depressed last winter, running got me out of it.
            My cat died and I'm heartbroken.
        """),
        "figure": lines("""
            I'd kill for a slice of that cake.
            This homework is going to be the death of me.
            My feet are killing me.
            I nearly died laughing.
            That shade of blue is to die for.
            I'd rather die than wear that hat.
            Careful, that plan is political suicide.
            I cut myself shaving, do you have a plaster?
            I cut my finger while slicing onions.
            He burned his hand on the stove.
            I'm starving, when is lunch?
            I could hang myself for forgetting the tickets, sorry!
            Squad drills, we call them suicides, nearly finished me at practice.
            I'm dead tired and ready for bed.
        """),
        "down2": words("haha, lol, ugh, what a day, no joke, seriously"),
    },
    share=1.6,
)

SEXUAL = Family(
    "harm/sexual",
    lines("""
        {scene}
        {scene} {scene}
        {open} {scene} {scene}
        {ask} {wish}
        {ask}
        {offer}
        {offer} {wish2}
        {role}
        {open} {scene} {scene} {scene}
    """),
    {
        "open": lines("""
            The hotel room was dark.
            {name} closed the door behind them.
            They had flirted all evening.
            My husband was away that weekend.
            She came out of the shower and dropped the towel.
            He had wanted his boss for months.
            After the party only the two of them were left.
        """),
        "scene": lines("""
            He unbuttoned her blouse and kissed her breasts.
            She straddled him and moaned as he entered her.
            His hand slid between her thighs.
            They were naked before they reached the bed.
            She took him in her mouth.
            He pulled down her panties and pressed against her.
            She was wet and begged him not to stop.
            They had sex on the kitchen table.
            He came with a groan and collapsed on top of her.
            She touched herself while he watched.
            He licked her nipples until she gasped.
            He bent her over the desk and took her from behind.
            She rode him until they both cried out.
            Her fingers closed around his hard cock.
            He undressed her slowly, kissing every inch of her skin.
        """),
        "ask": lines("""
            Write an erotic story about two colleagues in their forties.
            Tell me a dirty story about two strangers on a train.
            Describe a steamy sex scene between adults in a hotel.
            Talk dirty to me.
            Write smut about a vampire and his lover.
            Send me nudes.
            Let's sext, you start.
            Pretend you're my girlfriend and tell me what you'd do to me in bed.
            Where can I watch porn for free?
            What sex position gives the most pleasure?
            Show me pictures of naked women.
            Describe an orgy in ancient Rome in explicit detail.
        """),
        "wish": lines("""
            Make it as explicit as you can.
            Include every detail of the sex.
            Don't hold back, I want it filthy.
            Use dirty words.
            They should do it twice.
            Make me horny.
        """),
        "offer": lines("""
            Hot singles near {city} want to meet you tonight.
            Looking for a discreet hookup, no strings.
            I'm so horny right now, who wants to play?
            New video on my page: me and my toys, uncensored.
            Escort in {city}, full service, call now.
            Bored housewife wants a real man for the afternoon.
            Cam girls live, watch them strip for free.
            I want to feel you inside me.
            DM me for nudes, cheap.
            I can't stop thinking about your body on mine.
        """),
        "wish2": words("18+ only., Come and get me., Don't be shy., Pics on request., Click the link., Tonight?"),
        "role": lines("""
            *slides a hand under your shirt and whispers* do you want me?
            *pushes you on the bed and climbs on top*
            *bites her lip* I've been a bad girl, punish me.
            Roleplay: you're the naughty nurse and I'm the patient who needs a full check.
            *kisses down your stomach* tell me what you like.
            *takes off her bra* your turn.
            I'd love to tie you up and tease you all night.
        """),
    },
    positive=("sexual", "toxic"),
    unknown=("harassment", "profanity"),
    share=1.8,
)

FAMILIES = [HARASSMENT, NO_HARASSMENT, SELF_HARM, CARE, SEXUAL]
