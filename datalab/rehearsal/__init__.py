"""Playing an event against the running lab before people come: people, figures, a verdict."""
