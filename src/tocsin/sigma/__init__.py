"""The Sigma language: parse, compile, match, correlate."""

from tocsin.sigma.admission import Marks
from tocsin.sigma.matching import Matcher
from tocsin.sigma.reading import read
from tocsin.sigma.rule import Correlation, Loaded, Refusal, Rule
from tocsin.sigma.taxonomy import Taxonomy

__all__ = ["Correlation", "Loaded", "Marks", "Matcher", "Refusal", "Rule", "Taxonomy", "read"]
