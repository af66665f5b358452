"""Reviews over the API, for clinicians: cases (worklist to decision) and plans. The same services as the pages."""
