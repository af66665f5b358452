"""HUMAN judgement: review workflow, corrections, clinical reading, formulary, plan."""
