"""The pages of questions and answers, and of what AI does here and does not."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

from care.guide.blocks import Block, Kind, PageText, Section


def _ask(question: str, *answer: str) -> Block:
    return Block(Kind.QUESTION, question, items=answer)


QUESTIONS: Final = PageText(
    _("Questions and answers"),
    _("What patients ask most often. If yours is missing, write to your care team."),
    (
        Section(
            _("Taking photographs"),
            (
                _ask(_("How long does it take?"), _("About six minutes, once you have your place and lamp.")),
                _ask(
                    _("How often should I send some?"),
                    _(
                        "As your plan says: mostly every week, with a full set every thirty days that a "
                        "clinician reads."
                    ),
                    _("More often shows nothing more: hair grows about a third of a millimetre a day."),
                ),
                _ask(
                    _("Why every week, if nobody answers each time?"),
                    _("Single pictures differ by light and angle. A series shows what is chance and what is change."),
                    _(
                        "They lie beside your next review. If something worries you, tick “please look now” "
                        "when you send them."
                    ),
                ),
                _ask(
                    _("I missed a week. Is the plan lost?"),
                    _(
                        "No. You can make it up for a few days; after that just go on with the next one. You "
                        "need not explain."
                    ),
                ),
                _ask(
                    _("I am on holiday, or ill. What then?"),
                    _("Pause the plan. The days of the pause do not count, and you get no reminders."),
                ),
                _ask(
                    _("May I colour or cut my hair?"),
                    _(
                        "Yes. Best right after the photographs of a review, and at least three days before "
                        "the next ones. Tell your clinician: colour and length change how dense hair looks."
                    ),
                ),
                _ask(
                    _("My hair is long, curly or coily. Do the views still work?"),
                    _(
                        "Yes. Part it with a comb where the view asks for skin, and wear it the same way each"
                        " time. The models were tested on few pictures of coily hair, so your clinician "
                        "relies more on their own eyes."
                    ),
                ),
                _ask(
                    _("Can I use older pictures?"),
                    _(
                        "You can show them to your clinician in a message. They are not measured, because "
                        "light and distance are unknown."
                    ),
                ),
                _ask(
                    _("A picture was “not good enough”. Must I take it again?"),
                    _("It is better to. If you cannot, send it all the same: your clinician looks at every picture."),
                ),
            ),
        ),
        Section(
            _("Results and plan"),
            (
                _ask(
                    _("When do I see a result?"),
                    _(
                        "Once a clinician has looked at everything and signed. You get an e-mail without any "
                        "content, and read the report here."
                    ),
                ),
                _ask(
                    _("What does “no detectable change” mean?"),
                    _(
                        "Every measurement has an error, also when nothing has changed. A difference smaller "
                        "than that error is called no detectable change. It is not a failure: hair needs "
                        "months."
                    ),
                ),
                _ask(
                    _("Why 90 days?"),
                    _("Hair grows slowly, and most treatments need some months before anybody can judge them."),
                ),
                _ask(
                    _("More hair came out after I began a treatment. Should I stop?"),
                    _(
                        "More shedding in the first weeks is common with some treatments. Do not stop on your"
                        " own: write to your care team. With pain, swelling or dizziness, see “When to see a "
                        "doctor”."
                    ),
                ),
            ),
        ),
        Section(
            _("Your data"),
            (
                _ask(
                    _("Who sees my photographs?"),
                    _(
                        "The clinicians of your clinic. Every look is recorded, and you can read the record "
                        "under “Who looked at your data”."
                    ),
                ),
                _ask(
                    _("Can I take my data away, or have it erased?"),
                    _(
                        "Both, at any time, from your home page. Signed reports are kept as long as the law "
                        "asks of medical records."
                    ),
                ),
                _ask(
                    _("Do the reminders say what they are about?"),
                    _(
                        "No. They say that a step of your plan is due, and nothing about your health. You can"
                        " switch them off on the page of your plan."
                    ),
                ),
            ),
        ),
    ),
)

AI: Final = PageText(
    _("What AI does here, and what it does not"),
    _("Computer models measure photographs. People decide. You see no number before a clinician has checked it."),
    (
        Section(
            _("What it does"),
            (
                Block(
                    Kind.LIST,
                    items=(
                        _("It finds hair, scalp and thinner areas in a picture, and measures their share."),
                        _("With a close-up lens and a known scale it counts hairs and measures how thick they are."),
                        _(
                            "It says how sure it is: each number comes with a range, or with the reason why there"
                            " is none."
                        ),
                    ),
                ),
            ),
        ),
        Section(
            _("What it does not do"),
            (
                Block(
                    Kind.LIST,
                    items=(
                        _("It makes no diagnosis and chooses no treatment. A clinician does both, and signs for it."),
                        _("It does not see pain, itching, scarring under the hair, blood values or how you feel."),
                        _("It never answers you by itself: nothing reaches you unsigned."),
                        _("It does not replace a visit to a doctor, nor call help."),
                    ),
                ),
            ),
        ),
        Section(
            _("Where it goes wrong"),
            (
                Block(
                    Kind.LIST,
                    items=(
                        _(
                            "Wet, freshly styled or coloured hair, another lamp or another angle can look like "
                            "loss or gain."
                        ),
                        _(
                            "From an ordinary photograph nobody can count hairs per square centimetre. If you "
                            "read that elsewhere, do not believe it."
                        ),
                        _(
                            "A small difference between two pictures is mostly chance. Only what is larger than "
                            "the error of measuring is called a change."
                        ),
                        _(
                            "Early stages, women's pattern, coily hair and darker skin were tested on few "
                            "pictures or none. There your clinician's eyes count more."
                        ),
                    ),
                ),
            ),
        ),
        Section(
            _("Your part"),
            (
                Block(
                    Kind.TEXT,
                    text=_(
                        "The models are for research use and are not approved medical devices. You may refuse"
                        " the measurement at any time, under “What you allowed”: a clinician then looks at "
                        "your photographs without it, and your care is otherwise the same."
                    ),
                ),
                Block(Kind.LINK, text=_("What you allowed"), target="consents"),
            ),
        ),
    ),
)
