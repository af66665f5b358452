"""Image science of the scalp: pure functions over arrays and frozen values.

Nothing in this room knows Django, a database, a clock or a network. It trains, evaluates and serves
without settings; everything that crosses its border is a frozen dataclass from :mod:`vision.types`.
"""
