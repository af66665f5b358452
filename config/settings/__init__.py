"""Settings: ``base`` is shared; ``local`` serves the demo, ``test`` the suite, ``production`` a clinic."""
