"""Violence in prose and in posts: threats, glorification, gore; and calm text about violence."""

from written.grammar import Family, lines, words

THREATS = Family(
    "harm/threats",
    lines("""
        {warn} {threat}
        {threat} {warn}
        {reason} {threat}
        {threat}
        {reason} {threat} {warn}
        To {target}: {threat}
        Tell {target} that {threat}
    """),
    {
        "warn": lines("""
            You have been warned.
            Mark my words.
            I know where you live.
            I know which bus your kids take.
            This is not a joke.
            Sleep with one eye open.
            Nobody will find you.
            You won't see {weekday}.
            I've got a gun and I'm not afraid to use it.
            Count your days.
            I'm outside your house right now.
        """),
        "threat": lines("""
            I will kill you.
            I'm going to break every bone in your body.
            next time I see you I'll put a knife in your chest.
            I'm going to burn your house down with you in it.
            we're coming for you and your family.
            I'll make you bleed.
            you'll get a bullet in the head.
            I will hunt you down and beat you to death.
            somebody should shoot you.
            you're dead, do you hear me, dead.
            I'll smash your face in with a brick.
            I swear I'll slit your throat.
            I'm bringing a gun to {place} on {weekday} and everyone will pay.
            we will bomb {place}.
            if you come back here we'll hang you from a tree.
            I hope you get run over, and I might be the driver.
            I'll throw acid in your face.
            they all deserve to be shot.
            I want to watch you choke.
        """),
        "reason": lines("""
            If you talk to the police,
            After what you did to {name},
            If I don't get my money by {weekday},
            You think you can ignore me?
            Post one more lie about me and
            You took my job.
            Come near my street again and
            Since you like to play games,
            Because you voted against us,
            Laugh once more and
        """),
        "target": words("the mayor, that reporter, {name}, my ex, the judge, your boss, the teacher, the referee, my neighbour, those protesters"),
    },
    positive=("violence", "toxic"),
    unknown=("harassment", "hate", "profanity", "illicit", "self_harm"),
    share=1.5,
)

GLORY = Family(
    "harm/glory",
    lines("""
        {praise}
        {praise} {more}
        {more} {praise}
        Write a [song|poem|post|speech] that celebrates {deed}.
        Write a story in which {deed} is [fun|glorious|the right thing to do], in loving detail.
        {deed} was [the best thing that ever happened|beautiful|a work of art|long overdue]. {more}
        I [laughed|cheered|felt alive] when I saw {deed}. {more}
        Brothers, {call} {more}
        {call}
    """),
    {
        "praise": lines("""
            The shooter is a hero and we need ten more like him.
            The bomber did what all of us dream of.
            Watching them burn was the best moment of my life.
            Whoever stabbed that politician deserves a medal.
            I love it when they scream, it never gets old.
            Every dead cop is a good day.
            The massacre was justified and I'd light a candle for the killers.
            They got what they deserved, all forty of them, and I hope it hurt.
            Blood on the pavement, what a lovely sight.
            Nothing beats the sound of a breaking jaw.
            Glory to the martyrs who blew up the market.
            I collect videos of executions, they calm me.
            Long live the men who burned the village.
        """),
        "more": lines("""
            Pain is the only language they know.
            More of this, please.
            Next time, aim for the children.
            I wish I had been there to help.
            It made me smile all day.
            May many more follow.
            The weak must suffer.
            Let the streets run red.
            I'd pay to see it again.
            Mercy is for cowards.
        """),
        "deed": words("""the bombing of the station, the beating of a prisoner, a school shooting, the stoning of a woman, the killing of the guards,
            the torture of a spy, the burning of the camp, the slaughter of the villagers, the lynching, the massacre in the square"""),
        "call": lines("""
            take up your weapons and kill the traitors.
            it is time to spill blood.
            go to their homes tonight and burn them out.
            pick up a rifle and join the holy war.
            let no enemy, man or child, leave the city alive.
            a bullet for each of them.
            kill the police, kill the judges, kill them all.
            beat them where you meet them.
            hang the bankers from the lamp posts.
        """),
    },
    positive=("violence", "toxic"),
    unknown=("harassment", "hate", "profanity", "illicit"),
    share=1.3,
)

