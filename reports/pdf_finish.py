"""What the layout engine leaves open in an accessible, archivable PDF: done before it is written. Pure.

- Running headers and footers become pagination artifacts: a screen reader would read them on every page (ISO 14289-1,
  7.8), and the engine hangs them on elements outside the document's tree.
- Header cells say whether they head a row or a column (7.5).
- Attached files carry their own media type, and are associated with the document once (ISO 19005-3, 6.8).
- The signature's field, a widget in the tree with words for it (7.18.4), lies over the printed line that names the
  certificate. It is empty here; ``reports.signature`` fills it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pydyf

FIELD_NAME: Final = "Signature"
SEAL_ID: Final = "pdf-signature"
"""The ``id`` of the printed line under the signature's field."""

_POINTS_PER_PX: Final = 0.75
_PRINT: Final = 4
_SIGNATURES_EXIST_APPEND_ONLY: Final = 3


@dataclass(frozen=True, slots=True)
class Finish:
    """The finisher of one document: ``media_types`` by file name; ``field_words`` empty makes no signature field."""

    media_types: Mapping[str, str] = field(default_factory=dict)
    field_words: str = ""

    def __call__(self, document: Any, pdf: Any) -> None:
        """Called by the engine with its document and the PDF that is about to be written."""
        tree = _Tree(pdf)
        tree.drop_source_of_running_texts()
        tree.running_texts_are_artifacts()
        tree.lists_hold_items()
        tree.say_what_headers_head()
        _media_types(pdf, self.media_types)
        if self.field_words:
            tree.add_signature_field(document, self.field_words)


