"""Quality: the expectations of a dataset against one Batch, giving a ValidationResult.

Great Expectations is the vocabulary, the reference and the result format. What compiles is
evaluated in one scan of the staged table; Great Expectations itself is asked for the details of
what failed. The only room that imports great_expectations.
"""
