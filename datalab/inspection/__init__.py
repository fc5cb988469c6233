"""Reading a file that nobody has described yet: how it is written, what it holds, what is wrong.

An :class:`~datalab.inspection.found.Inspection` says what was seen and how sure that is; a draft
is the YAML of a dataset that loads the file the same way through the ordinary stage.
"""
