"""Households that save together: their own database, their own key, nobody's but theirs.

Owns the words Household, Consent, Action, Pledge, Reading, Team, Tip, Merchant, Voucher, Account
and Transfer. Apart from the municipality: it imports no other room that keeps people, and what
agents see are the protected cells of :mod:`datalab.households.cells`.
"""
