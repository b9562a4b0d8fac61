"""Where gas comes from, how much and since when: Bayesian inference from readings, with what is seen and what is not.

Sequential Monte Carlo over hypotheses (position, rate, begin, duration, error of the wind), after Chopin (2002) and
Johannesson et al. (2004). Chance is an argument: the same seed and readings give the same answer.
"""
