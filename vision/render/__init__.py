"""The project's own drawn photographs: heads, trichoscopy fields and things that are no scalp, each with its truth.

They feed the demo and the tests, where nobody's picture may be used. Every drawing carries "drawn, not a photograph" in
a corner. They show that the path from file to finding works; they say nothing about accuracy on people.
"""

from vision.render.files import jpeg_with_exif
from vision.render.geometry import Capture
from vision.render.head import HAIR_COLOURS, SKIN_TONES, DrawnPhoto, HairColour, SkinTone, draw_head, true_labels
from vision.render.scenery import Scene, draw_non_scalp
from vision.render.trichoscopy import DrawnHair, DrawnTrichoscopy, draw_trichoscopy

__all__ = [
    "HAIR_COLOURS",
    "SKIN_TONES",
    "Capture",
    "DrawnHair",
    "DrawnPhoto",
    "DrawnTrichoscopy",
    "HairColour",
    "Scene",
    "SkinTone",
    "draw_head",
    "draw_non_scalp",
    "draw_trichoscopy",
    "jpeg_with_exif",
    "true_labels",
]
