"""How much a number varies when only the photograph was taken anew, and what a change has to exceed to be one (C8).

Scale. A metric's error is either of one size everywhere (shares, indices, lengths of the hairline: *absolute*) or in
proportion to the number (densities, widths: *log*, worked out on natural logarithms and told in percent; Bland &
Altman, BMJ 1996;313:106). :data:`RULES` says which, and which way is better.

Within-person standard deviation from pairs of repeats, d = second - first (Bland & Altman, BMJ 1996;313:744):
s_w^2 = sum(d^2) / 2n with n degrees of freedom, interval from chi-squared. A constant difference between first and
second take counts as noise: nobody would subtract it later. MDC95 = 1.96 sqrt(2) s_w, between two visits of one
photograph each.

ICC(1,1) with its F interval (Shrout & Fleiss, Psychol Bull 1979;86:420, case 1): the two takes are exchangeable, no
rater takes all firsts, so the one-way form is the right one. One pair per person, since a person's later visits are not
a new person. Bland-Altman limits with their intervals: Lancet 1986;327:307.

A patient's own noise. Variances of people scatter around the pooled one as a scaled inverse chi-squared with nu_0
degrees of freedom; the posterior of a person's variance after n own pairs has the scale (nu_0 s_0^2 + n s^2) /
(nu_0 + n) on nu_0 + n degrees of freedom (Gelman et al., Bayesian Data Analysis, 3rd ed., 2.6; the moderated variance
of Smyth, Stat Appl Genet Mol Biol 2004;3:3). The clinic's pooled variance comes about in the same way from the one
shipped with the portal, which counts as :data:`SHIPPED_PAIRS` pairs. A verdict by a variance learnt from few pairs
takes Student's t with these degrees of freedom in place of 1.96; that is what keeps false alarms at 5 %.
"""

from vision.repeatability.noise import (
    PRIOR_FILE,
    SHIPPED_PAIRS,
    Noise,
    NoiseSource,
    Prior,
    clinic_alone,
    clinic_prior,
    patient_alone,
    patient_noise,
    shipped_prior,
)
from vision.repeatability.pairs import MIN_PAIRS, Pair, Repeatability, agreement, people_df, pooled_sd, usable_pairs
from vision.repeatability.rules import RULES, Better, Rule, Scale
from vision.repeatability.verdict import Outcome, Verdict, verdict

__all__ = [
    "MIN_PAIRS",
    "PRIOR_FILE",
    "RULES",
    "SHIPPED_PAIRS",
    "Better",
    "Noise",
    "NoiseSource",
    "Outcome",
    "Pair",
    "Prior",
    "Repeatability",
    "Rule",
    "Scale",
    "Verdict",
    "agreement",
    "clinic_alone",
    "clinic_prior",
    "patient_alone",
    "patient_noise",
    "people_df",
    "pooled_sd",
    "shipped_prior",
    "usable_pairs",
    "verdict",
]
