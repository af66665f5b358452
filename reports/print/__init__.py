"""What the printed report needs beside its text: page style and fonts (Figtree, SIL Open Font License)."""
