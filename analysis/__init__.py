"""RUNNING models and keeping results: releases, analyses, photo results, findings."""
