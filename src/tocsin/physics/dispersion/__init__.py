"""How gas spreads in the air: similarity-theory and Pasquill plumes, puffs, heavy gas, losses, and who is harmed.

Everything here is a function over arrays. Buildings are not modelled: among them the answer is a bound on open ground,
and whoever warns people takes the union with an isolation circle and a protective-action sector.
"""