class _Tree:
    """The structure tree of a PDF in the making."""

    def __init__(self, pdf: Any) -> None:
        self._pdf = pdf
        self._root = self._at(pdf.catalog["StructTreeRoot"])
        self._parents = self._at(self._root["ParentTree"])

    def drop_source_of_running_texts(self) -> None:
        """The block before the article is set in no size: it only feeds the margin boxes, and is no part to read."""
        whole = self._at(self._root["K"][0])
        if len(whole["K"]) > 1 and self._at(whole["K"][0])["S"] == "/Div":
            del whole["K"][0]

    def lists_hold_items(self) -> None:
        """A list of terms whose pairs stand in blocks: each block is an item, its term the label (14.8.4.3.3)."""
        for element, _above in self._walk(self._at(self._root["K"][0]), ()):
            for pair in self._kids(element) if element["S"] == "/L" else ():
                if pair["S"] == "/Div":
                    pair["S"] = "/LI"
                    for position, item in enumerate(self._kids(pair)):
                        item["S"] = "/LBody" if position else "/Lbl"
                        for body in self._kids(item):
                            body["S"] = "/Span"

    def running_texts_are_artifacts(self) -> None:
        """Marked content that no element of the tree holds is the margin boxes'."""
        held: dict[bytes, set[int]] = {}
        for element in self._elements():
            page = element.get("Pg")
            held.setdefault(page, set()).update(kid for kid in element["K"] if isinstance(kid, int))
        for number, reference in enumerate(self._pdf.page_references):
            page = self._at(reference)
            self._untag(self._at(page["Contents"]).stream, held.get(reference, set()))
            entries = self._parents["Nums"][2 * number + 1]
            for mcid in range(len(entries)):
                if mcid not in held.get(reference, set()):
                    entries[mcid] = "null"

    def say_what_headers_head(self) -> None:
        """Scope of every header cell: the column's in a table head, else the row's."""
        for element, above in self._walk(self._at(self._root["K"][0]), ()):
            if element["S"] == "/TH" and "A" in element:
                element["A"]["Scope"] = "/Column" if "/THead" in above else "/Row"

    def add_signature_field(self, document: Any, words: str) -> None:
        """An empty signature field over the line ``SEAL_ID``, drawn as nothing, read as ``words``."""
        number, rectangle = _line(document)
        page_reference = self._pdf.page_references[number]
        nothing = pydyf.Stream(
            [], extra={"Type": "/XObject", "Subtype": "/Form", "BBox": pydyf.Array([0, 0, *_size(rectangle)])}
        )
        self._pdf.add_object(nothing)
        widget = pydyf.Dictionary(
            {
                "Type": "/Annot",
                "Subtype": "/Widget",
                "FT": "/Sig",
                "T": pydyf.String(FIELD_NAME),
                "TU": pydyf.String(words),
                "Contents": pydyf.String(words),
                "Rect": pydyf.Array(rectangle),
                "F": _PRINT,
                "P": page_reference,
                "AP": pydyf.Dictionary({"N": nothing.reference}),
            }
        )
        self._pdf.add_object(widget)
        page = self._at(page_reference)
        page.setdefault("Annots", pydyf.Array()).append(widget.reference)
        fields = pydyf.Dictionary(
            {"Fields": pydyf.Array([widget.reference]), "SigFlags": _SIGNATURES_EXIST_APPEND_ONLY}
        )
        self._pdf.add_object(fields)
        self._pdf.catalog["AcroForm"] = fields.reference
        self._hang(widget, page_reference, words)

    def _hang(self, widget: Any, page_reference: bytes, words: str) -> None:
        whole = self._at(self._root["K"][0])
        place = pydyf.Dictionary({"Type": "/OBJR", "Obj": widget.reference, "Pg": page_reference})
        self._pdf.add_object(place)
        form = pydyf.Dictionary(
            {
                "Type": "/StructElem",
                "S": "/Form",
                "Alt": pydyf.String(words),
                "K": pydyf.Array([place.reference]),
                "Pg": page_reference,
                "P": whole.reference,
            }
        )
        self._pdf.add_object(form)
        whole["K"].append(form.reference)
        key = max(self._parents["Nums"][0::2]) + 1
        widget["StructParent"] = key
        self._parents["Nums"].extend([key, form.reference])
        self._root["ParentTreeNextKey"] = key + 1

    def _elements(self) -> Iterator[Any]:
        return (element for element, _above in self._walk(self._at(self._root["K"][0]), ()))

    def _walk(self, element: Any, above: tuple[str, ...]) -> Iterator[tuple[Any, tuple[str, ...]]]:
        yield element, above
        for kid in element["K"]:
            if isinstance(kid, bytes):
                inner = self._at(kid)
                if inner.get("Type") == "/StructElem":
                    yield from self._walk(inner, (*above, str(element["S"])))

    def _kids(self, element: Any) -> list[Any]:
        found = [self._at(kid) for kid in element["K"] if isinstance(kid, bytes)]
        return [kid for kid in found if kid.get("Type") == "/StructElem"]

    def _at(self, reference: bytes | str) -> Any:
        return self._pdf.objects[int(reference.split()[0])]

    @staticmethod
    def _untag(stream: list[Any], held: set[int]) -> None:
        for position in range(len(stream) - 1):
            properties = stream[position + 1]
            if isinstance(properties, dict) and "MCID" in properties and properties["MCID"] not in held:
                stream[position] = "/Artifact"
                properties.clear()
                properties["Type"] = "/Pagination"


def _line(document: Any) -> tuple[int, list[float]]:
    """Page and rectangle (points, from the bottom left) of the line ``SEAL_ID``. Raises ValueError without it."""
    for number, page in enumerate(document.pages):
        for box in page._page_box.descendants():
            if box.element is not None and not isinstance(box.element, str) and box.element.get("id") == SEAL_ID:
                left, top = box.border_box_x(), box.border_box_y()
                edges = left, page.height - top - box.border_height(), left + box.border_width(), page.height - top
                return number, [round(edge * _POINTS_PER_PX, 2) for edge in edges]
    raise ValueError("the document has no line for its signature")


def _size(rectangle: list[float]) -> tuple[float, float]:
    return round(rectangle[2] - rectangle[0], 2), round(rectangle[3] - rectangle[1], 2)


def _media_types(pdf: Any, wanted: Mapping[str, str]) -> None:
    for item in pdf.objects:
        if isinstance(item, dict) and item.get("Type") == "/Filespec":
            name = item["UF"].string
            stored = pdf.objects[int(item["EF"]["F"].split()[0])]
            if name in wanted:
                stored.extra["Subtype"] = "/" + wanted[name].replace("/", "#2f").replace("+", "#2b")
    if "AF" in pdf.catalog:
        pdf.catalog["AF"] = pydyf.Array(list(dict.fromkeys(pdf.catalog["AF"])))
