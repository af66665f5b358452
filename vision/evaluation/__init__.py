"""How good the shipped releases are: figures with intervals, through the serving code path."""
