"""The nouns every other package shares: tables, settings, the feature vector, the calendar, randomness, errors."""
