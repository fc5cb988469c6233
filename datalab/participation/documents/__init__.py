"""Documents to take away: one sequence of blocks, written as a page, PDF, DOCX or ODT.

:mod:`block` says what a document is made of, :mod:`telling` puts minutes into words, and one
module per format writes it. All formats come from the same blocks, so that none says less.
"""
