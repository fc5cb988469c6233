"""The state of a running lab: figures for machines, incidents in words, and who is told."""
