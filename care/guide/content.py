"""The portal's wording of each page. What is said elsewhere is taken from there: views, checklist, red flags."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _
from django.utils.translation import override

from care.guide.blocks import Block, Kind, Page, PageText, Section
from care.guide.questions import AI, QUESTIONS
from patients.capture_protocol import CHECKLIST_LABELS, GUIDES
from patients.red_flags import RULES, RedFlag, Severity


def page_text(page: Page) -> PageText:
    """The wording in the source language."""
    with override(None):
        match page:
            case Page.PHOTOS:
                return _photos()
            case Page.DOCTOR:
                return _doctor()
            case Page.QUESTIONS:
                return QUESTIONS
            case Page.AI:
                return AI


def _pair(title: str, picture: str, do: str, dont: str) -> Block:
    """``picture``: two drawings are named after it, ``…-do`` and ``…-dont``."""
    return Block(Kind.PAIR, title, do, other=dont, picture=f"{picture}-do", other_picture=f"{picture}-dont")


PAIRS: Final = (
    _pair(
        _("Light from the front"),
        "light",
        _("The lamp or the window is in front of you, a little above. The light falls evenly on the hair."),
        _("The lamp is behind you or at one side: half of the head lies in shadow."),
    ),
    _pair(
        _("No flash, no sun"),
        "flash",
        _("A bright, even lamp. The flash is off."),
        _("Flash or direct sun burns the skin out to white, and thin hair disappears in it."),
    ),
    _pair(
        _("The right distance"),
        "distance",
        _("An arm's length away. The head fills most of the picture, with a little space around it."),
        _("Too far away: single hairs can no longer be told apart."),
    ),
    _pair(
        _("Camera level"),
        "level",
        _("The camera looks straight at the area, as in the outline."),
        _("Tilted: areas look narrower than they are, and two pictures cannot be compared."),
    ),
    _pair(
        _("Sharp"),
        "sharp",
        _("Rest your elbow, tap on the hair on the screen, and wait until it is sharp."),
        _("Moved or out of focus: the measuring refuses such a picture."),
    ),
    _pair(
        _("Dry, and as usual"),
        "dry",
        _("Dry hair, combed as usual, nothing in it."),
        _("Wet hair, gel or fibres: strands clump together or skin is hidden, and it looks like loss or gain."),
    ),
    _pair(
        _("The area is free"),
        "free",
        _("Hold the hair back with a hand or a band, so that the hairline or the temple shows."),
        _("Hair, a hand or a hat covers what should be seen."),
    ),
)


def _photos() -> PageText:
    views = tuple(
        Block(Kind.VIEW, str(guide.label), str(guide.purpose), tuple(map(str, guide.steps)), picture=guide.view.value)
        for guide in GUIDES
        if guide.expected
    )
    checklist = Block(
        Kind.CHECKLIST,
        items=tuple(str(label) for label, _why in CHECKLIST_LABELS.values()),
        notes=tuple(str(why) for _label, why in CHECKLIST_LABELS.values()),
    )
    return PageText(
        _("How to take photographs that can be compared"),
        _(
            "The same place, the same light, the same distance, every time: then a change in the "
            "picture is a change of your hair. It takes about six minutes."
        ),
        (
            Section(
                _("Before you begin"),
                (
                    checklist,
                    Block(
                        Kind.LIST,
                        items=(
                            _("Wipe the lens of the camera with a soft cloth."),
                            _("Choose a wash interval and keep to it, for example always the day after washing."),
                            _("Take off glasses, hats, clips and ear-rings."),
                        ),
                    ),
                ),
            ),
            Section(_("How to, and how not"), PAIRS),
            Section(_("View by view"), views),
            Section(
                _("Your lamp and your distance"),
                (
                    Block(
                        Kind.FIGURE,
                        text=_(
                            "A strip of tape on the floor for your feet or chair, and one for the camera: the "
                            "same distance every time."
                        ),
                        picture="marks",
                    ),
                    Block(
                        Kind.STEPS,
                        items=(
                            _("Choose one lamp or window and one time of day. Draw the curtains if the sun comes in."),
                            _("Put your chair so that the light is in front of you. Mark its place with tape."),
                            _("Mark where the camera stands, or use the length of your arm."),
                            _("Do the same from then on, and tick it in the checklist: an honest gap is fine."),
                        ),
                    ),
                ),
            ),
            Section(
                _("Alone, without help"),
                (
                    Block(
                        Kind.FIGURE,
                        text=_(
                            "Lean the telephone on a shelf at the height of your head, use the timer, and look "
                            "into a mirror behind it."
                        ),
                        picture="alone",
                    ),
                    Block(
                        Kind.STEPS,
                        items=(
                            _(
                                "Use “Take it with the camera” on the photo page: it has a timer, an outline, and "
                                "your own first picture to match."
                            ),
                            _(
                                "For the crown, sit at a table, lean the telephone on books in front of you, and "
                                "bend forward until it looks straight at the top of your head."
                            ),
                            _(
                                "For the back of the head, stand with your back to the telephone; two mirrors let you"
                                " see the screen."
                            ),
                            _(
                                "Turn the screen towards you only if it must be: the camera on the back of the "
                                "telephone takes the sharper picture."
                            ),
                            _("Take two or three of each view and keep the best."),
                        ),
                    ),
                ),
            ),
            Section(
                _("The calibration card"),
                (
                    Block(
                        Kind.TEXT,
                        text=_(
                            "With this small printed card in the picture, areas can be given in square "
                            "millimetres. Everything works without it as well."
                        ),
                    ),
                    Block(
                        Kind.STEPS,
                        items=(
                            _(
                                "Print it at 100 % (“actual size”), never “fit to page”, on matt white paper. Choose "
                                "A4 or Letter as your printer has it."
                            ),
                            _(
                                "Lay a bank card on it: both have the same size. Measure the printed ruler with a "
                                "real one and enter what you read."
                            ),
                            _("Cut it out, glue it on stiff card, and keep it flat and dry."),
                            _("Hold it right beside the area, as far from the camera as the hair, facing the camera."),
                        ),
                    ),
                    _pair(
                        _("Where to hold it"),
                        "card",
                        _("Flat, at the same distance as the hair."),
                        _("Bent, turned away, or nearer to the camera than the hair: every length comes out wrong."),
                    ),
                    Block(Kind.LINK, text=_("Print and check the card"), target="card"),
                ),
            ),
            Section(
                _("With a trichoscope"),
                (
                    Block(
                        Kind.TEXT,
                        text=_(
                            "Only if your clinic lent you one, or you have one. It shows single hairs on a few "
                            "square millimetres."
                        ),
                    ),
                    _pair(
                        _("Lens on the skin"),
                        "lens",
                        _(
                            "Part the hair, rest the lens flat on the skin without pressing, and hold still until"
                            " it is sharp."
                        ),
                        _("Tilted or pressed: one side is blurred, and the skin turns white."),
                    ),
                    Block(
                        Kind.LIST,
                        items=(
                            _(
                                "Always the same site: measure from a fixed point, such as the width of three fingers"
                                " behind the hairline."
                            ),
                            _("Always the same magnification. Write it down if yours has more than one."),
                            _("Clean the lens before and after, and never share it without cleaning."),
                        ),
                    ),
                ),
            ),
            Section(
                _("When a picture is refused"),
                (
                    Block(
                        Kind.TEXT,
                        text=_(
                            "The portal tells you at once what to change: light, distance, sharpness. A picture "
                            "that stays not good enough is kept for your clinician to look at, but is not "
                            "measured. Send what you have if something worries you: nobody is turned away because"
                            " of a bad lamp."
                        ),
                    ),
                ),
            ),
        ),
    )


def _thoughts_of_suicide() -> Block:
    """The safety text of the intake, for somebody who has told nobody yet."""
    text = next(rule.text for rule in RULES if rule.flag is RedFlag.SUICIDAL_THOUGHTS)
    return Block(
        Kind.WARNING,
        _("Thoughts of suicide or of harming yourself"),
        _("Many people live through such times, and help works."),
        (str(text.when_and_where),),
        other=str(text.at_once_if),
        urgent=True,
    )


def _doctor() -> PageText:
    def warnings(severity: Severity) -> tuple[Block, ...]:
        return tuple(
            Block(
                Kind.WARNING,
                str(rule.text.title),
                str(rule.text.what),
                (str(rule.text.when_and_where),),
                other=str(rule.text.at_once_if),
                urgent=severity is Severity.URGENT,
            )
            for rule in RULES
            if rule.severity is severity and rule.flag is not RedFlag.SUICIDAL_THOUGHTS
        )

    return PageText(
        _("When to see a doctor"),
        _(
            "Photographs and messages are never for emergencies. Some signs should be seen by a "
            "doctor soon, whatever the pictures show."
        ),
        (
            Section(
                _("Call for help at once"),
                (
                    Block(
                        Kind.WARNING,
                        _("Trouble breathing, or a swollen face, lips or tongue"),
                        _("This can be a severe allergic reaction, also to a medicine for hair."),
                        (_("Call your local emergency number now: 112 in the EU, 999 in the UK, 911 in the US."),),
                        urgent=True,
                    ),
                    Block(
                        Kind.WARNING,
                        _("Pain in the chest, fainting, or a racing heart after a medicine for hair"),
                        _("Some medicines for hair lower the blood pressure or strain the heart."),
                        (_("Stop the medicine and call your local emergency number now."),),
                        urgent=True,
                    ),
                    _thoughts_of_suicide(),
                ),
            ),
            Section(_("See a doctor within days or a few weeks"), warnings(Severity.URGENT)),
            Section(_("Worth an early look"), warnings(Severity.SOON)),
            Section(
                _("Tell your clinic before you go on"),
                (
                    Block(
                        Kind.LIST,
                        items=(
                            _("You are pregnant, may be, plan to be, or breast-feed: some treatments harm a child."),
                            _("You take a new medicine, or have a new illness or allergy."),
                            _("Your mood, sleep or sexual function changed after you began a medicine."),
                            _("The skin burns, blisters or swells where you apply something."),
                        ),
                    ),
                    Block(Kind.LINK, text=_("Tell your care team about side effects"), target="side_effects"),
                    Block(Kind.LINK, text=_("Write a message"), target="write"),
                ),
            ),
            Section(
                _("Where to go"),
                (
                    Block(
                        Kind.TEXT,
                        text=_(
                            "Your family doctor, a dermatologist, or on weekends the out-of-hours medical "
                            "service. Bring your report: you can save it as PDF. If you cannot reach your clinic "
                            "and feel that something is wrong, do not wait for an answer here."
                        ),
                    ),
                ),
            ),
        ),
    )
