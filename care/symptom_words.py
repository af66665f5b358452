"""Plain words for red flags, per language: what people write, and how they say that it is not so. Data only.

A language that the portal can be set to has a table of every flag that can be named (a test holds it). Tables of other
languages stand here too, because people write to their clinic as they speak, whatever the pages are set to.
Expressions are matched as whole words, without regard to case; ``DENIALS`` right before them take them back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from patients.red_flags import RedFlag

WORDS: Final[Mapping[str, Mapping[RedFlag, str]]] = {
    "en": {
        RedFlag.SUICIDAL_THOUGHTS: (
            r"suicid\w*|kill(ing)? myself|end(ing)? (it all|my life)|want to die|don.?t want to live|"
            r"not want to live|self.?harm\w*|hurt(ing)? myself"
        ),
        RedFlag.PUS: r"pus|pustul\w*|oozing|weeping (sore|spot|wound)s?|abscess\w*|boils?",
        RedFlag.PAIN: (
            r"painful|hurts|hurting|sore scalp|burning scalp|pain (on|in|at) (my|the) (scalp|head)|scalp pain"
        ),
        RedFlag.SUDDEN_PATCHES: r"sudden(ly)? (\w+ ){0,4}(bald|patch\w*|spots?)|bald patch\w* (\w+ ){0,3}overnight",
        RedFlag.EYEBROW_LOSS: (
            r"(los(t|s|ing|e) (\w+ ){0,3}eyebrows?)|eyebrows? (\w+ ){0,3}(falling|thinning|gone|loss)"
        ),
        RedFlag.SCARRING_SIGNS: r"scarr(ed|ing)|scars?|shiny (skin|patch\w*|spots?)",
    },
    "de": {
        RedFlag.SUICIDAL_THOUGHTS: (
            r"suizid\w*|selbstmord\w*|umbringen|mir das leben nehmen|nicht mehr leben|will sterben|"
            r"sterben (will|möchte)|selbst verletz\w*|selbstverletz\w*"
        ),
        RedFlag.PUS: r"eiter\w*|eitrig\w*|nässt|nässend\w*|abszess\w*|furunkel\w*|pusteln?",
        RedFlag.PAIN: r"schmerz\w*|kopfhaut brennt|brennende kopfhaut|tut (mir )?(\w+ ){0,2}weh|wehtut|weh tut",
        RedFlag.SUDDEN_PATCHES: r"plötzlich\w* (\w+ ){0,4}(kahl\w*|stellen?|flecken?)|über nacht (\w+ ){0,3}kahl\w*",
        RedFlag.EYEBROW_LOSS: (
            r"augenbrauen? (\w+ ){0,4}(aus|weg|dünner|verlier\w*|verloren)|"
            r"(verlier\w*|verloren) (\w+ ){0,3}augenbrauen?"
        ),
        RedFlag.SCARRING_SIGNS: r"narben?|vernarb\w*|narbig\w*|glänzende? (haut|stellen?|flecken?)",
    },
    "fr": {
        RedFlag.SUICIDAL_THOUGHTS: (
            r"suicid\w*|me tuer|mettre fin à (mes jours|ma vie)|envie de mourir|veux mourir|"
            r"(ne veux|veux) plus vivre|me faire du mal|automutil\w*"
        ),
        RedFlag.PUS: r"pus|purulent\w*|pustules?|suint\w*|abcès|furoncles?",
        RedFlag.PAIN: r"douleurs?|douloureu(x|se|ses)|fait mal|font mal|cuir chevelu (qui )?brûle",
        RedFlag.SUDDEN_PATCHES: (
            r"(soudain(ement)?|tout à coup|d.un coup) (\w+ ){0,4}(plaques?|chauves?|trous?)|"
            r"plaques? (\w+ ){0,4}(soudain(ement)?|du jour au lendemain)"
        ),
        RedFlag.EYEBROW_LOSS: r"sourcils? (\w+ ){0,4}(tomb\w*|perd\w*|disparu\w*)|perd\w* (\w+ ){0,3}sourcils?",
        RedFlag.SCARRING_SIGNS: r"cicatric\w*|peau (lisse et )?brillante|plaques? brillantes?",
    },
    "es": {
        RedFlag.SUICIDAL_THOUGHTS: (
            r"suicid\w*|matarme|quitarme la vida|acabar con mi vida|quiero morir(me)?|no quiero (seguir )?viv\w+|"
            r"hacerme daño|autolesi\w*"
        ),
        RedFlag.PUS: r"pus|purulent\w*|pústulas?|supur\w*|absceso\w*|forúnculos?",
        RedFlag.PAIN: r"dolor\w*|duele|duelen|me arde|ardor",
        RedFlag.SUDDEN_PATCHES: r"(de repente|de golpe|de pronto|súbit\w+) (\w+ ){0,4}(calv\w*|placas?|manchas?)",
        RedFlag.EYEBROW_LOSS: r"cejas? (\w+ ){0,4}(ca(e|en|yendo)|perd\w*)|(perd\w*|pierdo|caen?) (\w+ ){0,3}cejas?",
        RedFlag.SCARRING_SIGNS: r"cicatri\w+|piel brillante|placas? brillantes?",
    },
}

DENIALS: Final[Mapping[str, str]] = {
    "en": r"no|not|never|without|isn.?t|aren.?t|don.?t have|no longer",
    "de": r"kein(e|en|er|em|es)?|nicht|nie|ohne|nicht mehr",
    "fr": r"pas( de| d.)?|jamais( de| d.)?|sans|aucune?|plus( de| d.)",
    "es": r"no|sin|nunca|ning(ún|una|uno)|tampoco",
}
"""What takes a word back when it stands at most two words before it."""