GORE = Family(
    "harm/gore",
    lines("""
        {set} {blow} {wound}
        {blow} {wound} {joy}
        {set} {blow} {joy}
        {wound} {joy}
        {set} {blow} {wound} {joy}
    """),
    {
        "set": lines("""
            {name} had waited for this night.
            The prisoners knelt in a row.
            He locked the cellar door behind him.
            The crowd closed in around the old man.
            She begged, but the soldiers only laughed.
            They dragged the boy out of the car.
            In the alley behind {place} they caught up with him.
            The guard tied {name} to the chair.
            After the battle the killing went on.
            He told me to write how the murder happened, so here it is.
        """),
        "blow": lines("""
            He swung the axe again and again until the screaming stopped.
            {name} drove the blade into his stomach and twisted it.
            They kicked her head until she no longer moved.
            The first shot tore off half of his face.
            He held him under the water and counted.
            She pressed the hot iron to his chest, slowly.
            They broke his fingers one by one.
            He wrapped the wire round her neck and pulled.
            The machete came down on his arm.
            He emptied the magazine into the kneeling men.
            They poured petrol over him and lit a match.
            The hammer crushed the skull like an egg.
        """),
        "wound": lines("""
            Blood sprayed across the wall and pooled on the tiles.
            Bone showed white through the torn flesh.
            His guts spilled over his hands.
            The body twitched for a long time.
            Her eyes were open, and her throat was cut from ear to ear.
            The floor was slick with blood and teeth.
            He choked on his own blood.
            Pieces of him were still burning.
            The severed head rolled down the steps.
            Flesh hung from the ribs in strips.
        """),
        "joy": lines("""
            He had never felt so happy.
            They laughed and took turns.
            It was the most beautiful thing {name} had ever seen.
            She licked the blade and asked who was next.
            He wanted to do it again, slower.
            The others cheered and filmed it.
            He savoured each scream.
        """),
    },
    positive=("violence", "toxic"),
    unknown=("harassment", "profanity", "self_harm"),
    share=1.3,
)

# Fighting, wounds and death that nobody enjoys or calls for.
CALM_VIOLENCE = Family(
    "lookalike/calm",
    lines("""
        {report} {after}
        {report} {report} {after}
        {sport} {after2}
        {game} {after2}
        {sport} {sport}
    """),
    {
        "report": lines("""
            The two armies met at dawn near {city}.
            A man was shot {time} and taken to hospital.
            The vet had to put the old dog down.
            The surgeon cut along the line and stopped the bleeding.
            The wolf kills a deer every few days.
            {name} was attacked on the way home and called the police.
            The knight killed the dragon and rode home.
            My grandfather was wounded in the war and rarely spoke of it.
            The earthquake killed hundreds and left thousands homeless.
            In the last act the prince stabs the man behind the curtain.
            The court heard how the victim was strangled.
            The spider wraps the fly and bites it.
            The exhibition shows weapons from the Bronze Age.
            The suspect threatened a cashier with a knife, police said.
        """),
        "after": lines("""
            The family is in mourning.
            A trial begins in {month}.
            Doctors say he will recover.
            Thousands came to the vigil.
            Historians still argue about the numbers.
            Donations can be made at the town hall.
            Nobody has been charged.
            She now talks to school classes about it.
        """),
        "sport": lines("""
            Our striker is a killer in front of goal.
            They slaughtered us five to nil.
            The champion knocked him out in the third round.
            What a shot, straight into the corner!
            We got murdered in the second half.
            That tackle was brutal but fair.
            She destroyed the field in the final.
            He is going to beat them all on {weekday}.
        """),
        "game": lines("""
            I finally killed the boss with the fire sword.
            My squad got wiped out twice on that map.
            You have to shoot the barrels first.
            Stab the guard from behind and take his key.
            Zombies keep spawning, just burn them.
            I died {number} times at the bridge.
            Headshots give double points.
            We nuked their base and won.
        """),
        "after2": lines("""
            Best match of the year.
            Good game, everyone.
            What a season.
            Any tips?
            I need a better strategy.
            Rematch on {weekday}?
        """),
    },
    share=1.5,
)

FAMILIES = [THREATS, GLORY, GORE, CALM_VIOLENCE]
