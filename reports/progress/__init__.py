"""Progress of one patient (L1, L3, L6): series of signed values, verdicts, charts, delta report and summary.

Everything here rests on signed reports: ``series`` reads them, ``judging`` holds changes against the noise of the
patient's photographs, ``charts`` draws, ``content`` freezes a document, ``pages`` shapes what the screens show.
"""
