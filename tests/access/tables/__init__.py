"""One module per room: ``TABLE`` names its addresses; ``things(world)``, where there is one, makes more arguments."""
