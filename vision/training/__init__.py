"""Training: reading the research data, fitting networks, publishing releases. Needs the training set (torch)."""
